"""Report rows are written through writing() or not at all."""

import asyncio
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from decimal import Decimal

import pytest
from django.contrib.contenttypes.models import ContentType
from django.core.exceptions import ValidationError
from django.core.serializers import deserialize, serialize
from django.db import IntegrityError, models, transaction

from goals.models import GoalForecast
from indicators.models import Reading
from priorities.door import OutsideTheDoor, Refused
from priorities.history import ChangeSet, Source
from priorities.models import (
    Assignment,
    AssignmentRole,
    QuarterlyUpdate,
    QuarterRow,
    UpdateStatus,
)
from priorities.periods import Period
from priorities.writing import create_plan, writing
from tests.make import (
    close,
    door,
    make_assessment,
    make_assignment,
    make_forecast,
    make_indicator,
    make_person,
    make_position,
    make_priority,
    make_quarter,
    make_reading,
    make_update,
    set_status,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def update(victims):
    return make_update(victims)


@pytest.fixture(params=["reading", "assessment", "forecast", "position", "update", "quarter"])
def row(request, update):
    make = {
        "reading": make_reading,
        "assessment": make_assessment,
        "forecast": make_forecast,
        "position": make_position,
        "update": lambda update: update,
        "quarter": lambda update: update.quarter,
    }
    return make[request.param](update)


def every_way_of_writing(row):
    model = type(row)
    field = next(f.name for f in model._meta.concrete_fields if isinstance(f, models.TextField | models.DecimalField))
    copy = model(**{f.attname: getattr(row, f.attname) for f in model._meta.concrete_fields if not f.primary_key})
    objects, base = model.objects, model._base_manager
    return {
        "save": row.save,
        "save the base": row.save_base,
        "load a fixture": lambda: next(iter(deserialize("json", serialize("json", [row])))).save(),
        "save some fields": lambda: row.save(update_fields=[field]),
        "save a copy": copy.save,
        "delete": row.delete,
        "create": lambda: objects.create(**{f.attname: getattr(copy, f.attname) for f in model._meta.concrete_fields}),
        "update_or_create": lambda: objects.update_or_create(defaults={field: None}, pk=row.pk),
        "update": lambda: objects.filter(pk=row.pk).update(**{field: None}),
        "update by the base manager": lambda: base.filter(pk=row.pk).update(**{field: None}),
        "delete a set": lambda: objects.filter(pk=row.pk).delete(),
        "delete a set by the base manager": lambda: base.filter(pk=row.pk).delete(),
        "raw delete": lambda: objects.filter(pk=row.pk)._raw_delete("default"),
        "bulk_create": lambda: objects.bulk_create([copy]),
        "bulk_create over conflicts": lambda: objects.bulk_create(
            [row], update_conflicts=True, update_fields=[field], unique_fields=["id"]
        ),
        "bulk_create ignoring conflicts": lambda: objects.bulk_create([row], ignore_conflicts=True),
        "bulk_update": lambda: objects.bulk_update([row], [field]),
        "the base manager's bulk_update": lambda: base.bulk_update([row], [field]),
        "a generic object's manager": lambda: (
            ContentType.objects.get_for_model(row)
            .model_class()
            ._default_manager.filter(pk=row.pk)
            .update(**{field: None})
        ),
    }


def test_every_way_of_writing_without_the_door_is_shut(row):
    for name, write in every_way_of_writing(row).items():
        with pytest.raises(OutsideTheDoor), transaction.atomic():
            write()
            pytest.fail(f"{name} wrote a {type(row).__name__}")


def test_related_managers_are_shut_too(update):
    make_reading(update)
    for write in (
        lambda: update.readings.update(note="x"),
        lambda: update.readings.all().delete(),
        lambda: update.quarter.updates.update(narrative="x"),
    ):
        with pytest.raises(OutsideTheDoor):
            write()


def test_the_async_ways_are_shut_too(update):
    """In a thread of its own: in this one the browser's loop may be running."""
    reading = make_reading(update)
    with ThreadPoolExecutor(1) as thread:
        for write in (reading.asave, reading.adelete, Reading.objects.aupdate):
            with pytest.raises(OutsideTheDoor):
                thread.submit(lambda write=write: asyncio.run(write())).result()


def test_every_model_of_report_rows_is_guarded_also_by_its_base_manager():
    from django.apps import apps

    rows = [model for model in apps.get_models() if issubclass(model, QuarterRow)]
    assert len(rows) == 6
    for model in rows:
        assert model._meta.base_manager_name == "objects"


def test_history_rows_of_the_past_are_not_written_by_deleting_what_they_are_about(update):
    reading = make_reading(update)
    with pytest.raises(models.ProtectedError):
        reading.indicator.delete()


def test_update_is_refused_inside_the_door_because_history_could_not_follow(update):
    make_reading(update)
    with pytest.raises(OutsideTheDoor, match="history"), door(update):
        Reading.objects.filter(update=update).update(note="x")


def test_writing_raises_the_version_once_and_the_instance_knows(update):
    with door(update):
        pass
    assert update.version == 1
    assert QuarterlyUpdate.objects.get().version == 1


@pytest.mark.parametrize(
    ("status", "reason"),
    [
        (
            UpdateStatus.SUBMITTED,
            "submitted and can't be edited; its lead can withdraw it, or a manager send it back",
        ),
        (UpdateStatus.APPROVED, "approved and can't be edited; a manager has to send it back first"),
        (UpdateStatus.CLOSED, "closed and can't be edited; an administrator has to reopen the quarter first"),
    ],
)
def test_a_locked_update_is_refused_with_the_reason_and_nothing_is_written(update, status, reason):
    set_status(update, status)
    with pytest.raises(Refused, match=reason), door(update):
        pytest.fail("the door opened")
    assert QuarterlyUpdate.objects.get().version == 0


def test_one_locked_update_among_several_refuses_all(victims, trust):
    quarter = make_quarter()
    free, locked = make_update(victims, quarter), make_update(trust, quarter, status=UpdateStatus.SUBMITTED)
    with (
        pytest.raises(Refused, match="Trust and confidence increases, Q1 2022/23 is submitted"),
        door(free, locked),
    ):
        pytest.fail("the door opened")
    assert QuarterlyUpdate.objects.get(pk=free.pk).version == 0


def test_a_lead_may_write_their_own_and_no_other(victims_lead, victims, trust):
    quarter = make_quarter()
    own, other = make_update(victims, quarter), make_update(trust, quarter)
    with door(own, by=victims_lead):
        own.narrative = "Ours"
        own.save()
    with pytest.raises(Refused, match="not yours to edit"), door(other, by=victims_lead):
        pytest.fail("the door opened")


@pytest.mark.parametrize("role", ["manager", "reader"])
def test_managers_and_readers_do_not_fill_in(request, update, role):
    with pytest.raises(Refused, match="not yours to edit"), door(update, by=request.getfixturevalue(role)):
        pytest.fail("the door opened")


def test_a_deputy_may_write_on_the_days_named_only(victims, update):
    deputy = make_person("deputy")
    assignment = make_assignment(victims, deputy, AssignmentRole.DEPUTY, ends_on="2022-07-31")
    with pytest.raises(Refused), door(update, by=deputy):
        pytest.fail("the door opened")
    assignment.ends_on = None
    assignment.save()
    with door(update, by=deputy):
        pass


def test_a_contributor_writes_their_section_only(victims, update):
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    position, reading = make_position(update), make_reading(update)
    with door(update, by=finance):
        position.save()
        with pytest.raises(Refused, match="not yours to change"):
            reading.save()
        with pytest.raises(Refused, match="not yours to change"):
            Reading.objects.bulk_update([reading], ["value"])


def test_a_contributor_writes_their_part_of_the_update_itself_only(victims, update):
    finance = make_assignment(victims, make_person("finance"), AssignmentRole.CONTRIBUTOR, section="finance").person
    with door(update, by=finance):
        update.finance_note = "Ours"
        update.save()
        update.narrative = "Not ours"
        with pytest.raises(Refused, match="not yours to change"):
            update.save()
        with pytest.raises(Refused, match="not yours to change"):
            QuarterlyUpdate.objects.bulk_update([update], ["narrative"])
    stored = QuarterlyUpdate.objects.get()
    assert (stored.finance_note, stored.narrative) == ("Ours", "")


def test_a_holder_of_a_row_writes_that_row_only(victims, update):
    analyst = make_assignment(victims, make_person("analyst"), AssignmentRole.CONTRIBUTOR).person
    mine = make_reading(update, make_indicator(victims, "1a", holder=analyst))
    other = make_reading(update, make_indicator(victims, "1b"))
    with door(update, by=analyst):
        mine.save()
        with pytest.raises(Refused):
            other.save()


def test_a_row_of_another_update_is_refused_inside_the_door(victims, trust):
    quarter = make_quarter()
    here, elsewhere = make_update(victims, quarter), make_update(trust, quarter)
    reading = make_reading(elsewhere)
    with door(here), pytest.raises(Refused):
        reading.save()


def test_a_row_cannot_be_moved_out_of_a_closed_update(victims):
    quarter = make_quarter()
    closed = make_update(victims, quarter)
    reading = make_reading(closed)
    close(quarter)
    current = make_update(victims, make_quarter(quarter.period.next))
    reading.update = current
    with door(current):
        for write in (
            reading.save,
            reading.delete,
            lambda: Reading.objects.bulk_update([reading], ["update"]),
        ):
            with pytest.raises(OutsideTheDoor, match="stays with what it was made for"), transaction.atomic():
                write()
    assert Reading.objects.get().update_id == closed.pk


def test_a_new_row_does_not_take_the_place_of_one_in_a_closed_update(victims):
    quarter = make_quarter()
    closed = make_update(victims, quarter)
    reading = make_reading(closed)
    close(quarter)
    current = make_update(victims, make_quarter(quarter.period.next))
    with pytest.raises(OutsideTheDoor), door(current):
        Reading(pk=reading.pk, update=current, indicator=reading.indicator, value=99).save()
    with pytest.raises(OutsideTheDoor), door(opening=True):
        QuarterlyUpdate(pk=closed.pk, quarter=current.quarter, priority=closed.priority).save()
    assert Reading.objects.get().value == 27
    assert QuarterlyUpdate.objects.get(pk=closed.pk).status == UpdateStatus.CLOSED


def test_a_row_stays_with_its_indicator_and_an_update_with_its_quarter(victims, update):
    reading, other = make_reading(update), make_indicator(victims, "9z")
    reading.indicator = other
    with pytest.raises(OutsideTheDoor, match="stays with what it was made for"), door(update):
        reading.save()
    update.quarter = make_quarter(update.quarter.period.next)
    with pytest.raises(OutsideTheDoor, match="stays with what it was made for"), door(update):
        update.save()


@pytest.mark.parametrize("status", ["closed", "planned"])
def test_updates_are_made_in_open_quarters_only(victims, status):
    quarter = make_quarter(status=status)
    for write in (
        QuarterlyUpdate(priority=victims, quarter=quarter).save,
        lambda: QuarterlyUpdate.objects.bulk_create([QuarterlyUpdate(priority=victims, quarter=quarter)]),
    ):
        with pytest.raises(Refused, match=f"{status}; updates are made in open quarters only"), door(opening=True):
            write()
    with pytest.raises(ValidationError, match="has to open it first"):
        QuarterlyUpdate(priority=victims, quarter=quarter).full_clean()


def test_an_update_is_of_its_quarters_plan():
    other = make_priority(plan=create_plan(title="Old", first_year=2018, last_year=2021, by=None, source=Source.ADMIN))
    with pytest.raises(ValidationError, match="is of another plan than Q1 2022/23"):
        QuarterlyUpdate(priority=other, quarter=make_quarter()).full_clean()


def test_a_lead_cannot_approve_by_saving(victims_lead, update):
    update.status = UpdateStatus.APPROVED
    with door(update, by=victims_lead), pytest.raises(Refused):
        update.save()


def test_doors_do_not_nest(update):
    with door(update), pytest.raises(OutsideTheDoor, match="open already"), door(update):
        pytest.fail("a second door opened")


def test_the_door_shuts_after_an_error_and_nothing_is_kept(update):
    with pytest.raises(ZeroDivisionError), door(update):
        update.narrative = "half"
        update.save()
        raise ZeroDivisionError
    assert QuarterlyUpdate.objects.get().narrative == ""
    with pytest.raises(OutsideTheDoor):
        update.save()


def test_only_administrators_make_updates_and_quarters(victims, victims_lead):
    quarter = make_quarter()
    with pytest.raises(Refused, match="Only an administrator"), door(by=victims_lead, opening=True):
        pytest.fail("the door opened")
    with door(), pytest.raises(Refused):
        QuarterlyUpdate(priority=victims, quarter=quarter).save()


def test_a_closed_quarters_overview_cannot_be_written(victims):
    quarter = close(make_quarter())
    with pytest.raises(Refused, match="closed and can't be edited"), door(overview_of=[quarter]):
        pytest.fail("the door opened")


def test_the_overview_is_written_by_managers_not_leads(victims_lead, manager):
    quarter = make_quarter()
    with (
        pytest.raises(Refused, match="managers and administrators"),
        door(overview_of=[quarter], by=victims_lead),
    ):
        pytest.fail("the door opened")
    with door(overview_of=[quarter], by=manager):
        quarter.overview = "All well"
        quarter.save()


def test_history_carries_person_source_and_change_set(update, administrator):
    reading = make_reading(update)
    with writing([update], by=administrator, source=Source.SPREADSHEET, note="q1.xlsx") as change_set:
        reading.value = Decimal(28)
        reading.save()
        update.narrative = "Up"
        update.save()
    newest = reading.history.first()
    assert (newest.change_set, newest.history_user) == (change_set, administrator)
    assert (change_set.source, change_set.note) == (Source.SPREADSHEET, "q1.xlsx")
    assert update.history.first().change_set == change_set


def test_bulk_writes_have_history_too(update, administrator):
    indicators = [make_indicator(update.priority, f"{n}") for n in range(3)]
    with door(update, by=administrator) as change_set:
        rows = Reading.objects.bulk_create([Reading(update=update, indicator=i) for i in indicators])
        for row in rows:
            row.value = Decimal(1)
        Reading.objects.bulk_update(rows, ["value"])
    for row in Reading.objects.all():
        assert [(h.history_type, h.value) for h in row.history.all()] == [("~", Decimal(1)), ("+", None)]
        assert {h.change_set for h in row.history.all()} == {change_set}
        assert {h.history_user for h in row.history.all()} == {administrator}
        assert row.version == 1


def test_a_deletion_through_the_door_is_in_history(update):
    forecast = make_forecast(update)
    pk = forecast.pk
    with door(update) as change_set:
        forecast.delete()
    last = GoalForecast.history.filter(id=pk).first()
    assert (last.history_type, last.change_set) == ("-", change_set)


def test_no_report_row_is_in_history_without_a_change_set(demo):
    for model in (Reading, GoalForecast, QuarterlyUpdate):
        assert model.history.exists()
        assert not model.history.filter(change_set__isnull=True).exists()


def test_a_plan_is_made_with_its_quarters_planned(administrator):
    plan = create_plan(title="Next", first_year=2026, last_year=2027, by=administrator, source=Source.ADMIN)
    assert [q.status for q in plan.quarters.all()] == ["planned"] * 8


def test_a_plan_is_made_by_administrators_only(manager):
    with pytest.raises(Refused, match="Only an administrator"):
        create_plan(title="Next", first_year=2026, last_year=2027, by=manager, source=Source.ADMIN)


def test_the_database_refuses_what_the_rules_forbid(update):
    for bad in (
        {"value": 1, "missing": "x"},
        {"target": 1, "target_missing": "x"},
        {"confidence": "Q"},
        {"missing": "q"},
    ):
        indicator = make_indicator(update.priority, next(iter(bad))[:9] + bad.get("missing", ""))
        with pytest.raises(IntegrityError), door(update):
            Reading.objects.bulk_create([Reading(update=update, indicator=indicator, **bad)])


def test_a_change_set_is_made_for_each_act(update):
    before = ChangeSet.objects.count()
    with door(update):
        pass
    assert ChangeSet.objects.count() == before + 1
    assert Assignment.objects.count() == 0


def test_what_history_keeps_of_bulk_writes_is_what_it_keeps_of_single_ones(update, administrator):
    day, indicators = dt.date(2022, 6, 30), [make_indicator(update.priority, f"{n}") for n in (1, 2)]
    readings = [make_reading(update, indicator, as_at=day) for indicator in indicators]
    risk = make_assessment(update).risk
    risk.closed_from, risk.closed_reason = Period(2022, 2), "Over"
    with door(update, by=administrator) as change_set:
        readings[0].value = readings[1].value = Decimal("27.1234")
        readings[0].save()
        Reading.objects.bulk_update(readings[1:], ["value"])
        risk.save()
        type(risk).objects.bulk_update([risk], ["closed_from", "closed_reason"])
    apart = {"history_id", "history_date", "history_change_reason", "id", "indicator_id", "key"}

    def kept(entry):
        return {name: value for name, value in vars(entry).items() if name not in apart and name[0] != "_"}

    single, bulk = (reading.history.first() for reading in readings)
    assert kept(single) == kept(bulk)
    assert (bulk.id, bulk.indicator_id, bulk.change_set) == (readings[1].pk, readings[1].indicator_id, change_set)
    assert (bulk.history_user, bulk.history_type, bulk.history_change_reason) == (administrator, "~", "")
    newest, before = risk.history.all()[:2]
    assert kept(newest) == kept(before)
    assert (newest.key, newest.closed_from) == (risk.key, Period(2022, 2))
