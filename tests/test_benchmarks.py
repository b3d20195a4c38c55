"""The benchmarks do what they say, in the small: the runs themselves are `make bench` and `make soak`."""

import pytest
from django.contrib.sessions.exceptions import SessionInterrupted
from django.db import OperationalError
from django.test import Client, RequestFactory
from django.urls import reverse

from benchmarks import faults, growth, load, scale
from benchmarks.sent import form_of, texts_in
from indicators.models import Reading
from mopac_tracker.unavailable import bad_request
from priorities.models import Quarter, UpdateStatus
from priorities.sign_in import people
from reports.models import ClosedReport

SMALL = scale.Size(quarters=3, priorities=2, indicators=3, goals=2, risks=4, filling_in=5, reading=3, published=0)


@pytest.fixture
def small(db):
    return scale.make(SMALL)


@pytest.fixture
def page(small):
    """An entry page, its address and what a browser would send of it."""
    lead, client = small.people["lead"][0], Client()
    client.force_login(lead)
    url = reverse(
        "updates:section", args=[Quarter.objects.get(status="open").period, small.priorities[0].slug, "risks"]
    )
    return client, url, form_of(client.get(url).content.decode())


def test_the_scale_data_set_has_the_rows_that_were_asked_for(small):
    counts = scale.counts()
    assert (counts["priorities"], counts["quarterly updates"], counts["indicators"]) == (2, 6, 6)
    assert (counts["readings"], counts["assessments"], counts["goal forecasts"]) == (18, 24, 12)
    assert counts["readings in history"] == 18 + 3 * 2  # every third was changed once more


def test_the_quarters_before_the_newest_are_closed_for_real(small):
    assert Quarter.objects.filter(status="closed").count() == ClosedReport.objects.count() == 2
    newest = Quarter.objects.get(status="open")
    assert {update.status for update in newest.updates.all()} == {UpdateStatus.IN_PROGRESS}


def test_ten_times_the_rows_are_ten_times_the_rows(db):
    scale.make(scale.Size(quarters=1, rows=10, priorities=1, indicators=2, goals=1, risks=1, filling_in=1, reading=1))
    assert Reading.objects.count() == 20


def test_the_same_numbers_make_the_same_rows():
    one, other = scale.Making(SMALL), scale.Making(SMALL)
    assert (one.key(), one.words(9)) == (other.key(), other.words(9))


def test_what_is_read_of_an_entry_page_is_what_a_browser_sends(page):
    client, url, form = page
    texts = texts_in(form)
    form[texts[0]] = "Said by somebody."
    assert client.post(url, form).status_code == 302
    assert form_of(client.get(url).content.decode())[texts[0]] == "Said by somebody."


def saved(client, url, form, *values):
    """The journal of a lead who saves these one after another."""
    cell, journal = texts_in(form)[1], []
    for value in values:
        form = {**form_of(client.get(url).content.decode()), cell: value}
        assert client.post(url, form).status_code == 302
        journal += [{"what": what, "cell": cell, "value": value} for what in ("sent", "saved")]
    return cell, journal


def test_saves_that_are_there_are_found(page):
    _, journal = saved(*page, "first", "second")
    assert load.missing_saves(journal) == ([], [])


def test_an_acknowledged_save_that_is_not_there_is_noticed(page):
    cell, journal = saved(*page, "first")
    journal += [{"what": what, "cell": cell, "value": "never written"} for what in ("sent", "saved")]
    lost, _ = load.missing_saves(journal)
    assert f"{cell}: “never written” is in no history" in lost


def test_a_save_that_something_unsent_overwrote_is_noticed(page):
    cell, journal = saved(*page, "first", "second")
    lost, _ = load.missing_saves(journal[:2])
    assert lost == [f"{cell}: “first” was overwritten by “second”"]


def test_a_save_that_was_written_twice_is_noticed(page):
    cell, journal = saved(*page, "first", "second", "first")
    _, doubled = load.missing_saves(journal[:2])
    assert doubled == [f"{cell}: “first” 2 times"]


def test_an_answer_that_is_no_page_misses_the_bar():
    journal = [{"what": "saved", "cell": "reading-1-note", "value": "x"}]
    bad = {"name": "overview", "ms": 5, "status": 500, "error": "", "at": 0}
    told = faults.told_of("a fault", load.Found([bad], journal), {"ready": "ready", "said": "", "until": 0})
    assert told.missed == ["500: 1 answers"]


@pytest.mark.sqlite  # PostgreSQL plans by the number of rows that it knows of
def test_the_state_of_the_data_is_summed_from_an_index(victims_lead):
    plan = people().filter(pk=victims_lead.pk).explain()
    assert "SCAN U0 USING COVERING INDEX update_version" in plan


def test_a_page_with_too_many_queries_misses_the_bar():
    found = {(8, 1): {"overview, open": {"queries": 13.0, "most": 12}, "export": {"queries": 99.0}}}
    assert growth.too_many_queries(found) == ["overview, open takes 13 queries with 8 quarters and rows × 1."]


def test_a_session_that_a_full_disk_refuses_is_told_as_the_database_and_not_as_the_form():
    full = OperationalError("database or disk is full")
    try:
        raise SessionInterrupted("gone") from full
    except SessionInterrupted as error:
        assert bad_request(RequestFactory().post("/"), error).status_code == 503
