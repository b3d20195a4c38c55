"""What becomes of a session when its person is removed at the provider, or the provider is down."""

import datetime as dt
import threading

import pytest
from django.utils import timezone

from accounts.models import Standing
from priorities.audit import Act, AuditEvent
from priorities.models import Person, Role
from tests.make import make_assignment, make_full_update, make_person, make_quarter
from updates.typed import whose

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def signed_in(provider, visitor):
    provider.person(groups=["heads"])
    make_person("ada", email="ada@example.org")
    visitor.sign_in_there()
    assert visitor.is_in
    return visitor


def later(minutes):
    """As if so many minutes had passed for what the provider was asked, and for the session that remembers it."""
    from django.contrib.sessions.backends.db import SessionStore
    from django.contrib.sessions.models import Session

    gone = dt.timedelta(minutes=minutes)
    for standing in Standing.objects.all():
        for name in ("checked_at", "due_at", "access_until"):
            setattr(standing, name, getattr(standing, name) - gone)
        standing.save()
    for row in Session.objects.all():
        store = SessionStore(row.session_key)
        if "provider" in store:
            store["provider"] = store["provider"] | {"due": store["provider"]["due"] - gone.total_seconds()}
            store.save()


def roles():
    return set(Person.objects.get(username="ada").groups.values_list("name", flat=True))


def test_nobody_is_asked_about_again_before_it_is_due(provider, signed_in):
    before = len(provider.seen())
    later(14)
    assert signed_in.open("/progress/").status_code == 200
    assert len(provider.seen()) == before


def test_who_is_still_there_goes_on_and_is_asked_about_once(provider, signed_in):
    later(16)
    before = provider.seen().count("token")
    signed_in.open("/progress/")
    assert signed_in.is_in
    signed_in.open("/progress/")
    assert provider.seen().count("token") == before + 1
    assert Standing.objects.get().due_at > timezone.now() + dt.timedelta(minutes=14)


def test_who_was_removed_there_is_signed_out_and_told(provider, signed_in):
    provider(remove=["ada"])
    later(16)
    signed_in.open("/progress/")
    assert signed_in.path == "/sign-in/"
    assert "City Hall no longer vouches for you" in signed_in.text
    assert not Standing.objects.exists()
    assert AuditEvent.objects.get(act=Act.SESSION_ENDED).detail == "City Hall: token: invalid_grant"


def test_who_was_removed_there_can_not_sign_in_again(provider, signed_in):
    provider(remove=["ada"])
    later(16)
    signed_in.open("/progress/")
    assert signed_in.sign_in_there().status_code == 403
    assert signed_in.open("/progress/").url.startswith(f"{signed_in.site}/sign-in/")


def test_who_is_in_no_group_any_more_is_signed_out_without_a_role(provider, signed_in):
    provider.person(groups=[])
    later(16)
    signed_in.open("/progress/")
    assert "you are in none of the groups" in signed_in.text
    assert roles() == set()


def test_another_group_gives_another_role_within_the_session(provider, signed_in):
    provider.person(groups=["staff"])
    later(16)
    signed_in.open("/published/")
    assert roles() == {Role.READER}
    assert signed_in.is_in
    assert signed_in.open("/progress/").status_code == 403


def test_what_was_typed_is_kept_when_the_session_is_ended(provider, signed_in, victims):
    from updates.models import Draft

    make_assignment(victims, Person.objects.get(username="ada"))
    update = make_full_update(victims, make_quarter())
    page = f"/2022-23-q1/{victims.slug}/update/ratings/"
    signed_in.open(page)
    who = whose(Person.objects.get(username="ada"))
    fields = {"who": who, f"update-{update.pk}-base": update.version, f"update-{update.pk}-narrative": "Typed before"}
    provider(spoil=["token 400"])
    later(16)
    signed_in.submit(page, **fields)
    assert "what you typed is kept" in signed_in.text
    assert "City Hall no longer vouches for you" in signed_in.text
    provider(spoil=[])
    signed_in.sign_in_there()
    assert "Typed before" in str(Draft.objects.get().data)


@pytest.mark.parametrize("spoilt", ["token 500", "discovery 500", "userinfo 503", "token nonsense"])
def test_a_provider_that_is_down_signs_nobody_out_at_once(provider, signed_in, spoilt):
    provider(spoil=[spoilt])
    later(16)
    signed_in.open("/progress/")
    assert signed_in.is_in
    asked = len(provider.seen())
    signed_in.open("/progress/")
    assert len(provider.seen()) == asked  # not at every page


def test_a_provider_that_is_down_for_longer_ends_sessions_and_says_so(provider, signed_in):
    provider(spoil=["discovery 500"])
    later(76)
    signed_in.open("/progress/")
    assert signed_in.path == "/sign-in/"
    assert "could not reach City Hall" in signed_in.text


def test_a_provider_that_is_down_is_asked_for_one_session_a_minute_and_not_for_each(provider, signed_in, visitor_of):
    provider.person("bob", groups=["heads"])
    make_person("bob", email="bob@example.org")
    other = visitor_of()
    other.sign_in_there("bob")
    provider(spoil=["discovery 500"])
    later(16)
    signed_in.open("/progress/")
    asked = len(provider.seen())
    other.open("/progress/")
    assert len(provider.seen()) == asked
    assert signed_in.is_in
    assert other.is_in


def test_a_session_whose_grace_is_over_is_not_put_off_by_others_that_ask(provider, signed_in, visitor_of):
    provider.person("bob", groups=["heads"])
    make_person("bob", email="bob@example.org")
    other = visitor_of()
    other.sign_in_there("bob")
    provider(spoil=["discovery 500"])
    later(78)
    for each in (other, signed_in):
        each.open("/progress/")
        assert each.path == "/sign-in/"


def test_a_secret_that_ran_out_is_not_held_against_people_at_once(provider, signed_in, settings):
    settings.OIDC_CLIENT_SECRET = "ran out"
    later(16)
    signed_in.open("/progress/")
    assert signed_in.is_in


def test_without_refresh_tokens_the_provider_is_asked_by_userinfo(provider, visitor):
    provider(gives_refresh=False, access_lasts=3600)
    provider.person(groups=["heads"])
    make_person("ada", email="ada@example.org")
    visitor.sign_in_there()
    later(16)
    visitor.open("/progress/")
    assert visitor.is_in
    assert provider.seen()[-1] == "userinfo"
    provider(remove=["ada"])
    later(16)
    visitor.open("/progress/")
    assert visitor.path == "/sign-in/"


def test_with_nothing_left_to_ask_with_the_sign_in_is_asked_for_once_more(provider, visitor):
    provider(gives_refresh=False, access_lasts=300)
    provider.person(groups=["heads"])
    make_person("ada", email="ada@example.org")
    visitor.sign_in_there()
    later(16)
    visitor.open("/progress/")
    assert "City Hall has to vouch for you again: sign in once more" in visitor.text


def test_a_check_that_tells_of_no_groups_leaves_the_roles_where_it_could_not_have_told(provider, signed_in):
    Standing.objects.update(groups_in="id_token")
    provider(spoil=["no id token"])
    provider.person(groups=None)
    later(16)
    signed_in.open("/progress/")
    assert signed_in.is_in
    assert roles() == {Role.MANAGER}


@pytest.mark.parametrize("minutes", [16, 200])  # the second where nobody has come for longer than the grace
def test_of_several_requests_at_once_one_asks_and_none_is_signed_out(provider, signed_in, visitor_of, minutes):
    later(minutes)
    before = provider.seen().count("token")
    others = [visitor_of() for _ in range(4)]
    for other in others:
        other.cookies.update(signed_in.cookies)
    threads = [threading.Thread(target=other.open, args=["/progress/"]) for other in others]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert all(other.is_in for other in others)
    assert provider.seen().count("token") == before + 1


def test_a_session_of_the_provider_ends_when_single_sign_on_is_switched_off(provider, signed_in, settings):
    settings.OIDC_SERVER_URL = ""
    later(16)
    signed_in.open("/progress/")
    assert signed_in.path == "/sign-in/"


def test_tokens_are_sealed_at_rest(provider, signed_in):
    from accounts.sealing import Unsealable, unseal

    standing = Standing.objects.get()
    assert '"' not in standing.tokens
    with pytest.raises(Unsealable):
        unseal(standing.tokens, "another purpose")


def test_pages_cost_no_query_more_for_who_came_through_the_provider(
    provider, client, manager, django_assert_num_queries
):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(manager)
    client.get("/progress/")
    with CaptureQueriesContext(
        connection,
    ) as plain:
        client.get("/progress/")
    session = client.session
    session["provider"] = {"standing": 1, "due": timezone.now().timestamp() + 600}
    session.save()
    with django_assert_num_queries(len(plain)):
        client.get("/progress/")
