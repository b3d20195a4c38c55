"""What holds for the project as a whole."""

import inspect
import os
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command

from mopac_tracker.frames import with_room
from priorities.models import Definition, Role


@pytest.mark.django_db
def test_no_migration_is_missing():
    call_command("makemigrations", check=True, dry_run=True, verbosity=0)


def manage(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", *arguments],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_deployment_check_is_clean():
    done = manage(
        "check",
        "--deploy",
        "--fail-level",
        "WARNING",
        SECRET_KEY="x" * 40 + "Ab1_" * 8,
        ALLOWED_HOSTS="tracker.example",
        SITE_URL="https://tracker.example/",
        DEFAULT_FROM_EMAIL="tracker@example.org",
        ALERTS_TO="operations@example.org",
        ACCESSIBILITY_CONTACT="access@tracker.example",
        SECURITY_CONTACT="security@tracker.example",
    )
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("address", ["", "http://tracker.example", "https://", "tracker.example"])
def test_the_deployment_check_tells_of_mail_that_would_lead_nowhere(address):
    done = manage("check", "--deploy", "--tag", "mail", **({"SITE_URL": address} if address else {}))
    assert "(mopac_tracker.W001) SITE_URL is" in done.stderr
    assert "HINT: Set SITE_URL to where people reach the tracker" in done.stderr


@pytest.mark.parametrize("said", ["ten", "0", "-1", "2.5", "٣", "9" * 30])
def test_a_setting_that_is_no_number_is_told_with_what_to_do(said):
    done = manage("check", EMAIL_TIMEOUT=said)
    assert done.returncode == 1
    assert f"EMAIL_TIMEOUT is “{said}”, which is no whole number of 1 or more." in done.stderr
    assert "HINT: Correct EMAIL_TIMEOUT, or leave it out for the default." in done.stderr


def test_commands_work_without_any_setting():
    assert manage("check").returncode == 0


def test_an_application_server_refuses_to_start_without_a_key():
    code = "import os; os.environ['DJANGO_SETTINGS_MODULE']='mopac_tracker.settings'; import mopac_tracker.wsgi"
    done = subprocess.run(
        [sys.executable, "-c", code],
        cwd=settings.BASE_DIR,
        env={"PATH": os.environ["PATH"]},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "Set SECRET_KEY" in done.stderr


@pytest.mark.django_db
def test_roles_and_definitions_are_there_after_a_migration_and_again_after_another():
    from django.contrib.auth.models import Group

    call_command("migrate", verbosity=0)
    assert set(Group.objects.values_list("name", flat=True)) == set(Role.values)
    assert Definition.objects.count() == 22
    edited = Definition.objects.first()
    edited.text = "Agreed here"
    edited.save()
    call_command("migrate", verbosity=0)
    assert Definition.objects.count() == 22
    edited.refresh_from_db()
    assert (edited.text, edited.is_default) == ("Agreed here", False)


def test_the_engine_under_test_is_the_one_named(db):
    from django.db import connection

    named = os.environ.get("DATABASE_URL", "")
    assert connection.vendor == ("postgresql" if named.startswith("postgres") else "sqlite")


# Room for the frames of calls


def test_what_is_called_with_room_answers_and_fails_as_it_does_without():
    assert with_room(max, 1, 5) == 5
    with pytest.raises(ZeroDivisionError):
        with_room(divmod, 1, 0)


def test_its_frame_is_larger_than_the_blocks_that_it_is_to_avoid():
    assert with_room.__code__.co_nlocals * 8 > 16 * 1024


def test_tests_commands_and_requests_are_run_with_room():
    assert with_room.__code__ in {each.frame.f_code for each in inspect.stack()}
    asked = "import inspect; from mopac_tracker.wsgi import application"
    asked += "; print(*{each.function for each in inspect.stack()}, *application.__code__.co_names)"
    told = manage("shell", "--no-imports", "--command", asked, DEBUG="1").stdout.split()
    assert told.count("with_room") == 2, told
