"""Publishing: who, what, when; what is looked at first; cancelling; the next version; two managers at once."""

import datetime as dt
import re
from decimal import Decimal
from html import unescape

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import QuerySet
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from indicators.models import Indicator
from priorities.door import Refused
from priorities.history import ChangeSet
from priorities.models import Quarter, QuarterStatus, Role
from priorities.periods import Period
from reports.frozen import read, thaw
from reports.models import Audience, ClosedReport, NeverChanged, Publication, PublishedFile
from reports.publishing import cancel, prepare, publish, reread
from risks.models import Assessment
from tests import snapshot
from tests.closed import approve_all, close_for_real, fresh, reopen_for
from tests.make import (
    close,
    make_full_update,
    make_indicator,
    make_person,
    make_quarter,
    make_reading,
    make_update,
    two_priorities,
    with_role,
)
from tests.priorities.test_races import at_once
from tests.published import confirm_all, correct, publish_for_real
from tests.reports.test_pages import get, text
from updates.models import Notice
from updates.typed import whose

pytestmark = pytest.mark.django_db
HERE = "/2022-23-q1/publishing/"
TOMORROW = dt.timedelta(days=1)


def close_two():
    victims, trust = two_priorities()
    quarter = make_quarter(overview="What the quarter was like.")
    make_full_update(victims, quarter)
    make_full_update(trust, quarter, rows=1)
    confirm_all(quarter)
    close_for_real(quarter)


@pytest.fixture
def quarter(db):
    """Closed, with two priorities, their leads, and all that was entered confirmed."""
    snapshot.once(close_two)
    return fresh(Quarter.objects.get(status="closed"))


def later(**kwargs):
    return timezone.now() + dt.timedelta(**kwargs)


def post(client, person, act="publish", **typed):
    client.force_login(person)
    data = {"act": act, **{f"{act}-{name.replace('__', '-')}": value for name, value in typed.items()}}
    return client.post(HERE, data, follow=True)


def said(response):
    """What a page says, without its tags."""
    return " ".join(unescape(re.sub(r"<[^>]*>", " ", text(response))).split())


def typed_for(quarter, **more):
    """What a manager sends who explains and ticks everything."""
    prepared = prepare(fresh(quarter))
    typed = {f"why-{found.mark}": "It is known." for found in prepared.findings}
    typed |= {f"agreed-{small.mark}": "on" for small in prepared.small}
    return {"seen": prepared.seen, "when": "now", **typed, **more}


# Who, and what


def test_explanations_typed_when_the_session_ended_are_shown_again_after_signing_in(client, quarter, manager):
    typed = typed_for(quarter, when="later", day="1/12/2030", time="9:30")
    data = {"act": "publish", "who": whose(manager), **{f"publish-{name}": text for name, text in typed.items()}}
    response = client.post(HERE, {**data, "publish-seen": "what was seen before"})
    sign_in = {"username": "manager", "password": "quarterly-demo"}
    page = text(client.post(response.url, sign_in, follow=True))
    assert 'value="1/12/2030"' in page
    assert f'value="{prepare(quarter).seen}"' in page
    assert not Publication.objects.exists()


@pytest.mark.parametrize("role", ["administrator", "victims_lead", "reader"])
def test_only_managers_publish(request, client, quarter, role):
    person = request.getfixturevalue(role)
    with pytest.raises(Refused, match="can be published by managers only; ask one of them."):
        publish(quarter, by=person)
    assert post(client, person, **typed_for(quarter)).status_code == 403
    assert not Publication.objects.exists()


def test_an_administrator_who_is_a_manager_too_publishes(quarter, administrator, manager):
    administrator.groups.add(*manager.groups.all())
    assert publish_for_real(quarter, type(administrator).objects.get(pk=administrator.pk)).version == 1


@pytest.mark.parametrize("role", ["victims_lead", "reader", "nobody"])
def test_others_do_not_read_the_page(request, client, quarter, role):
    person = make_person("nobody") if role == "nobody" else request.getfixturevalue(role)
    assert "Publishing is for managers" in text(get(client, person, HERE))
    assert get(client, person, f"{HERE}public/report.html").status_code == 403


def test_a_closed_quarter_is_published_as_version_1_with_every_format_and_its_checksum(quarter, manager):
    made = publish_for_real(quarter, manager)
    assert (made.version, made.closed.version, made.made_by) == (1, 1, manager)
    assert thaw(made.body) == read(ClosedReport.objects.get())
    for audience in Audience.values:
        files = made.files.filter(audience=audience)
        assert {"html", "xlsx", "ods", "json", "zip"} <= {file.suffix for file in files}
    prepared = {(file.audience, file.suffix): file.checksum for file in made.files.all()}
    assert all(len(checksum) == 64 for checksum in prepared.values())
    assert ChangeSet.objects.filter(act="publish", person=manager, note="Published, version 1").exists()


@pytest.mark.parametrize("status", [QuarterStatus.OPEN, QuarterStatus.PLANNED])
def test_only_a_closed_quarter_is_published(quarter, manager, status):
    QuerySet.update(Quarter.objects.filter(pk=quarter.pk), status=status)
    with pytest.raises(Refused, match=f"Q1 2022/23 is {status}. It can be published once it is closed."):
        publish(fresh(quarter), by=manager)


def test_a_reopened_quarter_is_not_published(client, quarter, victims, victims_lead, manager):
    reopen_for(victims_lead, quarter, victims)
    told = "Q1 2022/23 is reopened for victims-lead, to correct it."
    with pytest.raises(Refused, match=told):
        publish(fresh(quarter), by=manager)
    assert told in said(get(client, manager, HERE))


def test_a_quarter_closed_before_reports_were_frozen_is_not_published(client, victims, manager):
    make_update(victims)
    close(Quarter.objects.get(financial_year=2022, number=1))
    assert "was closed before reports were frozen" in said(get(client, manager, HERE))


def test_a_closed_report_that_was_changed_is_not_published(client, quarter, manager):
    QuerySet.update(ClosedReport.objects.all(), body="{}")
    response = get(client, manager, HERE)
    assert response.status_code == 500
    assert "does not match its checksum" in text(response)


def test_it_is_published_once(client, quarter, manager):
    publish_for_real(quarter, manager)
    told = "Q1 2022/23 is published already, as version 1."
    with pytest.raises(Refused, match=told):
        publish(fresh(quarter), by=manager)
    assert told in said(get(client, manager, HERE))
    assert get(client, manager, f"{HERE}public/report.html").status_code == 404


def test_a_publication_and_its_files_are_never_changed_or_deleted(quarter, manager):
    made = publish_for_real(quarter, manager)
    for row in (made, made.files.first()):
        with pytest.raises(NeverChanged):
            row.save()
        with pytest.raises(NeverChanged):
            row.delete()
        for act in (lambda rows: rows.update(checksum="0"), lambda rows: rows.delete()):
            with pytest.raises(NeverChanged):
                act(type(row).objects.all())


def test_the_database_knows_one_publication_of_a_closing_and_of_a_version(quarter, manager):
    made = publish_for_real(quarter, manager)
    copy = {field.attname: getattr(made, field.attname) for field in Publication._meta.concrete_fields}
    for changed in ({"version": 2}, {"closed_id": None}):
        with pytest.raises(IntegrityError), transaction.atomic():
            Publication.objects.create(**{**copy, "id": None, **changed})


# The page


def test_the_page_publishes_and_says_what_was_published(client, quarter, manager):
    page = said(get(client, manager, HERE))
    assert "Version 1, ready to be published" in page
    response = post(client, manager, **typed_for(quarter))
    assert "Q1 2022/23 is published, as version 1." in said(response)
    assert Publication.objects.get().files.first().checksum in said(response)


def test_administrators_read_the_page_and_are_told_who_publishes(client, quarter, administrator):
    page = said(get(client, administrator, HERE))
    assert "A manager publishes it." in page
    assert "<textarea" not in text(get(client, administrator, HERE))


def test_what_would_be_published_is_looked_at_first(client, quarter, manager):
    response = get(client, manager, f"{HERE}public/report.json")
    assert response.json()["quarter"] == "2022-23-q1"
    made = publish_for_real(quarter, manager)
    assert bytes(made.files.get(audience="public", suffix="json").data) == response.content
    assert get(client, manager, f"{HERE}public/report.exe").status_code == 404


def test_what_was_shown_is_what_is_published(client, quarter, victims, victims_lead, manager):
    typed = typed_for(quarter)
    correct(quarter, victims_lead)
    response = post(client, manager, **typed)
    assert "what was found is not what was shown" in said(response) or "There is a problem" in said(response)
    assert not Publication.objects.exists()
    assert "is published, as version 1" in said(post(client, manager, **typed_for(quarter)))


@pytest.mark.parametrize(
    ("typed", "told"),
    [
        ({"when": ""}, "Choose when it is published."),
        ({"when": "soon"}, "Choose now, or a set time."),
        ({"when": "later"}, "Give the day."),
        ({"when": "later", "day": "30/11/2099"}, "Give the time."),
        ({"when": "later", "day": "soon", "time": "09:30"}, "“soon” is not a date"),
        ({"when": "later", "day": "30/11/2099", "time": "25:00"}, "“25:00” is not a time; write it like 09:30."),
        ({"when": "later", "day": "30/11/2020", "time": "9.30"}, "That time is over already"),
        ({"when": "later", "day": "30/11/2099", "time": "09:30"}, "A publication waits for 366 days at most"),
    ],
)
def test_a_time_that_cannot_be_is_told(client, quarter, manager, typed, told):
    assert told in said(post(client, manager, **typed_for(quarter, **typed)))
    assert not Publication.objects.exists()


@pytest.mark.once
def test_the_page_costs_as_many_queries_with_more_rows_and_versions(client, quarter, victims, victims_lead, manager):
    client.force_login(manager)

    def cost():
        with CaptureQueriesContext(
            connection,
        ) as queries:
            assert client.get(HERE).status_code == 200
        return len(queries)

    few = cost()
    publish_for_real(quarter, manager)
    correct(quarter, victims_lead)
    correct(quarter, victims_lead, value=Decimal(28))
    many = cost()
    publish_for_real(quarter, manager)
    assert max(few, cost()) <= 12
    assert many <= 16  # with the closings since, whose reasons are read


# A set time


def test_a_set_time_stores_the_bytes_at_once_and_shows_them_from_then_on(client, quarter, manager, reader, monkeypatch):
    at = later(days=1)
    made = publish_for_real(quarter, manager, at=at)
    stored = bytes(made.files.get(audience="public", suffix="html").data)
    address = "/published/2022-23-q1/"
    assert get(client, reader, address).status_code == 404
    assert get(client, reader, f"{address}v1/").status_code == 404
    assert get(client, reader, "/2022-23-q1/versions/1/report.html").status_code == 404
    assert get(client, manager, f"{address}v1/").content == stored
    assert get(client, manager, address).status_code == 404
    monkeypatch.setattr(timezone, "now", lambda: at + dt.timedelta(seconds=1))
    assert get(client, reader, address).content == stored
    assert get(client, reader, f"{address}v1/").content == stored


def test_a_set_time_typed_is_a_time_in_london(client, quarter, manager):
    day = timezone.localdate() + dt.timedelta(days=40)
    typed = typed_for(quarter, when="later", day=f"{day:%d/%m/%Y}", time="9:30")
    page = said(post(client, manager, **typed))
    assert f"will be published on {day:%-d %B %Y}, 09:30, as version 1." in page
    at = timezone.localtime(Publication.objects.get().publish_at)
    assert (at.date(), at.hour, at.minute) == (day, 9, 30)


def test_what_waits_is_cancelled_with_a_reason_and_can_be_made_again(client, quarter, manager):
    other = with_role("other-manager", Role.MANAGER)
    made = publish_for_real(quarter, manager, at=later(days=1))
    assert "made ready already, by manager" in said(get(client, other, HERE))
    response = post(client, other, "cancel", publication=made.pk, reason="The board meets later.")
    assert "The publication of Q1 2022/23 is cancelled." in said(response)
    stored = Publication.objects.get()
    assert (stored.cancelled_by, stored.cancelled_because) == (other, "The board meets later.")
    assert "is cancelled. The board meets later." in Notice.objects.get(person=manager).text
    again = publish_for_real(quarter, manager)
    assert (again.version, Publication.objects.count()) == (1, 2)


def test_a_cancellation_needs_a_reason_and_a_manager(client, quarter, manager, administrator):
    made = publish_for_real(quarter, manager, at=later(days=1))
    assert "Say why it is cancelled" in said(post(client, manager, "cancel", publication=made.pk, reason=" "))
    with pytest.raises(Refused, match="Say why it is cancelled"):
        cancel(made, by=manager, reason=" ")
    with pytest.raises(Refused, match="can be held back by managers only"):
        cancel(made, by=administrator, reason="No")
    assert post(client, administrator, "cancel", publication=made.pk, reason="No").status_code == 403
    assert post(client, manager, "cancel", publication=0, reason="No").status_code == 404


def test_what_is_published_is_not_cancelled(quarter, manager):
    made = publish_for_real(quarter, manager)
    with pytest.raises(Refused, match="is published by now; what is published stays"):
        cancel(made, by=manager, reason="A mistake")


def test_what_is_cancelled_is_not_cancelled_again(quarter, manager):
    made = publish_for_real(quarter, manager, at=later(days=1))
    cancel(made, by=manager, reason="Later")
    with pytest.raises(Refused, match="It is cancelled already, by manager."):
        cancel(made, by=manager, reason="Later")


def test_reopening_cancels_what_waits_and_tells_its_maker(
    client, quarter, victims, victims_lead, manager, administrator
):
    publish_for_real(quarter, manager, at=later(days=1))
    page = said(get(client, administrator, "/2022-23-q1/closing/"))
    assert "is cancelled by reopening it" in page
    reopen_for(victims_lead, quarter, victims, by=administrator)
    made = Publication.objects.get()
    assert made.cancelled_because == "The quarter was reopened: The wrong figure was given."
    assert any("is cancelled. The quarter was reopened" in n.text for n in Notice.objects.filter(person=manager))


def test_reopening_leaves_what_is_published(client, quarter, victims, victims_lead, manager, reader):
    made = publish_for_real(quarter, manager)
    reopen_for(victims_lead, quarter, victims)
    assert get(client, reader, "/published/2022-23-q1/").content == bytes(
        made.files.get(audience="public", suffix="html").data
    )


# The next version


def test_a_correction_is_published_as_version_2_with_its_revisions(client, quarter, victims, victims_lead, manager):
    first = publish_for_real(quarter, manager)
    correct(quarter, victims_lead)
    assert "Revised since the version before" in said(get(client, manager, HERE))
    second = publish_for_real(quarter, manager)
    assert (second.version, second.closed.version) == (2, 2)
    (revision,) = reread(second)[0].revisions
    key = str(Indicator.objects.get(priority=victims, reference="1").key)
    assert (revision.key, revision.field, revision.was, revision.now) == (key, "value", "27%", "26%")
    assert not reread(first)[0].revisions
    assert reread(second)[1].revisions == (revision,)


def test_a_version_counts_what_was_published_and_not_the_closings_between(quarter, victims_lead, manager):
    correct(quarter, victims_lead)
    first = publish_for_real(quarter, manager)
    assert (first.version, first.closed.version) == (1, 2)
    correct(quarter, victims_lead, value=Decimal(20), reason="A first slip.")
    correct(quarter, victims_lead, value=Decimal(21), reason="A second slip.")
    second = publish_for_real(quarter, manager)
    assert (second.version, second.closed.version) == (2, 4)
    page = second.files.get(audience="public", suffix="html").data
    assert b"Version 2, closed on" in bytes(page)
    assert b"It corrects version 1: A figure was wrong." in bytes(page)
    assert b"Version 4, closed on" in bytes(second.files.get(audience="internal", suffix="html").data)


def test_why_it_is_corrected_is_said_anew_for_the_public(client, quarter, victims_lead, manager):
    """What is said on reopening is for those inside: it may name what the public does not read."""
    publish_for_real(quarter, manager)
    correct(quarter, victims_lead, reason="Their accountant told us in confidence.")
    page = said(get(client, manager, HERE))
    assert "Why it is corrected, for all to read" in page
    assert "Inside it says: Their accountant told us in confidence." in page
    told = said(post(client, manager, **typed_for(quarter)))
    assert "Say why it is corrected, in words that everybody may read." in told
    post(client, manager, **typed_for(quarter, corrects="The supplier’s figure was late."))
    for file in Publication.objects.get(version=2).files.filter(suffix__in=["html", "json"]):
        data = bytes(file.data).decode()
        assert ("Their accountant" in data) == (file.audience == "internal")
        assert ("The supplier’s figure was late." in data) == (file.audience == "public")


def test_a_day_is_not_given_to_be_published_at_once(client, quarter, manager):
    told = said(post(client, manager, **typed_for(quarter, day="1/12/2030", time="9:30")))
    assert "A day or a time is given: choose the set time, or empty them to publish now." in told
    assert not Publication.objects.exists()


def test_a_time_that_clocks_never_show_is_told(client, quarter, manager, monkeypatch):
    monkeypatch.setattr(timezone, "now", lambda: dt.datetime(2027, 3, 1, tzinfo=dt.UTC))
    told = said(post(client, manager, **typed_for(quarter, when="later", day="28/3/2027", time="1:30")))
    assert "The clocks go forward then; give an hour later." in told
    assert not Publication.objects.exists()


# What the public knows of other quarters


def second_quarter(victims, **kwargs):
    update = make_full_update(victims, make_quarter(Period(2022, 2)))
    confirm_all(update.quarter)
    close_for_real(update.quarter)
    return fresh(update.quarter)


def test_of_a_quarter_that_is_not_out_another_one_publishes_nothing(quarter, victims, manager):
    later_one = second_quarter(victims)
    for at in (None, later(days=3)):
        if at:
            publish_for_real(quarter, manager, at=at)
        shown = prepare(later_one).public
        assert shown.not_compared == "Q1 2022/23 is not published, so nothing is compared with it."
        assert shown.changes == ()
        assert {point.quarter for row in shown.priorities[0].indicators for point in row.series} == {Period(2022, 2)}


def test_of_a_quarter_that_is_out_another_one_tells_what_was_published(quarter, victims, victims_lead, manager):
    publish_for_real(quarter, manager)
    correct(quarter, victims_lead, value=Decimal(3))
    later_one = second_quarter(victims)
    shown = prepare(later_one).public
    assert shown.compared_with == Period(2022, 1)
    points = [point for row in shown.priorities[0].indicators if row.reference == "1" for point in row.series]
    assert [(point.value, point.is_revised) for point in points] == [(Decimal(27), False), (Decimal(27), False)]
    publish_for_real(quarter, manager)
    points = prepare(later_one).public.priorities[0].indicators[0].series
    assert (points[0].value, points[0].is_revised) == (Decimal(3), True)


def test_a_figure_corrected_before_it_was_ever_published_is_not_revised_for_the_public(quarter, victims_lead, manager):
    correct(quarter, victims_lead)
    shown = prepare(fresh(quarter))
    assert [p.is_revised for row in shown.public.priorities[0].indicators for p in row.series] == [False] * 3
    assert any(p.is_revised for row in shown.report.priorities[0].indicators for p in row.series)


def test_what_was_seen_is_another_as_soon_as_the_public_form_is(quarter, victims, manager):
    later_one = second_quarter(victims)
    seen = prepare(later_one).seen
    publish_for_real(quarter, manager)
    assert prepare(later_one).seen != seen


def test_a_risk_that_is_withdrawn_is_not_named_again(quarter, victims, victims_lead, manager):
    QuerySet.update(Assessment.objects.filter(update__quarter=quarter), is_top=True, description="Words on a supplier")
    reopen_for(victims_lead, quarter, victims)
    close_for_real(quarter)
    publish_for_real(quarter, manager)
    reopen_for(victims_lead, quarter, victims)
    QuerySet.update(Assessment.objects.filter(update__quarter=quarter), is_internal=True)
    close_for_real(quarter)
    shown = prepare(fresh(quarter))
    assert {(found.of, found.was, found.now) for found in shown.public.revisions} >= {
        ("Risk 1", "reported", "withdrawn")
    }
    assert {found.kind for found in shown.findings} <= {"Not confirmed", "Not approved", "Missing without a reason"}
    for made in shown.files:
        if made.audience == "public" and made.suffix in ("html", "json"):
            assert "Words on a supplier" not in made.data.decode()


def test_a_closed_report_of_another_quarter_that_was_changed_stops_the_publication(client, quarter, victims, manager):
    made = publish_for_real(quarter, manager)
    later_one = second_quarter(victims)
    QuerySet.update(Publication.objects.filter(pk=made.pk), public_body="{}")
    response = get(client, manager, f"/{later_one.period.slug}/publishing/")
    assert response.status_code == 500
    assert "was changed after it was published" in text(response)


def test_both_versions_stay_readable(client, quarter, victims_lead, manager, reader):
    first = publish_for_real(quarter, manager)
    correct(quarter, victims_lead)
    second = publish_for_real(quarter, manager)

    def page(publication):
        return bytes(publication.files.get(audience="public", suffix="html").data)

    assert get(client, reader, "/published/2022-23-q1/").content == page(second)
    assert get(client, reader, "/published/2022-23-q1/v1/").content == page(first)
    assert get(client, reader, "/published/2022-23-q1/v2/").content == page(second)
    listed = said(get(client, reader, "/published/"))
    assert re.search(r"Version 2 , published on .* Version 1 , published on .* replaced by a later version", listed)


def test_a_published_report_that_was_changed_is_told(client, quarter, victims_lead, manager):
    publish_for_real(quarter, manager)
    QuerySet.update(Publication.objects.all(), body="{}")
    correct(quarter, victims_lead)
    response = get(client, manager, HERE)
    assert response.status_code == 500
    assert "it was changed after it was published" in text(response)


# What is looked at first


def test_where_all_agrees_and_is_confirmed_the_page_says_so(client, victims, manager):
    quarter = make_quarter(overview="Well.")
    update = make_update(
        victims,
        quarter,
        narrative="Well.",
        finance_note="No money.",
        **dict.fromkeys(("objectives", "time", "spend", "capability", "risk"), "G"),
    )
    make_reading(update)
    confirm_all(quarter)
    close_for_real(approve_all(quarter))
    assert prepare(fresh(quarter)).findings == ()
    assert "Everything agrees" in said(get(client, manager, HERE))


def test_every_difference_has_to_be_explained(client, quarter, manager):
    found = [each.told for each in prepare(fresh(quarter)).findings]
    assert "Victims are better supported: Spend has no rating." in found
    with pytest.raises(Refused, match="Explain this, or mend it: Victims are better supported: Spend has no rating."):
        publish(fresh(quarter), by=manager)
    typed = typed_for(quarter)
    lacking = {name: "" for name in typed if name.startswith("why-")}
    assert "Explain this, or mend it" in said(post(client, manager, **{**typed, **lacking}))
    assert not Publication.objects.exists()


def test_explanations_are_kept_with_the_publication(client, quarter, manager):
    made = publish_for_real(quarter, manager, why="Agreed with the board.")
    kept = made.explanations
    assert {each["explanation"] for each in kept} == {"Agreed with the board."}
    assert {each["by"] for each in kept} == {"manager"}
    page = said(get(client, manager, HERE))
    assert all(each["told"] in page for each in kept)
    assert "Agreed with the board." in page


def test_a_small_count_among_what_is_public_has_to_be_ticked(client, victims, manager):
    quarter = make_quarter()
    update = make_update(victims, quarter)
    for n, value in enumerate((0, 1, 4, 5)):
        make_reading(update, make_indicator(victims, f"{n}", unit="number", title=f"No. of cases {n}"), value=value)
    make_reading(update, make_indicator(victims, "9", unit="percent", title="Share"), value=3)
    close_for_real(quarter)
    told = [small.told for small in prepare(fresh(quarter)).small]
    assert told == ["1 in Q1 2022/23 for 1 No. of cases 1", "4 in Q1 2022/23 for 2 No. of cases 2"]
    explanations = {found.mark: "Known." for found in prepare(fresh(quarter)).findings}
    with pytest.raises(Refused, match="Tick that 1 in Q1 2022/23 for 1 No. of cases 1 may be published."):
        publish(fresh(quarter), by=manager, explanations=explanations)
    typed = {name: value for name, value in typed_for(quarter).items() if not name.startswith("agreed-")}
    assert "or reopen the quarter and withhold it: [c]" in said(post(client, manager, **typed))
    made = publish_for_real(quarter, manager)
    assert [(each["told"], each["by"]) for each in made.disclosure] == [(each, "manager") for each in told]
    assert made.disclosure[0]["at"] == made.made_at.isoformat()
    assert "ticked by manager on" in said(get(client, manager, HERE))


def test_what_a_count_was_before_its_revision_is_looked_at_too(quarter, victims, victims_lead, manager):
    indicator = Indicator.objects.get(priority=victims, reference="1")
    Indicator.objects.filter(pk=indicator.pk).update(unit="number")
    correct(quarter, victims_lead, value=Decimal(3))
    publish_for_real(quarter, manager)
    correct(quarter, victims_lead, value=Decimal(300))
    told = [small.told for small in prepare(fresh(quarter)).small]
    assert any(each.startswith("3 in Q1 2022/23, as it was before,") for each in told)


# Telling


def test_those_who_filled_it_in_and_the_managers_are_told(quarter, manager, victims_lead, trust_lead):
    other = with_role("other-manager", Role.MANAGER)
    before = Notice.objects.count()
    publish_for_real(quarter, manager)
    told = list(Notice.objects.order_by("pk")[before:])
    assert {notice.person for notice in told} == {victims_lead, trust_lead, other}
    assert {notice.text for notice in told} == {"Q1 2022/23 is published, as version 1."}
    assert {notice.path for notice in told} == {"/published/2022-23-q1/v1/"}


def test_of_a_set_time_the_managers_are_told(quarter, manager):
    other = with_role("other-manager", Role.MANAGER)
    before = Notice.objects.count()
    publish_for_real(quarter, manager, at=later(days=1))
    (notice,) = Notice.objects.order_by("pk")[before:]
    assert notice.person == other
    assert "Q1 2022/23 will be published on" in notice.text


@pytest.mark.django_db(transaction=True)
def test_of_two_managers_at_once_one_publishes(quarter, manager):
    other = with_role("other-manager", Role.MANAGER)
    done = at_once(lambda: publish_for_real(quarter, manager), lambda: publish_for_real(quarter, other))
    refused = [each for each in done if isinstance(each, Refused)]
    assert (len(refused), Publication.objects.count()) == (1, 1)
    assert "is published already, as version 1." in str(refused[0])
    assert PublishedFile.objects.values("audience", "suffix").distinct().count() == PublishedFile.objects.count()


@pytest.mark.django_db(transaction=True)
def test_publishing_and_reopening_at_once_never_leaves_a_waiting_publication(quarter, victims, victims_lead, manager):
    at = later(days=1)
    at_once(
        lambda: publish_for_real(quarter, manager, at=at),
        lambda: reopen_for(victims_lead, quarter, victims),
    )
    assert fresh(quarter).status == QuarterStatus.OPEN
    assert not Publication.objects.waiting().exists()


def test_another_quarter_has_publications_of_its_own(quarter, victims, manager):
    publish_for_real(quarter, manager)
    second = make_quarter(Period(2022, 2))
    make_full_update(victims, second)
    close_for_real(second)
    assert publish_for_real(second, manager).version == 1
