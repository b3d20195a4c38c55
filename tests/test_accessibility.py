"""The accessibility statement: open to everybody, linked from every page, and as the checklist has it."""

import re

import pytest
from django.conf import settings as project
from django.urls import reverse

from mopac_tracker.accessibility import CHECKED_ON
from mopac_tracker.checks import there_is_whom_to_write_to

pytestmark = pytest.mark.django_db
STATEMENT = "/accessibility/"


def test_anybody_reads_the_statement_and_whom_to_write_to(client, settings):
    settings.ACCESSIBILITY_CONTACT = "access@tracker.example"
    page = client.get(STATEMENT)
    assert page.status_code == 200
    text = page.content.decode()
    assert 'href="mailto:access@tracker.example"' in text
    assert "We answer within 10 working days." in text
    assert "Equality Advisory and Support Service (EASS)" in text


def test_without_a_contact_it_names_the_administrators(client, settings):
    settings.ACCESSIBILITY_CONTACT = ""
    text = client.get(STATEMENT).content.decode()
    assert "administrator of this site" in text
    assert "mailto:" not in text
    assert "working days" not in text


def test_every_page_leads_to_the_statement(client, administrator):
    link = f'<a href="{STATEMENT}">Accessibility</a>'
    assert link in client.get(reverse("login")).content.decode()
    client.force_login(administrator)
    for path in ("/", "/people/", "/admin/", "/admin/priorities/person/", "/imports/", "/no-such-page/"):
        assert link in client.get(path).content.decode(), path


@pytest.mark.parametrize("contact", ["", "somebody", "https://tracker.example/", "a@b"])
def test_the_deployment_check_asks_for_a_contact(settings, contact):
    settings.ACCESSIBILITY_CONTACT = contact
    (told,) = there_is_whom_to_write_to(None)
    assert told.id == "mopac_tracker.W020"
    assert "ACCESSIBILITY_CONTACT" in told.msg


def test_with_a_contact_the_deployment_check_is_content(settings):
    settings.ACCESSIBILITY_CONTACT = "access@tracker.example"
    assert there_is_whom_to_write_to(None) == []


def test_the_checklist_has_every_criterion_once_and_the_day_of_the_statement():
    text = (project.BASE_DIR / "docs" / "accessibility.md").read_text()
    assert f"{CHECKED_ON:%-d %B %Y}" in text
    listed = re.findall(r"^\| (\d\.\d\.\d+) ", text, re.MULTILINE)
    assert len(listed) == len(set(listed)) == 55  # levels A and AA of WCAG 2.2, without the obsolete 4.1.1
