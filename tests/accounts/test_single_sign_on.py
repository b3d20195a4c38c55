"""Signing in at a real provider and back, end to end."""

import re

import pytest
import requests
from allauth.socialaccount.models import SocialAccount

from priorities.audit import Act, AuditEvent
from priorities.models import Person, Role
from tests.make import make_person, with_role
from updates.typed import whose

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.once]


def known(username="ada", role=None, **kwargs):
    """Somebody who has an account here with a password, whom the provider knows by the same address."""
    person = make_person(username, email=f"{username}@example.org", **kwargs)
    if role:
        person.groups.add(role_group(role))
    return person


def role_group(role):
    from django.contrib.auth.models import Group

    return Group.objects.get(name=role)


def roles(username="ada"):
    return set(Person.objects.get(username=username).groups.values_list("name", flat=True))


def test_somebody_known_by_their_verified_address_signs_in_and_gets_the_role_of_their_group(provider, visitor):
    provider.person(groups=["heads", "others"])
    known()
    visitor.sign_in_there()
    assert visitor.is_in
    assert roles() == {Role.MANAGER}
    link = SocialAccount.objects.get()
    assert (link.provider, link.uid, link.user.username) == (provider.issuer, "id-ada", "ada")


def test_the_sign_in_and_the_role_are_on_record_as_the_providers(provider, visitor):
    provider.person(groups=["heads"])
    known()
    visitor.sign_in_there()
    assert AuditEvent.objects.filter(act=Act.SIGNED_IN, by__username="ada", detail="City Hall").count() == 1
    assert AuditEvent.objects.get(act=Act.ROLE_GIVEN).detail == "Manager, by City Hall"
    assert AuditEvent.objects.get(act=Act.ROLE_GIVEN).about == "ada"


def test_the_page_asked_for_is_reached_through_the_provider(provider, visitor):
    provider.person(groups=["heads"])
    known()
    visitor.open("/people/roles/")
    assert "Sign in with City Hall" in visitor.text
    link = re.search(r'href="(/sign-in/provider/[^"]*)"', visitor.page.text)[1]
    visitor.open(link)
    visitor.submit(name="ada", secret="there")
    assert visitor.path == "/people/roles/"


def test_no_other_site_is_led_to_afterwards(provider, visitor):
    provider.person(groups=["heads"])
    known()
    visitor.sign_in_there(to="?next=https://example.com/")
    assert visitor.is_in
    assert visitor.page.url == f"{visitor.site}/"


def test_later_the_subject_counts_and_not_the_address(provider, visitor_of):
    provider.person(groups=["heads"])
    known()
    visitor_of().sign_in_there()
    provider.person(groups=["heads"], email="new@example.org", email_verified=False)
    later = visitor_of()
    later.sign_in_there()
    assert later.is_in
    assert Person.objects.get().email == "ada@example.org"


def test_roles_are_mapped_anew_at_each_sign_in_and_taken_away_too(provider, visitor_of):
    provider.person(groups=["heads"])
    known(role=Role.ADMINISTRATOR) and Person.objects.get().groups.clear()
    visitor_of().sign_in_there()
    provider.person(groups=["staff"])
    visitor_of().sign_in_there()
    assert roles() == {Role.READER}
    assert AuditEvent.objects.get(act=Act.ROLE_TAKEN).detail == "Manager, by City Hall"


def test_somebody_in_none_of_the_groups_is_refused_and_loses_the_role(provider, visitor_of):
    provider.person(groups=["heads"])
    known()
    visitor_of().sign_in_there()
    provider.person(groups=["others"])
    refused = visitor_of()
    assert refused.sign_in_there().status_code == 403
    assert "you are in none of the groups that may use the tracker" in refused.text
    assert refused.open("/my-updates/").url.startswith(f"{refused.site}/sign-in/")
    assert roles() == set()


def test_a_superuser_whom_the_provider_makes_no_administrator_is_one_no_more(provider, visitor):
    person = known(is_superuser=True)
    SocialAccount.objects.create(user=person, provider=provider.issuer, uid="id-ada")
    provider.person(groups=["heads"])
    visitor.sign_in_there()
    assert not Person.objects.get().is_administrator
    assert AuditEvent.objects.get(act=Act.ROLE_TAKEN).detail == "Administrator, by City Hall"


def test_an_account_linked_has_no_password_here_any_more(provider, visitor):
    provider.person(groups=["heads"])
    known()
    visitor.sign_in_there()
    assert not Person.objects.get().has_usable_password()
    assert "have no password here" in visitor.open("/password/").text


def test_a_password_somebody_linked_comes_by_later_signs_nobody_in(provider, client):
    person = known()
    SocialAccount.objects.create(user=person, provider=provider.issuer, uid="id-ada")
    page = client.post("/sign-in/", {"username": "ada", "password": "quarterly-demo"})
    assert "This account signs in with the organisation’s own sign-in" in page.content.decode()


def test_nobody_linked_is_mailed_a_link_to_set_a_password(provider, client, mailoutbox):
    SocialAccount.objects.create(user=known(), provider=provider.issuer, uid="id-ada")
    client.post("/password/reset/", {"email": "ada@example.org"})
    assert mailoutbox == []


@pytest.mark.parametrize("verified", [False, None])
def test_an_address_that_is_not_verified_links_nothing(provider, visitor, verified):
    provider.person(groups=["heads"], email_verified=verified)
    known()
    assert visitor.sign_in_there().status_code == 403
    assert "you have no account in the tracker" in visitor.text
    assert "no verified e-mail address" in visitor.text
    assert not SocialAccount.objects.exists()


def test_an_address_counts_as_verified_where_the_settings_trust_the_provider_with_it(provider, visitor, settings):
    settings.OIDC_TRUST_MAIL = True
    provider.person(groups=["heads"], email_verified=None)
    known()
    visitor.sign_in_there()
    assert visitor.is_in


def test_an_administrators_account_is_not_linked_by_its_address(provider, visitor):
    provider.person(groups=["heads"])
    known(role=Role.ADMINISTRATOR)
    assert visitor.sign_in_there().status_code == 403
    assert "accounts of administrators are not linked by their address" in visitor.text
    assert roles() == {Role.ADMINISTRATOR}
    assert Person.objects.get().has_usable_password()


def test_an_administrators_account_is_linked_if_the_provider_makes_them_one_anyway(provider, visitor):
    provider.person(groups=["chiefs"])
    known(role=Role.ADMINISTRATOR)
    visitor.sign_in_there()
    assert visitor.is_in
    assert roles() == {Role.ADMINISTRATOR}


def test_an_address_that_two_accounts_have_links_neither(provider, visitor):
    provider.person(groups=["heads"])
    known()
    make_person("other", email="ADA@example.org")
    assert visitor.sign_in_there().status_code == 403
    assert "more than one account has your e-mail address" in visitor.text


def test_an_account_of_somebody_linked_is_not_taken_over_by_its_address(provider, visitor):
    SocialAccount.objects.create(user=known(), provider=provider.issuer, uid="somebody-before")
    provider.person(groups=["heads"])
    assert visitor.sign_in_there().status_code == 403
    assert "belongs to another sign-in already" in visitor.text


@pytest.mark.parametrize("linked", [True, False])
def test_somebody_deactivated_here_is_refused(provider, visitor, linked):
    person = known(is_active=False)
    if linked:
        SocialAccount.objects.create(user=person, provider=provider.issuer, uid="id-ada")
    provider.person(groups=["heads"])
    assert visitor.sign_in_there().status_code == 403
    assert "is deactivated" in visitor.text


def test_somebody_unknown_gets_an_account_only_where_the_settings_say_so(provider, visitor_of, settings):
    provider.person(groups=["staff"])
    assert visitor_of().sign_in_there().status_code == 403
    settings.OIDC_CREATE = True
    visitor_of().sign_in_there()
    person = Person.objects.get()
    assert (person.username, person.get_full_name(), person.email) == ("ada", "Ada Office", "ada@example.org")
    assert roles() == {Role.READER}
    assert AuditEvent.objects.get(act=Act.INVITED).about == "ada"


def test_a_new_account_takes_no_user_name_that_is_somebodys(provider, visitor, settings):
    settings.OIDC_CREATE = True
    make_person("ADA", email="another@example.org")
    provider.person(groups=["staff"])
    visitor.sign_in_there()
    assert {person.username for person in Person.objects.all()} == {"ADA", "ada-office"}


def test_without_a_claim_of_groups_the_roles_are_those_given_here(provider, visitor, settings):
    settings.OIDC_GROUPS_CLAIM = ""
    known(role=Role.MANAGER)
    provider.person()
    visitor.sign_in_there()
    assert visitor.is_in
    assert roles() == {Role.MANAGER}


def test_groups_may_stand_deeper_in_the_claims(provider, visitor, settings):
    settings.OIDC_GROUPS_CLAIM = "realm_access.roles"
    known()
    provider.person(realm_access={"roles": ["heads"]})
    visitor.sign_in_there()
    assert roles() == {Role.MANAGER}


def test_what_was_typed_when_the_session_ended_is_there_after_the_provider(provider, visitor, victims):
    from tests.make import make_assignment, make_full_update, make_quarter
    from updates.models import Draft

    person = known()
    make_assignment(victims, person)
    update = make_full_update(victims, make_quarter())
    provider.person(groups=["staff"])
    visitor.sign_in_there()
    page = f"/2022-23-q1/{victims.slug}/update/ratings/"
    visitor.open(page)
    visitor.cookies.clear()
    who = whose(Person.objects.get(username="ada"))
    fields = {"who": who, f"update-{update.pk}-base": update.version, f"update-{update.pk}-narrative": "Typed before"}
    visitor.open("/sign-in/")
    fields["csrfmiddlewaretoken"] = re.search(r'name="csrfmiddlewaretoken" value="([^"]+)"', visitor.page.text)[1]
    visitor.submit(page, **fields)
    assert "what you typed is kept" in visitor.text
    visitor.sign_in_there()
    assert "Typed before" in str(Draft.objects.get(person=person).data)


# What comes back and can't be trusted


@pytest.mark.parametrize(
    "spoilt",
    ["nonce", "no nonce", "audience", "party", "issuer", "signature", "unsigned", "symmetric", "no subject"],
)
def test_an_id_token_that_is_not_right_signs_nobody_in(provider, visitor, spoilt):
    provider.person(groups=["heads"])
    known()
    provider(spoil=[spoilt])
    assert visitor.sign_in_there().status_code == 400
    assert "could not be trusted, so you were not signed in" in visitor.text
    assert visitor.open("/my-updates/").url.startswith(f"{visitor.site}/sign-in/")
    assert not SocialAccount.objects.exists()


@pytest.mark.parametrize("spoilt", ["expired", "early"])
def test_an_id_token_out_of_time_is_refused_and_a_clock_suspected(provider, visitor, spoilt):
    provider.person(groups=["heads"])
    provider(spoil=[spoilt])
    assert visitor.sign_in_there().status_code == 400
    assert "a clock may be wrong" in visitor.text


def test_a_clock_that_is_a_little_off_does_no_harm(provider, visitor):
    provider.person(groups=["heads"])
    known()
    provider(spoil=["a little early"])
    visitor.sign_in_there()
    assert visitor.is_in


def test_userinfo_of_somebody_else_is_refused(provider, visitor):
    provider.person(groups=["heads"])
    provider(spoil=["other subject"])
    assert visitor.sign_in_there().status_code == 400


def test_a_state_works_once(provider, visitor):
    provider.person(groups=["heads"])
    known()
    visitor.sign_in_there()
    back = next(answer.url for answer in visitor.page.history if "/back/" in answer.url)
    assert visitor.open(back).status_code == 400
    assert "This sign-in was used already" in visitor.text


def test_a_state_of_another_browser_signs_nobody_in(provider, visitor_of):
    provider.person(groups=["heads"])
    known()
    began = visitor_of()
    began.open("/sign-in/provider/")
    asked = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]*)"', began.page.text))
    answer = requests.post(
        f"{provider.issuer}/authorize",
        data={**asked, "name": "ada", "secret": "there"},
        allow_redirects=False,
        timeout=5,
    )
    victim = visitor_of()
    assert victim.open(answer.headers["Location"]).status_code == 400
    assert victim.open("/my-updates/").url.startswith(f"{victim.site}/sign-in/")


def test_a_code_without_its_verifier_is_refused(provider, visitor, monkeypatch):
    from accounts import oidc

    provider.person(groups=["heads"])
    known()
    state_of = oidc.state_of
    monkeypatch.setattr(oidc, "state_of", lambda request: state_of(request) | {"pkce_code_verifier": "another"})
    assert visitor.sign_in_there().status_code == 400


@pytest.mark.parametrize(
    "error", ["", "error=access_denied", "error=login_required", "error=<script>", "iss=https://x.org"]
)
def test_whatever_comes_back_unasked_ends_in_a_plain_page(provider, visitor, error):
    assert visitor.open(f"/sign-in/provider/back/?{error}").status_code == 400
    assert "You are not signed in" in visitor.text
    assert "<script>" not in visitor.page.text


def test_who_cancels_at_the_provider_is_told_what_to_do(provider, visitor):
    visitor.open("/sign-in/provider/")
    assert visitor.submit(cancel="1").status_code == 403
    assert "you cancelled, or may not use the tracker" in visitor.text
    assert "Sign in with City Hall again" in visitor.text


# The provider is down, or set up wrongly


@pytest.mark.parametrize("spoilt", ["discovery 500", "discovery nonsense", "discovery 404"])
def test_a_provider_that_can_not_be_asked_is_told_of_before_anybody_is_sent_there(provider, visitor, spoilt):
    provider(spoil=[spoilt])
    assert visitor.open("/sign-in/provider/").status_code == 503
    assert "You are not signed in" in visitor.text
    assert "administrator" in visitor.text


@pytest.mark.parametrize(
    "spoilt", ["token 500", "token nonsense", "token 429", "jwks 500", "userinfo 500", "jwks nonsense"]
)
def test_a_provider_that_fails_on_the_way_back_is_told_of(provider, visitor, spoilt):
    provider.person(groups=["heads"])
    provider(spoil=[spoilt])
    assert visitor.sign_in_there().status_code == 503
    assert "could not reach City Hall" in visitor.text


def test_a_provider_that_is_off_is_told_of(provider, visitor, settings):
    settings.OIDC_SERVER_URL = "http://127.0.0.1:9"
    assert visitor.open("/sign-in/provider/").status_code == 503


def test_a_wrong_secret_is_the_trackers_fault_and_not_the_persons(provider, visitor, settings):
    settings.OIDC_CLIENT_SECRET = "wrong"
    provider.person(groups=["heads"])
    assert visitor.sign_in_there().status_code == 503
    assert "are not set up to work together" in visitor.text


@pytest.mark.parametrize(
    "discovery",
    [{"issuer": "https://other.example.org"}, {"token_endpoint": None}, {"jwks_uri": "ftp://x"}, {"issuer": None}],
)
def test_a_discovery_that_can_not_be_trusted_is_told_of(provider, visitor, discovery):
    provider(discovery=discovery)
    assert visitor.open("/sign-in/provider/").status_code == 503
    assert "are not set up to work together" in visitor.text


def test_a_provider_without_id_tokens_is_told_of(provider, visitor):
    provider.person(groups=["heads"])
    provider(spoil=["no id token"])
    assert visitor.sign_in_there().status_code == 503


def test_a_provider_that_takes_the_secret_in_a_header_only_is_given_it_so(provider, visitor):
    provider(discovery={"token_endpoint_auth_methods_supported": ["client_secret_basic"]})
    provider.person(groups=["heads"])
    known()
    visitor.sign_in_there()
    assert visitor.is_in


# Signing out


def test_signing_out_ends_our_session_and_offers_to_end_the_providers(provider, visitor):
    provider.person(groups=["heads"])
    known()
    visitor.sign_in_there()
    visitor.submit("/sign-out/", csrfmiddlewaretoken=visitor.cookies["csrftoken"])
    assert visitor.path == "/signed-out/"
    link = re.search(r'href="([^"]*/end\?[^"]*)"', visitor.page.text)[1].replace("&amp;", "&")
    assert link.startswith(f"{provider.issuer}/end?client_id=tracker&post_logout_redirect_uri=")
    assert visitor.open(link).url == f"{visitor.site}/sign-in/"
    assert visitor.open("/my-updates/").url.startswith(f"{visitor.site}/sign-in/")


def test_a_provider_without_an_end_to_sessions_is_only_told_of(provider, visitor):
    provider(discovery={"end_session_endpoint": None})
    visitor.open("/signed-out/")
    assert "You may still be signed in to City Hall" in visitor.text


# Passwords off, and the way in for when the provider is down


def test_with_passwords_off_no_page_takes_one(provider, client, settings):
    settings.LOCAL_PASSWORDS = False
    make_person("ada")
    page = client.get("/sign-in/").content.decode()
    assert "Password" not in page
    assert "Sign in with City Hall" in page
    assert client.post("/sign-in/", {"username": "ada", "password": "quarterly-demo"}).status_code == 403
    assert client.get("/password/reset/").status_code == 403


def test_an_administrator_gets_in_once_by_a_link_of_the_command_line(provider, client, settings, capsys):
    from django.core.management import call_command

    settings.LOCAL_PASSWORDS = False
    with_role("chief", Role.ADMINISTRATOR)
    call_command("break_glass", "chief")
    link = capsys.readouterr().out.strip().removeprefix(settings.SITE_URL)
    assert "_auth_user_id" not in client.session  # made, not used
    assert "Sign in as chief" in client.get(link).content.decode()
    assert client.post(link).url == "/my-updates/"
    assert AuditEvent.objects.get(act=Act.SIGNED_IN).detail == "link of the command line"
    client.logout()
    assert client.post(link).status_code == 403


def test_a_linked_administrator_gets_in_by_a_link_of_the_command_line_too(provider, client, settings, capsys):
    from django.core.management import call_command

    settings.MFA = "required"
    linked(provider, "chief", role=Role.ADMINISTRATOR)
    call_command("break_glass", "chief")
    link = capsys.readouterr().out.strip().removeprefix(settings.SITE_URL)
    assert client.post(link).url == "/my-updates/"


def test_a_link_of_the_command_line_is_for_administrators_and_for_fifteen_minutes(
    provider, client, capsys, monkeypatch
):
    import datetime as dt

    from django.core.management import CommandError, call_command

    from accounts.provider_views import OnceTokens

    with_role("chief", Role.ADMINISTRATOR)
    with_role("head", Role.MANAGER)
    with pytest.raises(CommandError, match="no active administrator"):
        call_command("break_glass", "head")
    call_command("break_glass", "chief")
    path = re.search(r"/sign-in/once/\S+", capsys.readouterr().out)[0]
    later = dt.datetime.now() + dt.timedelta(minutes=16)  # noqa: DTZ005
    monkeypatch.setattr(OnceTokens, "_now", lambda self: later)
    assert client.post(path).status_code == 403


def test_an_administrators_account_is_linked_at_the_command_line(provider, visitor):
    from django.core.management import call_command

    settings_off = known(role=Role.ADMINISTRATOR)
    call_command("link_sign_in", settings_off.username, "id-ada")
    provider.person(groups=["chiefs"], email_verified=False)
    visitor.sign_in_there()
    assert visitor.is_in


def test_an_administrator_unlinks_somebody_who_has_another_account_now(provider, client, administrator):
    person = known()
    SocialAccount.objects.create(user=person, provider=provider.issuer, uid="before")
    client.force_login(administrator)
    assert "With City Hall" in client.get(f"/people/{person.pk}/sign-in/").content.decode()
    client.post(f"/people/{person.pk}/sign-in/", {"reset": "link"})
    assert not SocialAccount.objects.exists()


def test_nothing_of_it_is_there_while_it_is_off(client, db):
    assert client.get("/sign-in/provider/").status_code == 404
    assert client.get("/sign-in/provider/back/").status_code == 404
    assert "Sign in with" not in (page := client.get("/sign-in/").content.decode())
    assert "autofocus" in page


def test_the_keyboard_begins_at_the_button_of_the_provider_which_comes_first(provider, client):
    assert "autofocus" not in client.get("/sign-in/").content.decode()


def test_no_page_of_the_librarys_own_is_to_be_reached(client, db):
    for path in ("accounts/login/", "accounts/signup/", "accounts/social/connections/", "login/", "accounts/2fa/"):
        assert client.get(f"/{path}").status_code == 404


def test_an_invitation_leads_to_the_provider_where_there_are_no_passwords(provider, client, administrator, settings):
    from django.core import mail

    settings.LOCAL_PASSWORDS = False
    client.force_login(administrator)
    sent = {"first_name": "Ada", "last_name": "Office", "email": "ada@example.org", "role": ""}
    client.post("/people/invite/", sent)
    assert "You sign in with City Hall:" in mail.outbox[0].body
    assert "password" not in mail.outbox[0].body


def linked(provider, username="ada", **kwargs):
    """Somebody who signs in at the provider, and has no password here any more."""
    person = known(username, **kwargs)
    SocialAccount.objects.create(user=person, provider=provider.issuer, uid=f"id-{username}")
    person.set_unusable_password()
    person.save()
    return person


def test_who_is_linked_is_offered_and_sent_no_invitation(provider, client, administrator):
    from django.core import mail

    person = linked(provider)
    client.force_login(administrator)
    assert "Send the invitation again" not in client.get(f"/people/{person.pk}/").content.decode()
    page = client.post(f"/people/{person.pk}/invite/", follow=True).content.decode()
    assert "signs in with City Hall already; nothing was sent." in page
    assert mail.outbox == []


def test_a_link_to_set_a_password_is_worth_nothing_once_its_person_is_linked(provider, client):
    from django.contrib.auth.tokens import default_token_generator
    from django.utils.encoding import force_bytes
    from django.utils.http import urlsafe_base64_encode

    person = linked(provider)
    path = (
        f"/password/reset/{urlsafe_base64_encode(force_bytes(person.pk))}/{default_token_generator.make_token(person)}/"
    )
    assert "new_password1" not in client.get(path, follow=True).content.decode()
    new = "three words apart 1984"
    client.post(path, {"new_password1": new, "new_password2": new}, follow=True)
    person.refresh_from_db()
    assert not person.has_usable_password()


def test_an_administrator_may_go_where_another_signs_in_at_the_provider(provider):
    from updates.staffing import deactivate

    by, chief = linked(provider, role=Role.ADMINISTRATOR), with_role("chief", Role.ADMINISTRATOR)
    deactivate(chief, by=by)
    chief.refresh_from_db()
    assert not chief.is_active


def test_strangers_do_not_fill_the_audit_log(provider, visitor):
    visitor.open("/sign-in/provider/back/?state=x&code=y")
    visitor.open("/sign-in/provider/")
    visitor.submit(cancel="1")
    assert not AuditEvent.objects.exists()


def test_a_refusal_of_somebody_whom_the_provider_knows_is_on_record(provider, visitor):
    SocialAccount.objects.create(user=known(), provider=provider.issuer, uid="id-ada")
    provider.person(groups=[])
    visitor.sign_in_there()
    event = AuditEvent.objects.get(act=Act.REFUSED)
    assert (event.about, event.detail) == ("ada", "City Hall: in no group")


def test_two_first_sign_ins_at_once_make_one_account(provider, visitor_of, settings):
    import threading

    settings.OIDC_CREATE = True
    provider.person(groups=["staff"])
    visitors = [visitor_of() for _ in range(3)]
    threads = [threading.Thread(target=each.sign_in_there) for each in visitors]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(each.is_in for each in visitors)
    assert [person.username for person in Person.objects.all()] == ["ada"]


def test_a_provider_that_answers_too_slowly_keeps_nobody_waiting(provider, visitor, settings):
    settings.SOCIALACCOUNT_REQUESTS_TIMEOUT = 1
    provider(spoil=["discovery slow"])
    assert visitor.open("/sign-in/provider/").status_code == 503
