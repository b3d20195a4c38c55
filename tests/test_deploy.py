"""What deploy/ and docs/deploy.md say is what the code has."""

import io
import os
import re
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.management import call_command, get_commands

from workbooks.uploads import MAX_SENT

BASE = settings.BASE_DIR
DEPLOY, UNITS = BASE / "deploy", BASE / "deploy" / "systemd"
DOCUMENT = (BASE / "docs" / "deploy.md").read_text()
OF_BACKUPS = (BASE / "docs" / "backup.md").read_text()
BLOCKS = "".join(re.findall(r"```sh\n(.*?)```", DOCUMENT + OF_BACKUPS, flags=re.S))
EXAMPLE = (DEPLOY / "tracker.env").read_text()
NGINX = (DEPLOY / "nginx" / "tracker.conf").read_text()
KEY = "kO3_vT8-nR5xW1qZ" * 4
TO_FILL_IN = ("DEFAULT_FROM_EMAIL", "ALERTS_TO", "SECURITY_CONTACT", "ACCESSIBILITY_CONTACT")
OF_GUNICORN = {"WEB_CONCURRENCY", "WORKER_TIMEOUT", "MAX_REQUESTS", "BIND", "FORWARDED_ALLOW_IPS"}


def read_by_the_code():
    code = (BASE / "mopac_tracker" / "settings.py").read_text()
    return set(re.findall(r'env(?:_flag|_int|_list|_one_of)?\(\s*"([A-Z_]+)"', code))


def of_the_example():
    return {
        name: value
        for name, value in re.findall(r"^([A-Z_]+)=(.*)$", EXAMPLE, flags=re.M)
        if name != "SECRET_KEY" and name != "DATABASE_URL"
    } | dict.fromkeys(TO_FILL_IN, "office@example.org")


def check(*arguments, **environment):
    return subprocess.run(
        [sys.executable, "manage.py", "check", *arguments],
        cwd=BASE,
        env={"PATH": os.environ["PATH"], **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_example_environment_names_every_setting_and_no_other():
    named = set(re.findall(r"^#?([A-Z_]+)=", EXAMPLE, flags=re.M))
    assert named == read_by_the_code() | OF_GUNICORN


def test_the_deployment_check_asks_for_what_the_example_leaves_open():
    told = check("--deploy", SECRET_KEY=KEY, **of_the_example() | dict.fromkeys(TO_FILL_IN, "")).stderr
    assert "Mails come from tracker@localhost." in told
    for name in TO_FILL_IN[1:]:
        assert f"{name} is empty" in told


def test_gunicorn_reads_what_the_example_names():
    code = (DEPLOY / "gunicorn.conf.py").read_text()
    assert set(re.findall(r'environ\.get\("([A-Z_]+)"\)', code)) == OF_GUNICORN | {"LOG_LEVEL"}


def test_the_deployment_check_is_clean_with_the_example_and_a_key():
    done = check("--deploy", "--fail-level", "WARNING", SECRET_KEY=KEY, **of_the_example())
    assert done.returncode == 0, done.stderr


WRONG = [
    ({"DATABASE_URL": "postgresql://jo:hunter2@host:port/name"}, "E001", "DATABASE_URL names no database"),
    ({"DATABASE_URL": "mysql://jo:hunter2@host/name"}, "E001", "DATABASE_URL names no database"),
    ({"DATABASE_URL": "hunter2"}, "E001", "DATABASE_URL names no database"),
    ({"DATABASE_URL": "postgresql://jo:hunter2@host/"}, "E001", "DATABASE_URL names no database"),
    ({"PUBLIC_REPORTS": "maybe"}, "E001", "PUBLIC_REPORTS is “maybe”, which is neither 1 nor 0."),
    ({"LOG_LEVEL": "loud"}, "E001", "LOG_LEVEL is “LOUD”, which is none of DEBUG,"),
    ({"EMAIL_USE_TLS": "1", "EMAIL_USE_SSL": "1"}, "E002", "EMAIL_USE_TLS and EMAIL_USE_SSL are both on."),
    ({"EMAIL_HOST_USER": "jo"}, "E003", "Only one of EMAIL_HOST_USER and EMAIL_HOST_PASSWORD is set."),
    ({"ALLOWED_HOSTS": "*"}, "E004", "ALLOWED_HOSTS lets any host in."),
    ({"ALLOWED_HOSTS": "https://a.example"}, "E005", "ALLOWED_HOSTS has “https://a.example”, which is no host name."),
    ({"ALLOWED_HOSTS": "a.example:443"}, "E005", "ALLOWED_HOSTS has “a.example:443”, which is no host name."),
    ({"SECRET_KEY": "hunter2"}, "E006", "SECRET_KEY has 7 characters; 32 are needed."),
    ({"SECRET_KEY_FALLBACKS": "hunter2"}, "E006", "SECRET_KEY_FALLBACKS has 7 characters; 32 are needed."),
]


@pytest.mark.parametrize(("environment", "number", "told"), WRONG)
def test_a_bad_setting_is_an_error_with_a_hint_and_tells_no_secret(environment, number, told):
    done = check(**environment)
    assert done.returncode == 1
    assert f"(mopac_tracker.{number}) {told}" in done.stderr
    assert "HINT: " in done.stderr
    assert "hunter2" not in done.stderr


UNFIT = [
    ({"SITE_URL": "https://elsewhere.example"}, "W002", "SITE_URL names a host that ALLOWED_HOSTS lacks."),
    ({"DEFAULT_FROM_EMAIL": ""}, "W003", "Mails come from"),
    ({"SESSION_HOURS": "12"}, "W006", "SESSION_HOURS is 12: people at work are signed out and can't put it off."),
    (
        {"EMAIL_HOST": "mail.example.org", "EMAIL_HOST_USER": "t", "EMAIL_HOST_PASSWORD": "hunter2"},
        "W004",
        "The password of the mail server is sent without TLS.",
    ),
]


@pytest.mark.parametrize(("environment", "number", "told"), UNFIT)
def test_what_does_not_fit_a_server_is_a_warning_of_the_deployment_check(environment, number, told):
    done = check("--deploy", SECRET_KEY=KEY, **{**of_the_example(), **environment})
    assert f"(mopac_tracker.{number}) {told}" in done.stderr
    assert "hunter2" not in done.stderr


def test_a_database_that_cannot_be_read_is_never_quietly_another():
    done = subprocess.run(
        [sys.executable, "manage.py", "migrate", "--skip-checks"],
        cwd=BASE,
        env={"PATH": os.environ["PATH"], "DATABASE_URL": "postgresql://jo:hunter2@host:port/name"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "hunter2" not in done.stderr + done.stdout


def test_an_application_server_refuses_to_start_with_a_bad_setting():
    done = subprocess.run(
        [sys.executable, "-c", "import mopac_tracker.wsgi"],
        cwd=BASE,
        env={
            "PATH": os.environ["PATH"],
            "DJANGO_SETTINGS_MODULE": "mopac_tracker.settings",
            "SECRET_KEY": KEY,
            "DATABASE_URL": "hunter2",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "DATABASE_URL names no database" in done.stderr


def units():
    return sorted(UNITS.iterdir())


@pytest.mark.parametrize("unit", units(), ids=lambda unit: unit.name)
def test_every_command_in_a_unit_exists(unit):
    for command in re.findall(r"manage\.py (\w+)", unit.read_text()):
        assert command in get_commands(), command
    for path in re.findall(r"/srv/tracker/current/([\w/.-]+)", unit.read_text()):
        assert path.startswith(".venv/bin/") or (BASE / path).exists(), path
        if "ExecStart=/srv/tracker/current/deploy/" in unit.read_text():
            assert os.access(BASE / path, os.X_OK), path


def test_every_command_in_the_document_exists():
    named = set(re.findall(r"(?:^ *|do |&& )tracker (\w+)", BLOCKS, flags=re.M))
    assert named - {"COMMAND"} <= set(get_commands())
    assert {"check", "migrate", "createsuperuser", "newest_migrations"} <= named


def test_every_file_and_unit_in_the_document_exists():
    for path in re.findall(r"/srv/tracker/current/(deploy[\w/.-]*)", BLOCKS):
        assert (BASE / path).exists(), path
    for path in re.findall(r"\]\(([\w-]+\.md)\)", DOCUMENT):
        assert (BASE / "docs" / path).exists(), path
    names = {unit.name.replace("@", "") for unit in units()}
    for name in re.findall(r"systemctl [\w -]*?(tracker[\w-]*)(?:@\w+)?\.(?:service|timer|socket)", BLOCKS):
        assert any(unit.startswith(f"{name}.") for unit in names), name


def test_every_timer_has_its_service_and_every_service_alerts():
    for timer in UNITS.glob("*.timer"):
        assert timer.with_suffix(".service").exists()
        assert f"enable --now {timer.name}" in BLOCKS or timer.name in BLOCKS
    for service in UNITS.glob("*.service"):
        assert "OnFailure=tracker-alert@%n.service" in service.read_text() or "@" in service.name


# What reads the terminal takes the lines pasted after it, so it is the last of its block or reads nothing.
READS = r"^ *(?:(?!if |while ).*(?:\|\| |&& ))?(?:tracker (?!COMMAND)|apt-get |sudo )"


def test_a_block_may_be_pasted_whole():
    blocks = re.findall(r"^( *)```sh\n(.*?)^ *```", DOCUMENT + OF_BACKUPS, flags=re.S | re.M)
    assert len(blocks) > 25
    for _, block in blocks:
        for line in block.rstrip().splitlines()[:-1]:
            assert not re.search(READS, line) or "< /dev/null" in line, line


def test_only_the_backup_and_its_copy_see_the_backups():
    for service in UNITS.glob("*.service"):
        hidden = "InaccessiblePaths=-/var/backups/tracker" in service.read_text()
        assert hidden is (service.stem not in {"tracker-backup", "tracker-copy"}), service.name


def test_the_firewall_lets_in_what_the_document_says_and_no_more():
    rules = (DEPLOY / "nftables.conf").read_text()
    assert "hook input priority filter; policy drop;" in rules
    assert re.findall(r"tcp dport (.*) accept", rules) == ["{ 22, 80, 443 }"]
    assert "hook output" not in rules


def test_a_private_key_is_read_by_root_alone():
    assert "install -m 0600 /root/privkey.pem /etc/tracker/tls/privkey.pem" in BLOCKS


@pytest.fixture
def copying(tmp_path):
    """deploy/copy-backups on folders of the test, with stand-ins for age and for the number of the disk."""
    (tmp_path / "from").mkdir()
    (tmp_path / "to").mkdir()
    (tmp_path / "bin").mkdir()
    script = (DEPLOY / "copy-backups").read_text()
    for name, path in {
        "from": "/var/backups/tracker",
        "to": "/mnt/tracker-copies",
        "keys": "/etc/tracker/copies.pub",
    }.items():
        assert f"{name}={path}\n" in script
        script = script.replace(f"{name}={path}\n", f"{name}={tmp_path / name}\n")
    (tmp_path / "copy-backups").write_text(script)
    stands_in(tmp_path / "bin" / "age", 'rev "$5" > "$4"')
    stands_in(tmp_path / "bin" / "stat", 'case "$2" in %d) basename "$3";; *) exec /usr/bin/stat "$@";; esac')

    def copy(**environment):
        return subprocess.run(
            ["sh", str(tmp_path / "copy-backups")],
            env={"PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return tmp_path, copy


def stands_in(path, body):
    path.write_text(f"#!/bin/sh\n{body}\n")
    path.chmod(0o755)


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_every_backup_is_copied_once_and_as_many_stay_as_are_kept(copying):
    folder, copy = copying
    for day in (1, 2, 3):
        (folder / "from" / f"tracker-2026120{day}T021000Z.zip").write_text(f"backup {day}")
    done = copy()
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("read back and the same") == 3
    assert (folder / "to" / "tracker-20261203T021000Z.zip.age").read_text().strip() == "3 pukcab"
    assert copy().stdout == ""
    (folder / "to" / "notes.txt").write_text("theirs")
    assert copy(BACKUP_KEEP="1").returncode == 0
    assert names(folder / "to") == ["notes.txt", "tracker-20261203T021000Z.zip.age"]


def test_a_copy_that_fails_leaves_nothing_and_removes_nothing(copying):
    folder, copy = copying
    old = folder / "to" / "tracker-20261101T021000Z.zip.age"
    old.write_text("copy")
    (folder / "from" / "tracker-20261201T021000Z.zip").write_text("backup")
    stands_in(folder / "bin" / "cmp", "exit 1")
    assert copy(BACKUP_KEEP="1").returncode == 1
    assert names(folder / "to") == [old.name]


def test_nothing_is_copied_where_nothing_is_mounted_or_the_backups_are_old(copying):
    folder, copy = copying
    backup = folder / "from" / "tracker-20261101T021000Z.zip"
    backup.write_text("backup")
    os.utime(backup, (0, 0))
    done = copy()
    assert (done.returncode, done.stdout) == (1, "")
    assert "older than 26 hours" in done.stderr
    stands_in(folder / "bin" / "stat", "echo 1")
    done = copy()
    assert done.returncode == 1
    assert "nothing is mounted there" in done.stderr
    assert names(folder / "to") == []


def test_nginx_takes_what_we_take():
    (megabytes,) = re.findall(r"client_max_body_size (\d+)m;", NGINX)
    assert int(megabytes) * 2**20 == MAX_SENT
    assert f"More than {megabytes} MB" in (DEPLOY / "nginx" / "413.html").read_text()


def test_nginx_waits_longer_than_a_worker_may_take():
    (worker,) = re.findall(r'"WORKER_TIMEOUT"\) or (\d+)', (DEPLOY / "gunicorn.conf.py").read_text())
    (waits,) = re.findall(r"proxy_read_timeout (\d+)s;", NGINX)
    assert int(waits) > int(worker)


def test_nginx_believes_no_browser_about_itself():
    assert "$proxy_add_x_forwarded_for" not in NGINX
    for header in ("Host $host", "X-Forwarded-For $remote_addr", "X-Forwarded-Proto $scheme", 'X-Forwarded-Host ""'):
        assert f"proxy_set_header {header};" in NGINX


@pytest.mark.django_db
def test_the_newest_migrations_are_named_as_migrate_takes_them(capsys):
    call_command("newest_migrations")
    lines = dict(line.split() for line in capsys.readouterr().out.splitlines())
    assert lines["sessions"] == "0001_initial"
    assert lines["updates"] == "0005_decisions"
    call_command("migrate", "updates", lines["updates"], verbosity=0)


@pytest.mark.django_db
def test_waiting_ends_when_it_is_ready_or_says_why_not(capsys, monkeypatch):
    call_command("await_ready")
    assert capsys.readouterr().out == "ready\n"
    from mopac_tracker.management.commands import await_ready

    monkeypatch.setattr(await_ready, "why_not_ready", lambda: "The database does not answer.")
    with pytest.raises(await_ready.CommandError, match="does not answer"):
        call_command("await_ready", seconds=0)


def test_a_failed_unit_is_mailed_once_to_those_who_look_after_it(mailoutbox, settings):
    settings.ALERTS_TO = ["ops@example.org", "night@example.org"]
    call_command("alert", "tracker-backup.service", stdout=io.StringIO())
    (sent,) = mailoutbox
    assert sent.to == settings.ALERTS_TO
    assert sent.subject.startswith("Tracker: tracker-backup.service has failed on ")
    assert "journalctl -u tracker-backup.service" in sent.body


def test_an_alert_that_reaches_nobody_fails(settings, monkeypatch):
    from django.core.mail import EmailMessage
    from django.core.management import CommandError

    with pytest.raises(CommandError, match="set ALERTS_TO"):
        call_command("alert", "tracker.service")
    settings.ALERTS_TO = ["ops@example.org"]

    def refuse(mail):
        raise ConnectionRefusedError("ops@example.org")

    monkeypatch.setattr(EmailMessage, "send", refuse)
    with pytest.raises(CommandError, match="could not be sent: ConnectionRefusedError$"):
        call_command("alert", "tracker.service")
