"""A small OpenID Connect provider for the tests, run as a process of its own on a loopback port.

It follows OpenID Connect Core for the code flow with PKCE, refresh tokens that work once, userinfo and RP-initiated
logout. `POST /control` changes its people, and makes it err on purpose: see `World.spoil`.
"""

from __future__ import annotations

import base64
import hashlib
import html
import json
import secrets
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt
from cryptography.hazmat.primitives.asymmetric import rsa

CLIENT, SECRET = "tracker", "provider-secret"
MINUTE = 60


class World:
    """What the provider knows. `spoil` names what goes wrong with the next answers, like "nonce" or "token 500"."""

    def __init__(self, issuer: str) -> None:
        self.issuer = issuer
        self.key, self.other_key = (rsa.generate_private_key(65537, 2048) for _ in range(2))
        self.lock = threading.Lock()
        self.reset()

    def reset(self) -> None:
        self.people: dict[str, dict] = {}  # by user name: claims, with "password"
        self.codes: dict[str, dict] = {}
        self.refresh: dict[str, dict] = {}
        self.access: dict[str, dict] = {}
        self.spoil: set[str] = set()
        self.discovery: dict[str, object] = {}  # what its discovery says otherwise; null leaves it out
        self.seen: list[str] = []  # what was asked of it
        self.access_lasts = 5 * MINUTE
        self.gives_refresh = True

    def discovered(self) -> dict:
        said = {
            "issuer": self.issuer,
            "authorization_endpoint": f"{self.issuer}/authorize",
            "token_endpoint": f"{self.issuer}/token",
            "userinfo_endpoint": f"{self.issuer}/userinfo",
            "jwks_uri": f"{self.issuer}/jwks",
            "end_session_endpoint": f"{self.issuer}/end",
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": ["RS256"],
            "token_endpoint_auth_methods_supported": ["client_secret_basic", "client_secret_post"],
            "code_challenge_methods_supported": ["S256"],
        }
        return {name: value for name, value in (said | self.discovery).items() if value is not None}

    def claims(self, username: str) -> dict:
        return {name: value for name, value in self.people[username].items() if name != "password"}

    def id_token(self, username: str, nonce: str) -> str:
        now = int(time.time())
        told = {"iss": self.issuer, "aud": CLIENT, "iat": now, "exp": now + 5 * MINUTE, "nonce": nonce}
        told |= self.claims(username)
        wrong = {
            "nonce": {"nonce": "another"},
            "no nonce": {"nonce": None},
            "audience": {"aud": "another"},
            "party": {"aud": [CLIENT, "another"], "azp": "another"},
            "issuer": {"iss": "https://another.example.org"},
            "expired": {"iat": now - 600, "exp": now - 300},
            "early": {"iat": now + 600, "exp": now + 900},
            "a little early": {"iat": now + 20, "exp": now + 900},
            "no subject": {"sub": None},
        }
        for spoilt in self.spoil & wrong.keys():
            told |= wrong[spoilt]
        told = {name: value for name, value in told.items() if value is not None}
        if "unsigned" in self.spoil:
            return jwt.encode(told, key=None, algorithm="none")
        if "symmetric" in self.spoil:
            return jwt.encode(told, SECRET.ljust(32, "."), algorithm="HS256", headers={"kid": "one"})
        key = self.other_key if "signature" in self.spoil else self.key
        return jwt.encode(told, key, algorithm="RS256", headers={"kid": "one"})

    def tokens(self, username: str, nonce: str) -> dict:
        grant = {"username": username, "nonce": nonce}
        access, refresh = secrets.token_urlsafe(24), secrets.token_urlsafe(24)
        self.access[access] = grant | {"until": time.time() + self.access_lasts}
        given = {"access_token": access, "token_type": "Bearer", "expires_in": self.access_lasts}
        if "no id token" not in self.spoil:
            given["id_token"] = self.id_token(username, nonce)
        if self.gives_refresh:
            self.refresh[refresh] = grant
            given["refresh_token"] = refresh
        return given


class Handler(BaseHTTPRequestHandler):
    world: World

    def log_message(self, *args: object) -> None:
        pass

    def answer(self, status: int, body: object, kind: str = "application/json", **headers: str) -> None:
        data = body.encode() if isinstance(body, str) else json.dumps(body).encode()
        self.send_response(status)
        for name, value in {"Content-Type": kind, "Content-Length": str(len(data)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(data)

    def form(self) -> dict[str, str]:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
        return {name: values[0] for name, values in parse_qs(body).items()}

    def spoilt(self, name: str) -> bool:
        """Answer wrongly where the test asked for it: "token 500", "userinfo slow", "discovery nonsense"."""
        said = {word.partition(" ")[2] for word in self.world.spoil if word.startswith(f"{name} ")}
        if "slow" in said:
            time.sleep(3)
        if "nonsense" in said:
            self.answer(200, "<p>Not what you asked for</p>", "text/html")
            return True
        status = next((int(word) for word in said if word.isdecimal()), 0)
        if status:
            self.answer(status, {"error": "server_error"})
        return bool(status)

    def do_GET(self) -> None:
        address = urlsplit(self.path)
        asked = {name: values[0] for name, values in parse_qs(address.query).items()}
        page = {
            "/.well-known/openid-configuration": "discovery",
            "/jwks": "jwks",
            "/authorize": "authorize",
            "/userinfo": "userinfo",
            "/end": "end",
            "/seen": "seen",
        }.get(address.path)
        if page is None:
            return self.answer(404, {"error": "not found"})
        if page != "seen":
            self.world.seen.append(page)
        if not self.spoilt(page):
            getattr(self, f"get_{page}")(asked)
        return None

    def do_POST(self) -> None:
        path = urlsplit(self.path).path
        if path == "/control":
            return self.control()
        self.world.seen.append(path.strip("/"))
        if path == "/authorize":
            return self.signed_in()
        if path == "/token" and not self.spoilt("token"):
            return self.token()
        return None

    def get_seen(self, asked: dict) -> None:
        self.answer(200, self.world.seen)

    def get_discovery(self, asked: dict) -> None:
        self.answer(200, self.world.discovered())

    def get_jwks(self, asked: dict) -> None:
        key = json.loads(jwt.algorithms.RSAAlgorithm.to_jwk(self.world.key.public_key()))
        self.answer(200, {"keys": [{**key, "kid": "one", "use": "sig", "alg": "RS256"}]})

    def get_authorize(self, asked: dict) -> None:
        """The sign-in page of the provider; all that was asked goes on in hidden fields."""
        needed = ("client_id", "redirect_uri", "state", "nonce", "code_challenge")
        if any(not asked.get(name) for name in needed) or asked.get("code_challenge_method") != "S256":
            return self.answer(400, {"error": "invalid_request"})
        hidden = "".join(
            f'<input type="hidden" name="{html.escape(name)}" value="{html.escape(value)}">'
            for name, value in asked.items()
        )
        fields = '<label>Name <input name="name"></label> <label>Secret <input name="secret" type="password"></label>'
        page = (
            f'<!doctype html><html lang="en"><title>Provider</title><form method="post">{hidden}{fields}'
            '<button>Continue</button> <button name="cancel" value="1">Cancel</button></form></html>'
        )
        return self.answer(200, page, "text/html")

    def signed_in(self) -> None:
        asked = self.form()
        back = {"state": asked["state"]}
        person = self.world.people.get(asked.get("name", ""))
        if asked.get("cancel"):
            back["error"] = "access_denied"
        elif person is None or person["password"] != asked.get("secret"):
            return self.answer(403, "<p>Wrong name or secret</p>", "text/html")
        else:
            code = secrets.token_urlsafe(24)
            self.world.codes[code] = asked
            back["code"] = code
        return self.answer(302, "", Location=f"{asked['redirect_uri']}?{urlencode(back)}")

    def token(self) -> None:
        asked = self.form()
        if not self.is_client(asked):
            return self.answer(401, {"error": "invalid_client"})
        with self.world.lock:
            if asked.get("grant_type") == "refresh_token":
                grant = self.world.refresh.pop(asked.get("refresh_token", ""), None)  # each works once
            else:
                grant = self.redeemed(asked)
        if grant is None or grant["username"] not in self.world.people:
            return self.answer(400, {"error": "invalid_grant"})
        return self.answer(200, self.world.tokens(grant["username"], grant["nonce"]))

    def is_client(self, asked: dict) -> bool:
        said = self.headers.get("Authorization", "")
        if said.startswith("Basic "):
            return base64.b64decode(said[6:]).decode() == f"{CLIENT}:{SECRET}"
        return (asked.get("client_id"), asked.get("client_secret")) == (CLIENT, SECRET)

    def redeemed(self, asked: dict) -> dict | None:
        given = self.world.codes.pop(asked.get("code", ""), None)
        if given is None or given["redirect_uri"] != asked.get("redirect_uri"):
            return None
        hashed = hashlib.sha256(asked.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(hashed).rstrip(b"=").decode() != given["code_challenge"]:
            return None
        return {"username": given["name"], "nonce": given["nonce"]}

    def get_userinfo(self, asked: dict) -> None:
        grant = self.world.access.get(self.headers.get("Authorization", "").removeprefix("Bearer "))
        if grant is None or grant["until"] < time.time() or grant["username"] not in self.world.people:
            return self.answer(401, {"error": "invalid_token"})
        told = self.world.claims(grant["username"])
        if "other subject" in self.world.spoil:
            told["sub"] = "somebody-else"
        return self.answer(200, told)

    def get_end(self, asked: dict) -> None:
        if back := asked.get("post_logout_redirect_uri"):
            return self.answer(302, "", Location=back)
        return self.answer(200, "<p>Signed out of the provider</p>", "text/html")

    def control(self) -> None:
        asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        if asked.pop("reset", False):
            self.world.reset()
        for username in asked.pop("remove", []):
            self.world.people.pop(username, None)
        for username, claims in asked.pop("people", {}).items():
            self.world.people[username] = self.world.people.get(username, {}) | claims
        for name, value in asked.items():
            setattr(self.world, name, set(value) if name == "spoil" else value)
        self.answer(200, {})


def main() -> None:
    server = ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1]) if len(sys.argv) > 1 else 0), Handler)
    issuer = f"http://127.0.0.1:{server.server_port}"
    Handler.world = World(issuer)
    print(issuer, flush=True)
    server.serve_forever()


if __name__ == "__main__":
    main()
