"""What is held of a person can be given to them: all of it, and no secret."""

import json
from io import StringIO

import pytest
from django.contrib.sessions.models import Session
from django.core.management import CommandError, call_command

from tests.make import make_person, make_quarter, make_update
from updates.models import Draft

pytestmark = pytest.mark.django_db


def told(username):
    out = StringIO()
    call_command("person_data", username, stdout=out)
    return json.loads(out.getvalue())


def test_account_rows_sessions_and_mentions_are_told(client, victims, victims_lead):
    victims_lead.first_name, victims_lead.last_name = "Robin", "Lead"
    victims_lead.save()
    update = make_update(victims, make_quarter(), narrative="Robin Lead says so.", leads="Robin Lead")
    Draft.objects.create(person=victims_lead, update=update, section="goals", data={"a": "typed"})
    client.force_login(victims_lead)
    found = told("victims-lead")
    assert found["account"]["username"] == "victims-lead"
    assert found["rows"]["updates.Draft.person"][0]["data"] == {"a": "typed"}
    assert found["rows"]["priorities.Assignment.person"]
    assert {"narrative", "leads"} <= {name for each in found["mentions"] for name in each["fields"]}
    assert len(found["sessions"]) == Session.objects.count() == 1


def test_secrets_and_others_are_not(client, victims_lead):
    make_person("somebody-else", email="else@example.org")
    said = json.dumps(told("victims-lead"))
    assert victims_lead.password not in said
    assert "else@example.org" not in said


def test_a_name_that_nobody_has_is_told():
    with pytest.raises(CommandError, match="Nobody has the user name “nobody-here”"):
        call_command("person_data", "nobody-here")
