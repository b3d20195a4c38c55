"""What the provider says of a person, by OpenID Connect: the code flow with PKCE, state and nonce.

django-allauth sends people there and keeps the state and the PKCE verifier in their session. What comes back is
checked here, more strictly than it would: the ID token's signature, issuer, audience, time and nonce, and that
userinfo tells of the same person.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn
from urllib.parse import quote, urlencode, urlsplit

import jwt
import requests
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.internal import statekit
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.core.cache import cache
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.crypto import constant_time_compare
from django.utils.text import capfirst

logger = logging.getLogger(__name__)

PROVIDER = "organisation"  # its name in allauth
ALGORITHMS = {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512"}  # none with our secret
LEEWAY = 60  # seconds that the clocks may differ
REMEMBERED = 300  # seconds that the provider's discovery is kept
NEEDED = ("authorization_endpoint", "token_endpoint", "jwks_uri")
OURS = {"invalid_client", "unauthorized_client", "unsupported_grant_type", "invalid_request", "invalid_scope"}
Json = dict[str, Any]

TRY_AGAIN = "Try again; if it happens again, tell an administrator of the tracker."


class Trouble(Exception):
    """Why somebody could not be signed in: `told` to the person, `why` to the log, where it names nobody."""

    status = 400

    def __init__(self, told: str, why: str = "") -> None:
        super().__init__(why or told)
        self.told, self.why = capfirst(told), why  # it may begin with OIDC_NAME


class Unanswered(Trouble):
    """The provider gave no answer that can be used, which says nothing of the person."""

    status = 503


class TurnedAway(Trouble):
    """The person may not come in."""

    status = 403


class Rejected(Trouble):
    """What came back doesn't prove who it is."""


def is_on() -> bool:
    return bool(settings.OIDC_SERVER_URL)


class Adapter(DefaultSocialAccountAdapter):
    """The one provider, from the settings; rows of the database switch none on."""

    def list_apps(self, request: Any, provider: Any = None, client_id: Any = None) -> list[SocialApp]:
        return [an_app()] if is_on() else []

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        return False


def an_app() -> SocialApp:
    return SocialApp(
        provider="openid_connect",
        provider_id=PROVIDER,
        name=settings.OIDC_NAME,
        client_id=settings.OIDC_CLIENT_ID,
        secret=settings.OIDC_CLIENT_SECRET,
        settings={"server_url": settings.OIDC_SERVER_URL, "oauth_pkce_enabled": True},
    )


class Endpoints(OpenIDConnectOAuth2Adapter):
    """allauth's, with the checked discovery, and an address to come back to that no Host header makes."""

    @property
    def openid_config(self) -> Json:
        return discovery()

    def get_callback_url(self, request: HttpRequest, app: SocialApp) -> str:
        return address_back()


class Provider(OpenIDConnectProvider):
    oauth2_adapter_class = Endpoints


def address_back() -> str:
    return settings.SITE_URL + reverse("provider_back")


def send_there(request: HttpRequest, *, next_url: str, afresh: bool = False) -> HttpResponse:
    """The redirect to the provider; `afresh` asks it to let the person choose another account. Raises Unanswered."""
    nonce = secrets.token_urlsafe(32)
    asked = {"nonce": nonce} | ({"prompt": "login"} if afresh else {})
    return Provider(request, an_app()).redirect(
        request, "login", next_url=next_url, auth_params=asked, scope=settings.OIDC_SCOPES, nonce=nonce
    )


def state_of(request: HttpRequest) -> Json:
    """What was kept when this browser was sent there; each state works once, for ten minutes. Raises Rejected."""
    state = statekit.unstash_state(request, state_id=request.GET.get("state", ""), provider_id=PROVIDER)
    if state is None:
        raise Rejected(
            "This sign-in was used already, took longer than ten minutes, or began in another browser. Start it again.",
            "the state is unknown",
        )
    return state


# Asking the provider


def ask(method: str, url: str, what: str, **kwargs: Any) -> requests.Response:
    """One request, not led on to other addresses. Raises Unanswered if there is no answer or one of a broken server."""
    try:
        with Adapter().get_requests_session() as session:
            answer = session.request(method, url, allow_redirects=False, **kwargs)
    except requests.RequestException as error:
        unreachable(f"{what}: {type(error).__name__}")
    if answer.status_code >= 500 or answer.status_code == 429 or 300 <= answer.status_code < 400:
        unreachable(f"{what}: status {answer.status_code}")
    return answer


def unreachable(why: str) -> NoReturn:
    logger.warning("The sign-in provider gave no usable answer: %s", why)
    raise Unanswered(
        f"The tracker could not reach {settings.OIDC_NAME} to check who you are. "
        "Try again in a few minutes; if it stays so, tell an administrator of the tracker.",
        why,
    )


def misconfigured(why: str) -> NoReturn:
    logger.error("Single sign-on is set up wrongly: %s", why)
    raise Unanswered(
        f"The tracker and {settings.OIDC_NAME} are not set up to work together, so nobody can sign in this way now. "
        "Tell an administrator of the tracker.",
        why,
    )


def read(answer: requests.Response, what: str) -> Json:
    try:
        said = answer.json()
    except ValueError:
        said = None
    if not isinstance(said, dict):
        unreachable(f"{what} is no JSON object")
    return said


def discovery() -> Json:
    """What the provider says of itself. Raises Unanswered if it can't be had, or can't be trusted."""
    key = f"oidc-discovery-{settings.OIDC_SERVER_URL}"
    known = cache.get(key)
    if known:
        return known
    answer = ask("GET", f"{settings.OIDC_SERVER_URL}/.well-known/openid-configuration", "discovery")
    if answer.status_code != 200:
        misconfigured(f"discovery answers with status {answer.status_code}; is OIDC_SERVER_URL right?")
    said = read(answer, "discovery")
    if str(said.get("issuer", "")).rstrip("/") != settings.OIDC_SERVER_URL:
        misconfigured("the issuer in discovery is not OIDC_SERVER_URL")
    if missing := [name for name in NEEDED if not is_safe(said.get(name))]:
        misconfigured(f"discovery gives no secure {', '.join(missing)}")
    cache.set(key, said, REMEMBERED)
    return said


def is_safe(url: object) -> bool:
    """Whether an address of the provider is of HTTPS, or of the scheme of OIDC_SERVER_URL, which a check minds."""
    return isinstance(url, str) and urlsplit(url).scheme in ("https", urlsplit(settings.OIDC_SERVER_URL).scheme)


def tokens(grant: Mapping[str, str]) -> Json:
    """Trade a code or a refresh token. Raises TurnedAway if the provider won't, Unanswered if it can't say."""
    known = discovery()
    data = dict(grant)
    auth = None
    if "client_secret_post" in known.get("token_endpoint_auth_methods_supported", ["client_secret_basic"]):
        data |= {"client_id": settings.OIDC_CLIENT_ID, "client_secret": settings.OIDC_CLIENT_SECRET}
    else:
        auth = (quote(settings.OIDC_CLIENT_ID, safe=""), quote(settings.OIDC_CLIENT_SECRET, safe=""))
    answer = ask("POST", known["token_endpoint"], "token", data=data, auth=auth)
    said = read(answer, "token")
    if answer.status_code == 200 and isinstance(said.get("access_token"), str):
        return said
    error = code_of(said)
    if error in OURS or answer.status_code == 200:
        misconfigured(f"the token endpoint says {error}")
    raise TurnedAway(f"{settings.OIDC_NAME} no longer vouches for you. Sign in again.", f"token: {error}")


def code_of(said: Mapping[str, Any]) -> str:
    """An error code as it may stand in a log: what a provider or a link sends may be anything."""
    error = str(said.get("error", "nothing"))
    return error if error.replace("_", "").isalpha() and error.isascii() and len(error) < 40 else "something unreadable"


def userinfo(access: str) -> Json:
    """What the provider tells of the bearer, {} if it offers none. Raises TurnedAway if it refuses."""
    url = discovery().get("userinfo_endpoint")
    if not is_safe(url):
        return {}
    answer = ask("GET", str(url), "userinfo", headers={"Authorization": f"Bearer {access}"})
    if answer.status_code != 200:
        raise TurnedAway(
            f"{settings.OIDC_NAME} no longer vouches for you. Sign in again.", f"userinfo: status {answer.status_code}"
        )
    return read(answer, "userinfo")


def verified(token: str) -> Json:
    """The claims of an ID token that the provider signed, for us, now. Raises Rejected."""
    known = discovery()
    try:
        claims = jwt.decode(
            token,
            signing_key(token, known["jwks_uri"]),
            algorithms=[jwt.get_unverified_header(token)["alg"]],
            audience=settings.OIDC_CLIENT_ID,
            issuer=known["issuer"],
            leeway=LEEWAY,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.ExpiredSignatureError, jwt.ImmatureSignatureError) as error:
        logger.warning("An ID token is out of time: are the clocks right?")
        raise Rejected(
            f"What {settings.OIDC_NAME} answered was out of time. Try again; if it happens again, tell an "
            "administrator of the tracker: a clock may be wrong.",
            "the ID token is out of time",
        ) from error
    except (jwt.PyJWTError, KeyError, TypeError, ValueError) as error:
        reject(f"the ID token is not right: {type(error).__name__}")
    party = claims.get("azp", settings.OIDC_CLIENT_ID if is_one(claims["aud"]) else None)
    if party != settings.OIDC_CLIENT_ID or not claims["sub"]:
        reject("the ID token is for somebody else")
    return claims


def is_one(audience: object) -> bool:
    return isinstance(audience, str) or (isinstance(audience, list) and len(audience) == 1)


def signing_key(token: str, jwks_uri: str) -> Any:
    """The provider's key that an ID token names. Raises what verified() catches."""
    header = jwt.get_unverified_header(token)
    if header.get("alg") not in ALGORITHMS:
        raise ValueError("no algorithm of ours")
    keys = jwt.PyJWKSet.from_dict(read(ask("GET", jwks_uri, "keys"), "keys")).keys
    fitting = [key for key in keys if key.public_key_use in ("sig", None) and header.get("kid") in (key.key_id, None)]
    if len(fitting) != 1:
        raise ValueError("no key of that name")
    return fitting[0].key


def reject(why: str) -> NoReturn:
    logger.warning("A sign-in was rejected: %s", why)
    raise Rejected(
        f"What {settings.OIDC_NAME} answered could not be trusted, so you were not signed in. {TRY_AGAIN}", why
    )


# What it said


@dataclass(frozen=True, slots=True)
class Claims:
    """Who somebody is at the provider. `groups` is None where it was not asked or did not say."""

    subject: str
    username: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""  # verified, or ""
    groups: frozenset[str] | None = None
    groups_in: str = ""  # what told of them: "id_token", "userinfo" or ""


@dataclass(frozen=True, slots=True)
class Held:
    """What a session holds to ask the provider again."""

    access: str = field(repr=False)
    refresh: str = field(repr=False)
    lasts: int = 0  # seconds that `access` works


def redeem(code: str, state: Json) -> tuple[Claims, Held]:
    """Trade the code that came back, and check all that comes with it. Raises Trouble."""
    grant = {"grant_type": "authorization_code", "code": code, "redirect_uri": address_back()}
    try:
        given = tokens(grant | {"code_verifier": state.get("pkce_code_verifier", "")})
    except TurnedAway as refusal:
        reject(refusal.why)
    if not isinstance(given.get("id_token"), str):
        misconfigured("there is no ID token; is openid in OIDC_SCOPES?")
    claims = verified(given["id_token"])
    if not constant_time_compare(str(claims.get("nonce", "")), state.get("nonce", "")) or not state.get("nonce"):
        reject("the nonce is another")
    return told_by(claims, userinfo_of(claims["sub"], given["access_token"])), held(given)


def renew(had: Held, subject: str, groups_in: str) -> tuple[Claims, Held]:
    """Ask about somebody again, by refresh token, else by an access token that still works. Raises Trouble."""
    if not had.refresh:
        return told_by({}, userinfo_of(subject, had.access), groups_in), had
    given = tokens({"grant_type": "refresh_token", "refresh_token": had.refresh})
    claims = verified(given["id_token"]) if isinstance(given.get("id_token"), str) else {}
    if claims and claims["sub"] != subject:
        reject("the new ID token tells of somebody else")
    return told_by(claims, userinfo_of(subject, given["access_token"]), groups_in), held(given, had.refresh)


def held(given: Json, refresh: str = "") -> Held:
    lasts = str(given.get("expires_in", ""))
    return Held(given["access_token"], given.get("refresh_token") or refresh, int(lasts) if lasts.isdecimal() else 0)


def userinfo_of(subject: str, access: str) -> Json:
    said = userinfo(access)
    if said and said.get("sub") != subject:
        reject("userinfo tells of somebody else")
    return said | {"sub": subject}


def told_by(id_token: Json, info: Json, groups_in: str = "") -> Claims:
    """Both together, the signed one first. Groups that nobody told of are None where they were told of elsewhere."""
    both = info | id_token
    sources = {"id_token": id_token, "userinfo": info}
    said = {name: groups_of(source) for name, source in sources.items()}
    where = next((name for name, groups in said.items() if groups is not None), "")
    if where:
        groups = said[where]
    elif groups_in and not sources[groups_in]:
        groups = None  # what used to tell of them was not given this time
    else:
        groups = frozenset()
    return Claims(
        subject=str(both["sub"]),
        username=text(both.get(settings.OIDC_USERNAME_CLAIM)),
        first_name=text(both.get("given_name")),
        last_name=text(both.get("family_name")),
        email=next((mail for source in sources.values() if (mail := verified_mail(source))), ""),
        groups=groups if settings.OIDC_GROUPS_CLAIM else None,
        groups_in=where or groups_in,
    )


def text(value: object) -> str:
    return " ".join(value.replace("\0", "").split())[:150] if isinstance(value, str) else ""


def verified_mail(source: Json) -> str:
    """The address that this source tells of and vouches for itself; Entra ID says `xms_edov` for it."""
    vouched = any(str(source.get(name)).lower() in ("true", "1") for name in ("email_verified", "xms_edov"))
    denied = str(source.get("email_verified")).lower() == "false"
    mail = text(source.get("email"))
    return mail if "@" in mail and not denied and (vouched or settings.OIDC_TRUST_MAIL) else ""


def groups_of(source: Json) -> frozenset[str] | None:
    """The groups in the claim, by its name or its path ("realm_access.roles"); None if the source has no such claim."""
    claim = settings.OIDC_GROUPS_CLAIM
    if claim in (source.get("_claim_names") or {}):
        misconfigured("somebody is in so many groups that the provider leaves them out; use roles of the application")
    found: Any = source.get(claim)
    if found is None:
        found = source
        for part in claim.split("."):
            found = found.get(part) if isinstance(found, dict) else None
    if isinstance(found, str):
        return frozenset([found])
    return frozenset(str(group) for group in found) if isinstance(found, list) else None


def way_out() -> str:
    """Where the provider ends its own session, "" if it doesn't or can't be asked now."""
    try:
        end = discovery().get("end_session_endpoint")
    except Trouble:
        return ""
    if not is_safe(end):
        return ""
    back = {"client_id": settings.OIDC_CLIENT_ID, "post_logout_redirect_uri": settings.SITE_URL + reverse("login")}
    return f"{end}{'&' if '?' in str(end) else '?'}{urlencode(back)}"
