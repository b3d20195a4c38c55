import pytest
from django.core.management import CommandError, call_command

from priorities.models import Person, Plan
from tests.make import make_plan

pytestmark = pytest.mark.django_db
PEOPLE = ["administrator", "exploitation-lead", "manager", "trust-lead", "victims-lead", "violence-lead"]


def test_the_demo_people_sign_in_with_the_password_given(client):
    call_command("load_demo", password="correct horse battery")
    assert sorted(Person.objects.values_list("username", flat=True)) == PEOPLE
    for username in PEOPLE:
        assert client.login(username=username, password="correct horse battery")


def test_without_debug_a_password_is_needed(settings):
    settings.DEBUG = False
    with pytest.raises(CommandError, match="give the demo people a password"):
        call_command("load_demo")
    assert not Person.objects.exists()


def test_with_debug_the_password_is_printed(settings, capsys):
    settings.DEBUG = True
    call_command("load_demo")
    assert "password: quarterly-demo" in capsys.readouterr().out


def test_the_demo_is_refused_where_there_is_data():
    make_plan()
    with pytest.raises(CommandError, match="has data already"):
        call_command("load_demo", password="x")
    assert Plan.objects.count() == 1
    assert not Person.objects.exists()


def test_it_can_be_asked_to_leave_data_alone(capsys):
    make_plan()
    call_command("load_demo", password="x", if_empty=True)
    assert "left as it is" in capsys.readouterr().out
