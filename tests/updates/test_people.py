"""The pages of people: finding, inviting, changing, assigning, handing over, deactivating, and what each says."""

import datetime as dt
import re
from html import unescape

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.core.mail.backends.locmem import EmailBackend
from django.db.models import QuerySet
from django.utils import timezone

from goals.models import Goal
from indicators.models import Indicator, Reading
from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import Assignment, AssignmentRole, Person, Quarter, Role, Section, UpdateStatus
from risks.models import Risk
from tests.answers import queries
from tests.make import (
    door,
    make_assignment,
    make_full_update,
    make_indicator,
    make_person,
    make_plan,
    make_priority,
    make_quarter,
    with_role,
)
from updates.handing import give_rows, give_section, name_deputy
from updates.models import Draft, Notice, NoticeKind, OverviewDraft
from updates.staffing import change, deactivate, hand_over, invite, reactivate

pytestmark = [pytest.mark.django_db, pytest.mark.once]

NEW = {"first_name": "Ann", "last_name": "Lee", "email": "ann.lee@example.org", "username": "", "role": ""}
NEW_PASSWORD = {"new_password1": "three odd words", "new_password2": "three odd words"}


@pytest.fixture
def update(victims, victims_lead):
    return make_full_update(victims, make_quarter())


@pytest.fixture
def analyst(db):
    return make_person("analyst", first_name="Sam", last_name="Roe", email="sam@example.org")


@pytest.fixture
def mail_is_down(monkeypatch):
    def refuse(*args):
        raise ConnectionRefusedError

    monkeypatch.setattr(EmailBackend, "send_messages", refuse)


def text(response):
    return re.sub(r"\s+", " ", unescape(response.content.decode()))


def words(response):
    """The page without its tags."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", text(response)))


def get(client, person, path):
    client.force_login(person)
    return client.get(path)


def post(client, person, path, **typed):
    client.force_login(person)
    return client.post(path, typed, follow=True)


def at(person, page=""):
    return f"/people/{person.pk}/{page}"


def days(number):
    return timezone.localdate() + dt.timedelta(days=number)


def notices(person):
    return list(Notice.objects.filter(person=person).values_list("text", "path"))


# Who may


ADDRESSES = ["", "invite/", "1/", "1/hand-over/", "1/deactivate/"]


@pytest.mark.parametrize("who", ["manager", "victims_lead", "reader"])
def test_only_administrators_look_after_people(request, client, who):
    client.force_login(request.getfixturevalue(who))
    for path in ADDRESSES:
        response = client.get(f"/people/{path}")
        assert response.status_code == 403
        assert "People are looked after by administrators." in text(response)
    for path in ("part", "end", "invite", "reactivate"):
        assert client.post(f"/people/1/{path}/").status_code == 403


@pytest.mark.parametrize("who", ["manager", "victims_lead", "reader"])
def test_nobody_else_does_it_past_the_pages_either(request, analyst, who):
    by = request.getfixturevalue(who)
    for act in (
        lambda: invite(first_name="A", last_name="B", email="a@example.org", by=by),
        lambda: change(analyst, first_name="A", last_name="B", email="", role="", by=by),
        lambda: hand_over(analyst, to=by, by=by),
        lambda: deactivate(analyst, by=by),
        lambda: reactivate(analyst, by=by),
    ):
        with pytest.raises(Refused, match="People are looked after by administrators only; ask one of them"):
            act()
    assert not ChangeSet.objects.filter(note__startswith="analyst: ").exists()


def test_an_administrator_who_was_deactivated_meanwhile_is_refused(administrator, analyst):
    QuerySet.update(Person.objects.filter(pk=administrator.pk), is_active=False)
    with pytest.raises(Refused, match="by administrators only"):
        deactivate(analyst, by=administrator)


def test_administrators_have_the_link_and_managers_have_not(client, update, administrator, manager):
    assert '<a href="/people/">People</a>' in text(get(client, administrator, "/2022-23-q1/"))
    assert '"/people/"' not in text(get(client, manager, "/2022-23-q1/"))


# The list


def test_the_list_says_who_everybody_is_and_what_they_hold(client, update, victims, administrator, analyst):
    make_assignment(victims, analyst, AssignmentRole.DEPUTY, ends_on=dt.date(2099, 5, 9))
    give_rows(priority=victims, rows=list(Indicator.objects.all()), to=analyst, by=administrator)
    page = words(get(client, administrator, "/people/"))
    assert "Sam Roe analyst sam@example.org – Single rows of Victims are better supported" in page
    assert "Deputy of Victims are better supported until 9 May 2099" in page
    assert "3 indicators of Victims are better supported" in page
    assert "administrator administrator – Administrator – Last signed in" in page


@pytest.mark.parametrize(
    ("found", "query"),
    [
        ({"analyst"}, "q=roe"),
        ({"analyst"}, "q=ROE+sam"),
        ({"analyst"}, "q=sam%40example"),
        (set(), "q=sam+lee"),
        ({"gone"}, "state=inactive"),
        ({"new"}, "state=invited"),
        ({"administrator"}, "has=Administrators"),
        ({"manager"}, "has=Managers"),
        ({"victims-lead"}, "has=lead"),
        ({"analyst", "new", "gone"}, "has=none"),
        ({"victims-lead"}, "q=victims&state=active&has=lead"),
        ({"administrator", "manager", "victims-lead", "analyst", "new", "gone"}, "state=nonsense&has=nonsense"),
    ],
)
def test_people_are_found(client, administrator, manager, victims_lead, analyst, found, query):
    make_person("gone", is_active=False)
    Person.objects.create_user("new")
    page = text(get(client, administrator, f"/people/?{query}"))
    assert set(re.findall(r'data-label="User name">([\w-]+)<', page)) == found
    if not found:
        assert "Nobody is like that." in page


def test_more_than_a_hundred_are_shown_by_pages_that_keep_what_was_looked_for(client, administrator):
    Person.objects.bulk_create(Person(username=f"person-{n:03}", password="!") for n in range(101))
    first = text(get(client, administrator, "/people/?q=person"))
    assert "101 people" in first
    assert "Page 1 of 2" in first
    assert '<a href="?q=person&page=2">' in first
    assert "person-100" in text(client.get("/people/?q=person&page=2"))


# Inviting


def invited(client, administrator, **typed):
    return post(client, administrator, "/people/invite/", **(NEW | typed))


def test_somebody_invited_sets_a_password_and_signs_in(client, update, victims, administrator):
    page = words(invited(client, administrator, priority=victims.pk, part="contributor:finance"))
    assert "An invitation was mailed to ann.lee@example.org." in page
    person = Person.objects.get(email="ann.lee@example.org")
    assert (person.username, person.has_usable_password()) == ("ann-lee", False)
    (message,) = mail.outbox
    assert message.subject == "administrator invites you to the quarterly performance tracker"
    assert "- finance of Victims are better supported" in message.body
    assert "Your user name is ann-lee. Set your password here, within 3 days:" in message.body
    assert "Invited" in page
    client.logout()
    link = re.search(r"http://localhost:8000(/password/reset/\S+)\n", message.body)[1]
    form = client.get(link, follow=True)
    assert client.post(form.redirect_chain[-1][0], NEW_PASSWORD).url == "/password/reset/done/"
    signed_in = client.post("/sign-in/", {"username": "ann-lee", "password": "three odd words"}, follow=True)
    assert "Update for Q1 2022/23" in text(signed_in)
    assert "This link no longer works" in text(client.get(link, follow=True))


@pytest.mark.parametrize("role", Role)
def test_a_role_is_given_with_the_invitation(client, administrator, role):
    assert role.label in words(invited(client, administrator, role=role.value))
    assert Person.objects.get(username="ann-lee").roles == {role}
    assert ChangeSet.objects.first().note == f"ann-lee: invited as {role.label.lower()}"


def test_who_gets_neither_role_nor_part_is_told_of(client, administrator):
    assert "Ann Lee has neither a role nor a part yet, and can read nothing." in words(invited(client, administrator))
    assert ChangeSet.objects.first().note == "ann-lee: invited"


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"first_name": ""}, "Enter the first name."),
        ({"last_name": ""}, "Enter the last name."),
        ({"email": ""}, "Enter the e-mail address."),
        ({"email": "ann"}, "This is no e-mail address; write it like name@example.org."),
        ({"email": "SAM@example.org"}, "SAM@example.org is the address of Sam Roe (analyst) already."),
        (
            {"email": "gone@example.org"},
            "gone@example.org is the address of gone (gone) already, who is deactivated: reactivate that account",
        ),
        ({"username": "Analyst"}, "The user name Analyst is Sam Roe’s already; choose another."),
        ({"username": "ann lee"}, "A user name has letters, digits, hyphens and underscores only."),
        ({"part": "lead:"}, "Choose the priority."),
        ({"priority": "victims"}, "Choose the part."),
        ({"priority": "99999", "part": "lead:"}, "There is no such priority; choose another."),
        ({"priority": "victims", "part": "king:"}, "There is no such part; choose another."),
        ({"priority": "victims", "part": "deputy:", "ends_on": "soon"}, "“soon” is not a date"),
        ({"priority": "victims", "part": "deputy:", "ends_on": "01/01/2020"}, "The last day is over already;"),
    ],
)
def test_what_is_wrong_with_an_invitation_is_told_and_nothing_is_made(
    client, victims, administrator, analyst, typed, told
):
    make_person("gone", email="gone@example.org", is_active=False)
    before = Person.objects.count()
    typed = {name: victims.pk if text == "victims" else text for name, text in typed.items()}
    page = text(invited(client, administrator, **typed))
    assert "<title>Error: Invite somebody" in page
    assert told in page
    assert (Person.objects.count(), mail.outbox) == (before, [])


def test_a_user_name_is_suggested_that_is_free(client, administrator):
    make_person("ann-lee")
    invited(client, administrator)
    assert Person.objects.get(email="ann.lee@example.org").username == "ann-lee-2"
    invited(client, administrator, first_name="安", last_name="李", email="an.li@example.org")
    assert Person.objects.get(email="an.li@example.org").username == "anli"


def test_an_address_taken_at_the_same_moment_is_refused(administrator, analyst):
    with pytest.raises(Refused, match=re.escape("sam@example.org is the address of Sam Roe (analyst) already.")):
        invite(first_name="A", last_name="B", email="sam@example.org", username="Analyst", by=administrator)


def test_a_mail_server_that_is_down_leaves_the_account_and_says_so(client, administrator, mail_is_down):
    page = words(invited(client, administrator))
    assert "The account of Ann Lee is there, but the invitation could not be mailed, because the mail server" in page
    assert "Send it again from this page." in page
    assert "Send the invitation again" in page
    assert Person.objects.filter(username="ann-lee").exists()


def test_an_invitation_is_sent_again(client, administrator):
    person = Person.objects.create_user("new", email="new@example.org")
    page = words(post(client, administrator, at(person, "invite/")))
    assert "An invitation was mailed to new@example.org." in page
    assert len(mail.outbox) == 1


def test_who_needs_no_invitation_gets_none(client, administrator, analyst):
    assert "has a password already; nothing was sent." in words(post(client, administrator, at(analyst, "invite/")))
    gone = Person.objects.create_user("gone", email="gone@example.org", is_active=False)
    assert "gone is deactivated; nothing was sent." in words(post(client, administrator, at(gone, "invite/")))
    assert mail.outbox == []


def test_without_an_address_there_is_no_invitation(client, administrator):
    person = Person.objects.create_user("new")
    page = words(post(client, administrator, at(person, "invite/")))
    assert "No invitation was mailed: new has no e-mail address. Add one, then send the invitation." in page


def test_who_was_invited_can_ask_for_a_new_link(client):
    Person.objects.create_user("new", email="new@example.org")
    make_person("gone", email="gone@example.org", is_active=False)
    client.post("/password/reset/", {"email": "NEW@example.org"})
    client.post("/password/reset/", {"email": "gone@example.org"})
    assert [message.to for message in mail.outbox] == [["new@example.org"]]


# Names, address and role


def saved(client, by, person, **typed):
    now = {name: getattr(person, name) for name in ("first_name", "last_name", "email")}
    return post(client, by, at(person), **(now | {"role": ""} | typed))


def test_names_address_and_role_are_changed(client, administrator, analyst):
    page = words(saved(client, administrator, analyst, last_name="Rowe", role=Role.MANAGER))
    assert "Sam Rowe is saved." in page
    person = Person.objects.get(pk=analyst.pk)
    assert (person.last_name, person.roles) == ("Rowe", {"Managers"})
    assert ChangeSet.objects.first().note == "analyst: changed last name and role from none to Managers"
    assert "analyst: changed last name and role from none to Managers" in page


def test_a_role_is_taken_away(client, administrator, manager):
    saved(client, administrator, manager)
    assert Person.objects.get(pk=manager.pk).roles == frozenset()


def test_what_did_not_change_leaves_no_trace(client, administrator, manager):
    before = ChangeSet.objects.count()
    saved(client, administrator, manager, role=Role.MANAGER)
    assert ChangeSet.objects.count() == before
    assert Person.objects.get(pk=manager.pk).roles == {"Managers"}


def test_an_address_that_is_somebody_elses_is_told_beside_it(client, administrator, analyst, manager):
    page = text(saved(client, administrator, manager, email="sam@example.org"))
    assert '<a href="#id_email">sam@example.org is the address of Sam Roe (analyst) already.</a>' in page
    assert "<title>Error: manager" in page
    assert "is saved" not in page


def test_people_of_one_address_from_before_keep_it(client, administrator, analyst):
    make_person("twin", email="sam@example.org")
    assert "Samuel Roe is saved." in words(saved(client, administrator, analyst, first_name="Samuel"))


def test_another_address_ends_the_old_invitation_and_that_is_said(client, administrator):
    person = Person.objects.create_user("new", email="old@example.org")
    page = words(saved(client, administrator, person, email="new@example.org"))
    assert "The link that was mailed to the old address no longer works; send a new invitation." in page


def test_the_last_administrator_keeps_the_role(client, administrator):
    page = text(saved(client, administrator, administrator, role=Role.MANAGER))
    assert "administrator is the only administrator who can sign in; make somebody else one first." in page
    assert Person.objects.get(pk=administrator.pk).roles == {"Administrators"}


def test_one_who_cannot_sign_in_yet_is_no_other_administrator(client, administrator):
    Person.objects.create_user("new").groups.add(Group.objects.get(name=Role.ADMINISTRATOR))
    assert "is the only administrator who can sign in" in text(saved(client, administrator, administrator))


def test_with_another_one_an_administrator_gives_up_the_role(client, administrator):
    with_role("second", Role.ADMINISTRATOR)
    client.force_login(administrator)
    assert client.post(at(administrator), {"role": Role.READER.value}).status_code == 302
    assert client.get("/people/").status_code == 403


def test_a_superuser_who_is_administrator_no_more_is_none_at_all(client, administrator):
    root = Person.objects.create_superuser("root", password="quarterly-demo")
    assert "Administrator" in words(get(client, administrator, "/people/?q=root"))
    saved(client, administrator, root)
    assert not Person.objects.get(pk=root.pk).is_administrator


# Parts


PARTS = [
    ("lead:", "lead of Victims are better supported"),
    ("deputy:", "deputy of Victims are better supported"),
    ("contributor:goals", "goals of Victims are better supported"),
    ("contributor:", "single rows of Victims are better supported"),
    ("signatory:", "sign-off of Victims are better supported"),
    ("signatory:finance", "sign-off of finance of Victims are better supported"),
]


def assigned(client, by, person, priority, part, **dates):
    return post(client, by, at(person, "part/"), priority=priority.pk, part=part, **dates)


@pytest.mark.parametrize(("part", "told"), PARTS)
def test_a_part_is_given_told_of_and_on_record(client, update, victims, administrator, analyst, part, told):
    page = words(assigned(client, administrator, analyst, victims, part))
    assert f"Sam Roe has now: {told}." in page
    given = Assignment.objects.get(person=analyst)
    assert f"{given.role}:{given.section}" == part
    where = "/2022-23-q1/victims-are-better-supported/" + ("" if given.role == "signatory" else "update/")
    assert notices(analyst) == [(f"administrator handed over to you: {told}.", where)]
    assert Notice.objects.get().kind == NoticeKind.HANDED_OVER
    assert given.history.get().change_set.note.startswith("analyst: ")
    assert client.get(where).status_code == 200
    client.force_login(analyst)
    assert client.get(where).status_code == 200


def test_without_an_open_quarter_the_notice_leads_to_the_list_of_their_own(client, victims, administrator, analyst):
    assigned(client, administrator, analyst, victims, "lead:")
    assert notices(analyst)[0][1] == "/my-updates/?all=1"


def test_a_part_given_again_has_the_new_dates(client, victims, administrator, analyst):
    assigned(client, administrator, analyst, victims, "deputy:")
    later = days(9)
    page = words(assigned(client, administrator, analyst, victims, "deputy:", ends_on=f"{later:%d/%m/%Y}"))
    assert f"deputy of Victims are better supported until {later:%-d %B %Y}" in page
    assert Assignment.objects.get(person=analyst).ends_on == later


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"part": "lead:", "priority": ""}, "Choose the priority."),
        ({"part": ""}, "Choose the part."),
        ({"part": "lead:", "ends_on": "01/01/2020"}, "The last day is over already; give one that is still to come"),
        (
            {"part": "lead:", "starts_on": "09/01/2099", "ends_on": "01/01/2099"},
            "The last day is before the first; correct one of them.",
        ),
        ({"part": "lead:", "starts_on": "soon"}, "“soon” is not a date"),
    ],
)
def test_what_is_wrong_with_a_part_is_told(client, victims, administrator, analyst, typed, told):
    page = text(post(client, administrator, at(analyst, "part/"), **({"priority": victims.pk} | typed)))
    assert "<title>Error: Sam Roe" in page
    assert told in page
    assert not Assignment.objects.filter(person=analyst).exists()
    assert notices(analyst) == []


def test_who_is_deactivated_is_given_nothing(client, victims, administrator):
    gone = make_person("gone", is_active=False)
    page = text(assigned(client, administrator, gone, victims, "lead:"))
    assert "gone is deactivated and can't be given anything; reactivate the account first." in page
    assert not Assignment.objects.exists()


def test_priorities_of_a_plan_that_is_over_are_not_offered(client, victims, administrator, analyst):
    old = make_priority("Old", plan=make_plan("Old plan", 2010, 2011))
    for quarter in Quarter.objects.filter(plan=old.plan):
        QuerySet.update(Quarter.objects.filter(pk=quarter.pk), status="closed")
    assert "Old</option>" not in text(get(client, administrator, at(analyst)))
    assert "There is no such priority" in text(assigned(client, administrator, analyst, old, "lead:"))


def test_a_part_is_ended(client, update, victims, victims_lead, administrator):
    held = Assignment.objects.get(person=victims_lead)
    page = words(post(client, administrator, at(victims_lead, "end/"), part=held.pk))
    assert "victims-lead has no longer: lead of Victims are better supported." in page
    assert "Victims are better supported has no lead now; name one." in page
    assert ChangeSet.objects.first().note == "victims-lead: ended: lead of Victims are better supported"
    again = words(post(client, administrator, at(victims_lead, "end/"), part=held.pk))
    assert "That was ended already." in again


def test_a_part_of_somebody_else_is_not_ended_from_here(client, victims_lead, administrator, analyst):
    held = Assignment.objects.get(person=victims_lead)
    assert "That was ended already." in words(post(client, administrator, at(analyst, "end/"), part=held.pk))
    assert Assignment.objects.filter(pk=held.pk).exists()


def test_ending_single_rows_leaves_them_with_nobody(client, update, victims, victims_lead, administrator, analyst):
    give_rows(priority=victims, rows=list(Goal.objects.all()), to=analyst, by=victims_lead)
    held = Assignment.objects.get(person=analyst)
    post(client, administrator, at(analyst, "end/"), part=held.pk)
    assert not Goal.objects.exclude(holder=None).exists()
    assert not Assignment.objects.filter(person=analyst).exists()


# What leads hand over is told of, too


def test_what_a_lead_hands_over_is_told_of(update, victims, victims_lead, analyst):
    give_section(priority=victims, section=Section.GOALS, to=analyst, by=victims_lead)
    give_rows(priority=victims, rows=list(Indicator.objects.all()), to=analyst, by=victims_lead)
    name_deputy(priority=victims, to=analyst, starts_on=None, ends_on=dt.date(2099, 1, 2), by=victims_lead)
    title, path = "Victims are better supported", "/2022-23-q1/victims-are-better-supported/update/"
    assert notices(analyst) == [
        (f"victims-lead handed over to you: goals of {title}.", path),
        (f"victims-lead handed over to you: 3 rows of {title}.", path),
        (f"victims-lead handed over to you: deputy of {title} until 2 January 2099.", path),
    ]


def test_rows_taken_back_and_rows_that_were_theirs_are_told_to_nobody(update, victims, victims_lead, analyst):
    rows = list(Indicator.objects.all())
    give_rows(priority=victims, rows=rows, to=analyst, by=victims_lead)
    Notice.objects.all().delete()
    give_rows(priority=victims, rows=rows, to=analyst, by=victims_lead)
    give_rows(priority=victims, rows=rows, to=None, by=victims_lead)
    assert not Notice.objects.exists()


# Handing over everything, and deactivating


@pytest.fixture
def busy(update, victims, trust, victims_lead, administrator):
    """The victims' lead, who deputises for another, signs off, holds a row of each kind and writes the overview."""
    make_assignment(trust, victims_lead, AssignmentRole.DEPUTY, ends_on=dt.date(2099, 5, 9))
    make_assignment(trust, victims_lead, AssignmentRole.SIGNATORY, section="finance")
    make_assignment(trust, victims_lead, AssignmentRole.CONTRIBUTOR, section="goals")
    for model in (Indicator, Risk, Goal):
        row = model.objects.first()
        row.holder = victims_lead
        row.save()
    with door(overview_of=[update.quarter]):
        update.quarter.overview_author = victims_lead
        update.quarter.save()
    reading = Reading.objects.first()
    data = {f"reading-{reading.pk}-value": "99", f"reading-{reading.pk}-base": "0"}
    Draft.objects.create(person=victims_lead, update=update, section="indicators", data=data)
    OverviewDraft.objects.create(person=victims_lead, quarter=update.quarter, data={"overview": "x"})
    return victims_lead


HELD = [
    "Lead of Victims are better supported",
    "Deputy of Trust and confidence increases until 9 May 2099",
    "Sign-off of finance of Trust and confidence increases",
    "Goals of Trust and confidence increases",
    "1 indicator of Victims are better supported",
    "1 risk or issue of Victims are better supported",
    "1 goal of Victims are better supported",
]


@pytest.mark.parametrize("path", ["", "hand-over/", "deactivate/"])
def test_what_somebody_holds_and_typed_is_shown_first(client, busy, administrator, path):
    shown = words(get(client, administrator, at(busy, path)))
    for line in (*HELD, "he overview of Q1 2022/23", "Indicators of Victims are better supported, Q1 2022/23"):
        assert line in shown
    assert "Typed and not saved" in shown


def parts(person):
    held = Assignment.objects.filter(person=person).order_by("priority", "role", "section")
    return [(a.priority.slug[:6], a.role, a.section, a.ends_on) for a in held]


def assert_passed(busy, to):
    assert parts(busy) == []
    assert set(parts(to)) >= {
        ("victim", "lead", "", None),
        ("trust-", "deputy", "", dt.date(2099, 5, 9)),
        ("trust-", "signatory", "finance", None),
        ("trust-", "contributor", "goals", None),
    }
    for model in (Indicator, Risk, Goal):
        assert model.objects.first().holder == to
    assert Quarter.objects.get(status="open").overview_author == to


def test_everything_is_handed_over_in_one_act(client, busy, administrator, analyst):
    before = ChangeSet.objects.count()
    page = words(post(client, administrator, at(busy, "hand-over/"), to=analyst.pk))
    assert "Sam Roe has now what victims-lead held." in page
    assert_passed(busy, analyst)
    assert ChangeSet.objects.count() == before + 1
    assert ChangeSet.objects.first().note == "victims-lead: everything handed over to Sam Roe"
    (all_of_it, where), (draft, there) = notices(analyst)
    assert all_of_it.startswith("administrator handed over to you what victims-lead held: ")
    assert "lead of Victims are better supported" in all_of_it
    assert where == "/my-updates/?all=1"
    assert draft.startswith("victims-lead left something typed and not saved: indicators of Victims")
    assert there == f"/people/drafts/{Draft.objects.get().pk}/"
    assert Person.objects.get(pk=busy.pk).is_active


def test_somebody_who_had_some_of_it_has_the_most_of_both(busy, victims, trust, administrator, analyst):
    make_assignment(victims, analyst, AssignmentRole.DEPUTY)
    make_assignment(trust, analyst, AssignmentRole.DEPUTY, starts_on=days(-3), ends_on=days(3))
    hand_over(busy, to=analyst, by=administrator)
    assert ("victim", "deputy", "", None) not in parts(analyst)
    deputy = Assignment.objects.get(person=analyst, role="deputy")
    assert (deputy.starts_on, deputy.ends_on) == (None, dt.date(2099, 5, 9))


def test_a_turn_that_was_over_takes_the_new_dates(busy, trust, administrator, analyst):
    make_assignment(trust, analyst, AssignmentRole.DEPUTY, ends_on=days(-3))
    hand_over(busy, to=analyst, by=administrator)
    assert Assignment.objects.get(person=analyst, role="deputy").ends_on == dt.date(2099, 5, 9)


def test_who_leads_already_needs_no_lesser_part(busy, trust, trust_lead, administrator):
    hand_over(busy, to=trust_lead, by=administrator)
    of_trust = Assignment.objects.filter(person=trust_lead, priority=trust)
    assert {(a.role, a.section) for a in of_trust} == {("lead", ""), ("signatory", "finance")}


@pytest.mark.parametrize("chosen", ["", "themselves", "gone"])
def test_it_is_handed_over_to_somebody_who_can_have_it(client, busy, administrator, chosen):
    key = {"themselves": busy.pk, "gone": make_person("gone", is_active=False).pk}.get(chosen, "")
    page = text(post(client, administrator, at(busy, "hand-over/"), to=key))
    assert "<title>Error: Hand over what victims-lead holds" in page
    assert ("That person can't sign in." if key else "Choose who takes over.") in page
    assert len(parts(busy)) == 4


def test_it_is_refused_past_the_page_too(busy, administrator):
    gone = make_person("gone", is_active=False)
    with pytest.raises(Refused, match="gone is deactivated and can't be given anything"):
        hand_over(busy, to=gone, by=administrator)
    with pytest.raises(Refused, match="victims-lead has it already; choose somebody else"):
        hand_over(busy, to=busy, by=administrator)
    assert len(parts(busy)) == 4


def test_an_overview_that_is_submitted_stays_and_that_is_said(client, busy, administrator, analyst):
    QuerySet.update(Quarter.objects.all(), overview_status=UpdateStatus.SUBMITTED)
    page = words(post(client, administrator, at(busy, "hand-over/"), to=analyst.pk))
    assert "victims-lead stays named as author of the overview of Q1 2022/23, which can't be changed now." in page
    assert parts(busy) == []


def test_deactivating_hands_over_in_the_same_act(client, busy, administrator, analyst):
    before = ChangeSet.objects.count()
    page = words(post(client, administrator, at(busy, "deactivate/"), to=analyst.pk))
    assert "victims-lead is deactivated and signed out; Sam Roe has now what they held." in page
    assert_passed(busy, analyst)
    assert not Person.objects.get(pk=busy.pk).is_active
    assert ChangeSet.objects.count() == before + 1
    assert ChangeSet.objects.first().note == "victims-lead: deactivated, everything handed over to Sam Roe"


@pytest.mark.parametrize(
    ("chosen", "told"),
    [
        ({}, "Choose who takes over what they hold, or tick that nobody does for now."),
        ({"to": "analyst", "nobody": "on"}, "Choose one of both: who takes over, or tick that nobody does for now."),
    ],
)
def test_deactivating_asks_who_takes_over(client, busy, administrator, analyst, chosen, told):
    chosen = {name: analyst.pk if text == "analyst" else text for name, text in chosen.items()}
    page = text(post(client, administrator, at(busy, "deactivate/"), **chosen))
    assert "<title>Error: Deactivate victims-lead" in page
    assert told in page
    assert Person.objects.get(pk=busy.pk).is_active


def test_it_may_stay_with_nobody_for_now(client, busy, administrator):
    page = words(post(client, administrator, at(busy, "deactivate/"), nobody="on"))
    assert "victims-lead is deactivated and signed out." in page
    assert len(parts(busy)) == 4
    assert "Reactivate" in page


def test_who_holds_nothing_is_deactivated_without_a_question(client, administrator, analyst):
    assert "They hold nothing." in words(get(client, administrator, at(analyst, "deactivate/")))
    assert "Sam Roe is deactivated and signed out." in words(post(client, administrator, at(analyst, "deactivate/")))


def test_who_is_deactivated_is_signed_out_at_once(client, administrator, victims_lead, update):
    from django.test import Client

    theirs = Client()
    theirs.force_login(victims_lead)
    assert theirs.get("/2022-23-q1/").status_code == 200
    post(client, administrator, at(victims_lead, "deactivate/"), nobody="on")
    assert theirs.get("/2022-23-q1/").url.startswith("/sign-in/")
    assert not theirs.login(username="victims-lead", password="quarterly-demo")


def test_nobody_deactivates_themselves(client, administrator):
    with_role("second", Role.ADMINISTRATOR)
    assert "Deactivate" not in words(get(client, administrator, at(administrator)))
    page = text(post(client, administrator, at(administrator, "deactivate/")))
    assert "You can't deactivate your own account; ask another administrator to." in page
    assert Person.objects.get(pk=administrator.pk).is_active


def test_the_last_administrator_who_can_sign_in_stays(administrator):
    invited = Person.objects.create_user("invited")
    invited.groups.add(Group.objects.get(name=Role.ADMINISTRATOR))
    with pytest.raises(Refused, match="administrator is the only administrator who can sign in"):
        deactivate(administrator, by=invited)


def test_somebody_comes_back(client, administrator):
    gone = make_person("gone", is_active=False)
    page = words(post(client, administrator, at(gone, "reactivate/")))
    assert "gone can sign in again." in page
    assert Person.objects.get(pk=gone.pk).is_active
    assert ChangeSet.objects.first().note == "gone: reactivated"


# What was typed and not saved


def test_a_draft_left_behind_is_read_by_who_goes_on_with_it(client, busy, administrator, analyst):
    draft = Draft.objects.get()
    path = f"/people/drafts/{draft.pk}/"
    for reader in (administrator, analyst):
        status = get(client, reader, path).status_code
        assert status == (200 if reader == administrator else 403)
    post(client, administrator, at(busy, "deactivate/"), to=analyst.pk)
    page = words(get(client, analyst, path))
    assert "Indicators of Victims are better supported, Q1 2022/23 · by victims-lead" in page
    assert re.search(r"1 % of victims supported, 1 Value 99 27%?", page)


def test_a_draft_that_is_still_somebodys_is_theirs(client, busy, victims):
    deputy = make_assignment(victims, make_person("deputy"), AssignmentRole.DEPUTY).person
    response = get(client, deputy, f"/people/drafts/{Draft.objects.get().pk}/")
    assert response.status_code == 403
    assert "What victims-lead has typed is still theirs; ask them, or an administrator." in text(response)


def test_answers_to_the_checks_are_read_with_their_warnings(client, update, victims_lead, administrator):
    data = {"w|told": "1a: 27% is odd.", "w|text": "It is right.", "w|confirmed": "on"}
    draft = Draft.objects.create(person=victims_lead, update=update, section="checks", data=data)
    page = words(get(client, administrator, f"/people/drafts/{draft.pk}/"))
    assert "1a: 27% is odd. Answer It is right." in page


def test_a_draft_with_nothing_new_says_so(client, update, victims_lead, administrator):
    draft = Draft.objects.create(person=victims_lead, update=update, section="goals", data={})
    assert "Nothing of it differs from what is stored." in words(
        get(client, administrator, f"/people/drafts/{draft.pk}/")
    )


# What it costs


def test_no_page_takes_more_than_twelve_queries_whoever_is_there(client, busy, victims, trust, administrator):
    draft = Draft.objects.get()
    pages = ["/people/", "/people/invite/", "/people/roles/", f"/people/drafts/{draft.pk}/"]
    pages += [at(busy, page) for page in ("", "hand-over/", "deactivate/")]
    client.force_login(administrator)
    few = {page: queries(client, page) for page in pages}
    assert max(few.values()) <= 12, few
    for n in range(57):
        person = make_person(f"person-{n}")
        make_assignment(victims, person, AssignmentRole.CONTRIBUTOR, section="goals")
        make_indicator(trust, f"{n}", holder=person if n % 2 else busy)
    make_assignment(make_priority("Another"), busy)
    assert {page: queries(client, page) for page in pages} == few


# What a review of the code found


def test_a_draft_of_somebody_who_holds_single_rows_is_theirs_alone(client, update, victims, victims_lead):
    helper = make_assignment(victims, make_person("helper"), AssignmentRole.CONTRIBUTOR).person
    draft = Draft.objects.create(person=helper, update=update, section="indicators", data={"reading-1-note": "Half"})
    client.force_login(victims_lead)
    assert client.get(f"/people/drafts/{draft.pk}/").status_code == 403


def test_what_somebody_typed_in_a_review_is_handed_to_nobody(client, update, administrator, manager):
    Draft.objects.create(person=manager, update=update, section="review", data={"reason": "Half a sent"})
    client.force_login(administrator)
    assert "review of" not in text(client.get(f"/people/{manager.pk}/"))


def test_a_role_that_a_colleague_gave_meanwhile_is_not_taken_away_by_a_page_opened_before(
    client, administrator, reader
):
    from django.contrib.auth.models import Group

    reader.groups.set([Group.objects.get(name="Administrators")])
    client.force_login(administrator)
    typed = {"first_name": "Kim", "last_name": "", "email": "", "role": "Readers", "role_shown": "Readers"}
    client.post(f"/people/{reader.pk}/", typed)
    reader = Person.objects.get(pk=reader.pk)
    assert (reader.first_name, reader.is_administrator) == ("Kim", True)


def test_a_very_long_name_makes_a_user_name_that_every_database_takes(client, administrator):
    from updates.staffing import invite

    made = invite(first_name="A" * 150, last_name="B" * 150, email="ab@example.org", by=administrator)
    assert len(made.username) <= 150


def test_a_search_for_very_many_words_is_no_error(client, administrator):
    client.force_login(administrator)
    assert client.get("/people/", {"q": "a " * 2000}).status_code == 200
