"""Second factors of local accounts: setting up, signing in with one, recovery, and what administrators do."""

import base64
import re
import time

import pytest
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from django.core.management import call_command

from accounts import factors
from priorities.audit import Act, AuditEvent
from tests.make import make_person

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def offered(settings):
    settings.MFA = "1"


@pytest.fixture
def clock(monkeypatch):
    """The seconds since 1970 that the codes go by; they move when a test says so."""
    now = {"at": 1_700_000_010}
    monkeypatch.setattr(totp.time, "time", lambda: now["at"])
    return now


@pytest.fixture
def ada(clock):
    return make_person("ada", email="ada@example.org")


def code_now(secret, clock, halves=0):
    return totp.format_hotp_value(totp.hotp_value(secret, clock["at"] // 30 + halves))


def with_factor(person, clock):
    """Sets one up half an hour ago: its secret, and its recovery codes."""
    secret = factors.new_secret()
    clock["at"] -= 1800
    codes = factors.add(person, secret, code_now(secret, clock))
    clock["at"] += 1800
    return secret, codes


def type_password(client, to="/people/roles/"):
    return client.post(f"/sign-in/?next={to}", {"username": "ada", "password": "quarterly-demo"})


def is_in(client):
    return "_auth_user_id" in client.session


def text(response):
    return response.content.decode()


def secret_on(page):
    return re.search(r'<code class="secret">([^<]+)</code>', page)[1]


def set_up(client, clock, password="quarterly-demo", code=None):  # noqa: S107
    page = text(client.get("/second-factor/add/"))
    secret = secret_on(page).replace(" ", "")
    sealed = re.search(r'name="sealed" value="([^"]+)"', page)[1]
    sent = {"sealed": sealed, "password": password, "code": code or code_now(secret, clock)}
    return secret, client.post("/second-factor/add/", sent)


def test_setting_one_up_shows_the_recovery_codes_once(client, ada, clock):
    client.force_login(ada)
    _, page = set_up(client, clock)
    assert len(re.findall(r"<code>[2-9A-Z]{4}-[2-9A-Z]{4}-[2-9A-Z]{4}</code>", text(page))) == 10
    state = text(client.get("/second-factor/"))
    assert "It is on" in state
    assert "10 of 10 recovery codes are left" in state


def test_the_picture_is_drawn_without_a_style_and_the_secret_is_there_as_text(client, ada, clock):
    client.force_login(ada)
    page = text(client.get("/second-factor/add/"))
    assert '<svg class="qr" role="img"' in page
    assert "style=" not in page.split("<main")[1]
    assert len(base64.b32decode(secret_on(page).replace(" ", ""))) == 20


def test_the_code_field_takes_what_managers_of_passwords_fill_in(client, ada, clock):
    client.force_login(ada)
    field = re.search(r'<input[^>]*name="code"[^>]*>', text(client.get("/second-factor/add/")))[0]
    assert 'inputmode="numeric"' in field
    assert 'autocomplete="one-time-code"' in field


@pytest.mark.parametrize(
    ("wrong", "told"),
    [({"password": "wrong"}, "The password is not right."), ({"code": "000000"}, "This code is not of this secret")],
)
def test_neither_a_wrong_password_nor_a_wrong_code_sets_one_up(client, ada, clock, wrong, told):
    client.force_login(ada)
    _, page = set_up(client, clock, **wrong)
    assert told in text(page)
    assert "<title>Error: " in text(page)
    assert not Authenticator.objects.exists()


def test_the_same_secret_is_shown_again_after_a_mistake(client, ada, clock):
    client.force_login(ada)
    secret, page = set_up(client, clock, code="000000")
    assert secret_on(text(page)).replace(" ", "") == secret


def test_a_secret_made_for_somebody_else_is_not_taken(client, ada, clock):
    client.force_login(make_person("eve"))
    page = text(client.get("/second-factor/add/"))
    secret, sealed = secret_on(page).replace(" ", ""), re.search(r'name="sealed" value="([^"]+)"', page)[1]
    client.force_login(ada)
    sent = {"sealed": sealed, "password": "quarterly-demo", "code": code_now(secret, clock)}
    assert "This code is not of this secret" in text(client.post("/second-factor/add/", sent))


def test_setting_up_and_switching_off_are_on_record_and_told_by_mail(client, ada, clock, mailoutbox):
    client.force_login(ada)
    set_up(client, clock)
    assert client.post("/second-factor/remove/", {"password": "quarterly-demo"}).url == "/second-factor/"
    acts = AuditEvent.objects.filter(about="ada").values_list("act", flat=True)
    assert {Act.SECOND_FACTOR_ADDED, Act.SECOND_FACTOR_REMOVED} <= set(acts)
    assert [mail.subject for mail in mailoutbox] == [
        "Your second factor was switched on",
        "Your second factor was switched off",
    ]
    assert not Authenticator.objects.exists()


def test_switching_off_asks_for_the_password(client, ada, clock):
    with_factor(ada, clock)
    client.force_login(ada)
    assert "The password is not right." in text(client.post("/second-factor/remove/", {"password": "wrong"}))
    assert Authenticator.objects.exists()


def test_a_mail_server_that_is_down_does_not_stop_setting_one_up(client, ada, clock, settings):
    settings.EMAIL_BACKEND, settings.EMAIL_PORT = "django.core.mail.backends.smtp.EmailBackend", 9
    client.force_login(ada)
    set_up(client, clock)
    assert Authenticator.objects.exists()


def test_secret_and_recovery_codes_are_sealed_at_rest(ada, clock):
    secret, codes = with_factor(ada, clock)
    stored = str(list(Authenticator.objects.values_list("data", flat=True)))
    assert secret not in stored
    assert not any(factors.hashed(factors.plain(code)) in stored for code in codes)


def test_the_secret_is_read_with_the_key_of_before(ada, clock, settings):
    secret, _ = with_factor(ada, clock)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another key, long enough", [settings.SECRET_KEY]
    assert factors.check(ada, code_now(secret, clock)) == "code"


def test_a_secret_of_a_lost_key_is_told_of(ada, clock, settings):
    secret, _ = with_factor(ada, clock)
    settings.SECRET_KEY = "another key, long enough"
    with pytest.raises(factors.WrongCode, match="Ask an administrator to reset it"):
        factors.check(ada, code_now(secret, clock))


# Signing in


def test_the_password_alone_does_not_sign_in(client, ada, clock):
    with_factor(ada, clock)
    assert type_password(client).url == "/sign-in/code/"
    assert not is_in(client)
    assert client.get("/my-updates/").url.startswith("/sign-in/")


def test_password_and_code_sign_in_to_the_page_asked_for(client, ada, clock):
    secret, _ = with_factor(ada, clock)
    type_password(client)
    assert client.post("/sign-in/code/", {"code": code_now(secret, clock)}).url == "/people/roles/"
    assert is_in(client)
    assert AuditEvent.objects.get(act=Act.SIGNED_IN).detail == "password and code"


def test_a_code_is_taken_with_spaces_as_pasted(client, ada, clock):
    secret, _ = with_factor(ada, clock)
    type_password(client)
    code = code_now(secret, clock)
    client.post("/sign-in/code/", {"code": f" {code[:3]} {code[3:]}\t"})
    assert is_in(client)


@pytest.mark.parametrize("halves", [-1, 1])
def test_the_code_before_and_the_one_after_are_taken_too(ada, clock, halves):
    secret, _ = with_factor(ada, clock)
    assert factors.check(ada, code_now(secret, clock, halves)) == "code"


@pytest.mark.parametrize("halves", [-2, 2])
def test_codes_further_off_are_not(ada, clock, halves):
    secret, _ = with_factor(ada, clock)
    with pytest.raises(factors.WrongCode):
        factors.check(ada, code_now(secret, clock, halves))


def test_a_code_signs_in_once(client, ada, clock):
    secret, _ = with_factor(ada, clock)
    code = code_now(secret, clock)
    type_password(client)
    client.post("/sign-in/code/", {"code": code})
    client.logout()
    type_password(client)
    assert "This code was used already" in text(client.post("/sign-in/code/", {"code": code}))
    assert not is_in(client)


def test_the_code_that_set_it_up_does_not_sign_in(client, ada, clock):
    client.force_login(ada)
    secret, _ = set_up(client, clock)
    client.logout()
    type_password(client)
    assert "used already" in text(client.post("/sign-in/code/", {"code": code_now(secret, clock)}))


def test_an_earlier_code_than_the_last_is_not_taken(ada, clock):
    secret, _ = with_factor(ada, clock)
    factors.check(ada, code_now(secret, clock, 1))
    with pytest.raises(factors.WrongCode, match="used already"):
        factors.check(ada, code_now(secret, clock))


def test_a_wrong_code_is_told_and_on_record(client, ada, clock):
    with_factor(ada, clock)
    type_password(client)
    page = text(client.post("/sign-in/code/", {"code": "000000"}))
    assert "This code is not right." in page
    assert 'href="#id_code"' in page
    assert AuditEvent.objects.get(act=Act.REFUSED).detail == "second factor"


def test_codes_can_not_be_tried_without_end(client, ada, clock, settings):
    settings.TRIES_AT_MOST = 3
    secret, _ = with_factor(ada, clock)
    type_password(client)
    for _ in range(3):
        client.post("/sign-in/code/", {"code": "000000"})
    assert "too many tries" in text(client.post("/sign-in/code/", {"code": code_now(secret, clock)}))
    assert not is_in(client)
    assert AuditEvent.objects.filter(act=Act.LOCKED_OUT).exists()


def test_only_what_was_tried_is_on_record_and_a_lock_once(client, ada, clock, settings):
    settings.TRIES_AT_MOST = 3
    with_factor(ada, clock)
    type_password(client)
    for code in ["", "0" * 41, *["000000"] * 5]:
        client.post("/sign-in/code/", {"code": code})
    assert AuditEvent.objects.filter(act=Act.REFUSED).count() == 3
    assert AuditEvent.objects.filter(act=Act.LOCKED_OUT).count() == 1


def test_a_wrong_password_before_a_change_is_on_record_and_so_is_the_lock(client, ada, clock, settings):
    settings.TRIES_AT_MOST = 2
    client.force_login(ada)
    for path, name in (("/password/", "old_password"), ("/second-factor/add/", "password")):
        client.post(path, {name: "a wrong one", "code": "000000"})
    said = AuditEvent.objects.filter(act=Act.REFUSED).values_list("about", "detail")
    assert list(said) == [("ada", "password asked for again")] * 2
    assert AuditEvent.objects.filter(act=Act.LOCKED_OUT, about="ada").count() == 1
    for path, name in (("/password/", "old_password"), ("/second-factor/add/", "password")):
        page = text(client.post(path, {name: "a wrong one", "code": "000000"}))
        assert "too many tries" in page
        assert "the link is below" not in page  # that is on the page of the sign-in


def test_the_code_page_without_a_password_before_leads_to_the_sign_in(client, ada, clock):
    secret, _ = with_factor(ada, clock)
    assert client.get("/sign-in/code/").url == "/sign-in/"
    assert client.post("/sign-in/code/", {"code": code_now(secret, clock)}).url == "/sign-in/"
    assert not is_in(client)


def test_the_code_page_waits_ten_minutes_and_no_longer(client, ada, clock, monkeypatch):
    from accounts import second_step

    secret, _ = with_factor(ada, clock)
    type_password(client)
    late = time.time() + 601
    monkeypatch.setattr(second_step.time, "time", lambda: late)
    clock["at"] = int(late)
    assert client.post("/sign-in/code/", {"code": code_now(secret, clock)}).url == "/sign-in/"
    assert not is_in(client)


def test_a_password_changed_meanwhile_ends_the_sign_in(client, ada, clock):
    secret, _ = with_factor(ada, clock)
    type_password(client)
    ada.set_password("three odd words")
    ada.save()
    assert client.post("/sign-in/code/", {"code": code_now(secret, clock)}).url == "/sign-in/"


def test_what_was_typed_is_kept_through_the_code(client, ada, clock, victims):
    from tests.make import make_assignment, make_full_update, make_quarter
    from updates.models import Draft
    from updates.typed import whose

    make_assignment(victims, ada)
    update = make_full_update(victims, make_quarter())
    secret, _ = with_factor(ada, clock)
    typed = {
        "who": whose(ada),
        f"update-{update.pk}-base": update.version,
        f"update-{update.pk}-narrative": "Typed late.",
    }
    client.post(f"/2022-23-q1/{victims.slug}/update/ratings/", typed)
    type_password(client)
    client.post("/sign-in/code/", {"code": code_now(secret, clock)})
    assert "Typed late." in str(Draft.objects.get().data)


# Recovery codes


def test_a_recovery_code_signs_in_once_and_tells_how_many_are_left(client, ada, clock):
    _, codes = with_factor(ada, clock)
    type_password(client)
    client.post("/sign-in/code/", {"code": codes[3].lower().replace("-", " ")})
    assert is_in(client)
    assert "You used a recovery code; 9 are left." in text(client.get("/people/roles/"))
    client.logout()
    type_password(client)
    assert "not right" in text(client.post("/sign-in/code/", {"code": codes[3]}))


def test_the_page_for_recovery_codes_asks_for_letters(client, ada, clock):
    with_factor(ada, clock)
    type_password(client)
    field = re.search(r'<input[^>]*name="code"[^>]*>', text(client.get("/sign-in/code/?recovery=1")))[0]
    assert 'inputmode="text"' in field


def test_recovery_codes_are_downloaded_from_the_page_that_shows_them(client, ada, clock):
    client.force_login(ada)
    _, page = set_up(client, clock)
    shown = re.findall(r"<code>([^<]+)</code>", text(page))
    sealed = re.search(r'name="sealed" value="([^"]+)"', text(page))[1]
    file = client.post("/second-factor/codes/file/", {"sealed": sealed})
    assert file["Content-Disposition"] == 'attachment; filename="recovery-codes.txt"'
    assert all(code in text(file) for code in shown)
    assert "no-store" in file["Cache-Control"]


def test_recovery_codes_of_somebody_else_are_not_downloaded(client, ada, clock):
    client.force_login(ada)
    _, page = set_up(client, clock)
    sealed = re.search(r'name="sealed" value="([^"]+)"', text(page))[1]
    client.force_login(make_person("eve"))
    assert client.post("/second-factor/codes/file/", {"sealed": sealed}).url == "/second-factor/"


def test_new_recovery_codes_take_the_place_of_the_old(client, ada, clock):
    _, codes = with_factor(ada, clock)
    client.force_login(ada)
    assert "password is not right" in text(client.post("/second-factor/codes/", {"password": "wrong"}))
    page = text(client.post("/second-factor/codes/", {"password": "quarterly-demo"}))
    new = re.findall(r"<code>([^<]+)</code>", page)
    with pytest.raises(factors.WrongCode):
        factors.check(ada, codes[0])
    assert factors.check(ada, new[0]) == "recovery code"


# Demanded, reset, off


def test_who_must_have_one_gets_nowhere_before_setting_it_up(client, clock, manager, settings):
    settings.MFA = "required"
    sent = {"username": "manager", "password": "quarterly-demo"}
    assert client.post("/sign-in/?next=/people/roles/", sent).url == "/second-factor/add/"
    assert client.get("/people/roles/").url == "/second-factor/add/"
    assert client.get("/published/").url == "/second-factor/add/"
    top = text(client.get("/second-factor/add/")).split("<header")[1].split("</header>")[0]
    assert re.findall(r'<a href="([^"]+)"', top) == []  # all of them would lead back here
    assert "Sign out" in top
    _, page = set_up(client, clock)
    assert 'href="/progress/"' in text(page).split("<main")[0]
    assert 'href="/people/roles/"' in text(page).split("<main")[1]
    assert client.get("/people/roles/").status_code == 200


def test_a_page_asks_meanwhile_when_the_session_ends_and_can_keep_it(client, clock, manager, settings):
    settings.MFA = "required"
    client.post("/sign-in/", {"username": "manager", "password": "quarterly-demo"})
    assert client.get("/session/").json()["ends"] > 0
    assert client.post("/session/stay/").status_code == 200


def test_it_is_not_demanded_of_who_has_no_password_here(manager, settings):
    settings.MFA = "all"
    assert factors.is_demanded(manager)
    manager.set_unusable_password()
    assert not factors.is_demanded(manager)


def test_who_must_have_one_can_not_switch_it_off(client, clock, manager, settings):
    settings.MFA = "required"
    with_factor(manager, clock)
    client.force_login(manager)
    assert "Switch it off" not in text(client.get("/second-factor/"))
    client.post("/second-factor/remove/", {"password": "quarterly-demo"})
    assert factors.factor_of(manager)


def test_secrets_sealed_with_an_earlier_key_are_sealed_anew(ada, clock, settings, capsys):
    secret, codes = with_factor(ada, clock)
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "the-new-key", [settings.SECRET_KEY]
    call_command("reseal")
    assert capsys.readouterr().out == "2 secrets are sealed with the SECRET_KEY of now.\n"
    settings.SECRET_KEY_FALLBACKS = []
    assert factors.check(ada, code_now(secret, clock)) == "code"
    assert factors.check(ada, codes[0]) == "recovery code"


def test_secrets_whose_key_is_lost_are_counted_and_left_as_they_are(ada, clock, settings, capsys):
    secret, _ = with_factor(ada, clock)
    before, settings.SECRET_KEY = settings.SECRET_KEY, "the-new-key"
    call_command("reseal")
    said = capsys.readouterr().out
    assert "0 secrets are sealed" in said
    assert "2 can't be opened by it nor by SECRET_KEY_FALLBACKS: reset them (reset_factor)." in said
    settings.SECRET_KEY = before
    assert factors.check(ada, code_now(secret, clock)) == "code"


def test_leads_need_none_unless_everybody_does(client, ada, clock, settings):
    settings.MFA = "required"
    assert type_password(client).url == "/people/roles/"
    client.logout()
    settings.MFA = "all"
    assert type_password(client).url == "/second-factor/add/"


def test_what_was_typed_waits_until_the_factor_is_set_up(client, ada, clock, victims, settings):
    from tests.make import make_assignment, make_full_update, make_quarter
    from updates.models import Draft
    from updates.typed import whose

    settings.MFA = "all"
    make_assignment(victims, ada)
    update = make_full_update(victims, make_quarter())
    type_password(client)
    typed = {
        "who": whose(ada),
        f"update-{update.pk}-base": update.version,
        f"update-{update.pk}-narrative": "Typed late.",
    }
    assert client.post(f"/2022-23-q1/{victims.slug}/update/ratings/", typed).url == "/second-factor/add/"
    set_up(client, clock)
    assert "Typed late." in str(Draft.objects.get().data)


def test_an_administrator_resets_the_factor_of_who_lost_the_phone(client, ada, clock, administrator, mailoutbox):
    with_factor(ada, clock)
    client.force_login(administrator)
    assert "Reset the second factor" in text(client.get(f"/people/{ada.pk}/sign-in/"))
    client.post(f"/people/{ada.pk}/sign-in/", {"reset": "factor"})
    assert not factors.factor_of(ada)
    event = AuditEvent.objects.get(act=Act.SECOND_FACTOR_REMOVED)
    assert (event.by, event.about, event.detail) == (administrator, "ada", "was reset")
    assert "by administrator, an administrator" in mailoutbox[0].body


def test_nobody_resets_their_own_and_nobody_else_resets_any(client, ada, clock, administrator, manager):
    with_factor(administrator, clock)
    client.force_login(administrator)
    client.post(f"/people/{administrator.pk}/sign-in/", {"reset": "factor"})
    client.force_login(manager)
    assert client.post(f"/people/{administrator.pk}/sign-in/", {"reset": "factor"}).status_code == 403
    assert factors.factor_of(administrator)


def test_the_command_line_resets_the_factor_of_the_last_administrator(administrator, clock, capsys):
    from django.core.management import call_command

    with_factor(administrator, clock)
    call_command("reset_factor", "administrator")
    assert not factors.factor_of(administrator)
    assert AuditEvent.objects.get(act=Act.SECOND_FACTOR_REMOVED).by is None


def test_while_it_is_off_there_are_no_pages_and_no_codes(client, ada, clock, settings):
    with_factor(ada, clock)
    settings.MFA = ""
    assert type_password(client).url == "/people/roles/"
    assert client.get("/second-factor/").status_code == 404


def test_pages_cost_no_query_more_with_second_factors_on(client, ada, clock, settings):
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    client.force_login(ada)
    client.get("/people/roles/")
    counts = []
    for mode in ("", "all"):
        settings.MFA = mode
        with CaptureQueriesContext(connection) as queries:
            client.get("/people/roles/")
        counts.append(len(queries))
    assert counts[0] == counts[1]


def test_its_pages_are_for_people_signed_in_with_a_password_here(client, ada):
    pages = [f"/second-factor/{name}" for name in ("", "add/", "codes/", "codes/file/", "remove/")]
    for page in pages:
        assert client.get(page).url.startswith("/sign-in/?next=")
    ada.set_unusable_password()
    ada.save()
    client.force_login(ada)
    for page in pages:
        assert client.get(page).status_code == 403


@pytest.mark.django_db(transaction=True)
def test_of_two_who_send_the_same_code_at_once_one_gets_in(ada, clock):
    import threading

    from django.db import connection

    secret, codes = with_factor(ada, clock)
    got, gate = [], threading.Barrier(4)

    def try_it(code):
        gate.wait()
        try:
            got.append(factors.check(ada, code))
        except factors.WrongCode:
            got.append("refused")
        finally:
            connection.close()

    both = [code_now(secret, clock), codes[0]] * 2
    threads = [threading.Thread(target=try_it, args=[code]) for code in both]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(got) == ["code", "recovery code", "refused", "refused"]
