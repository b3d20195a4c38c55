"""Backups of whichever database the tests run on, restored for real and compared without the code that made them."""

import json
import os
import re
import resource
import signal
import stat
import subprocess
import sys
import threading
import time
import zipfile
from contextlib import closing, contextmanager
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection, connections, transaction
from django.db.utils import ConnectionHandler

from mopac_tracker.backups import archive, engines, manifest, restoring, taking
from mopac_tracker.backups.problems import Problem
from mopac_tracker.management.commands.restore import named
from priorities.audit import Act, AuditEvent
from priorities.history import ChangeSet, Source
from tests.closed import approve_all, close_for_real
from tests.make import make_import, make_person
from tests.published import confirm_all, publish_for_real

pytestmark = pytest.mark.django_db(transaction=True)
ON_POSTGRESQL = connection.vendor == "postgresql"


@pytest.fixture
def filled(demo, demo_person):
    """The reference quarter closed and published, an imported file, and a text that is awkward everywhere."""
    make_import(demo_person("manager"), data=bytes(range(256)) * 40, name="Über ‘us’.xlsx")
    confirm_all(demo)
    close_for_real(approve_all(demo))
    publish_for_real(demo, demo_person("manager"))
    ChangeSet.objects.create(source=Source.COMMAND, note='"x",\n\ttab \\N \\ NULL 😀 =1+1')


@pytest.fixture
def folder(tmp_path):
    made = tmp_path / "backups"
    made.mkdir()
    return made


@pytest.fixture
def empty(tmp_path):
    """The URL of a database that is empty, on the engine of this run."""
    if not ON_POSTGRESQL:
        yield f"sqlite:///{tmp_path / 'other.sqlite3'}"
        return
    name = f"other_{os.urandom(4).hex()}"
    with engines.live().connect(autocommit=True) as server:
        server.execute(f"CREATE DATABASE {name}")
        yield url_of(name)
        server.execute(f"DROP DATABASE {name} WITH (FORCE)")


def url_of(name=None):
    """Of the database of this run, or another one beside it."""
    if not ON_POSTGRESQL:
        return f"sqlite:///{name or connection.settings_dict['NAME']}"
    given = {key: quote(str(value), safe="") for key, value in engines.live().params.items()}
    password = f":{given['password']}" if "password" in given else ""
    host = given.get("host", "localhost") + (f":{given['port']}" if "port" in given else "")
    return f"postgresql://{given['user']}{password}@{host}/{name or given['dbname']}"


def backup(folder, **kwargs):
    call_command("backup", to=str(folder), **kwargs)
    return sorted(folder.glob("*.zip"))[-1]


def restored(path, url, **kwargs):
    call_command("restore", path, into=url, **kwargs)


def manage(*arguments, url=None, before="", **kwargs):
    """manage.py in a process of its own; `before` is run in it first."""
    run = f"execute_from_command_line({['manage.py', *map(str, arguments)]!r})"
    imports = "import django; django.setup()\nfrom django.core.management import execute_from_command_line"
    command = [sys.executable, "-c", f"{imports}\n{before}\n{run}"]
    env = {"DATABASE_URL": url or url_of(), "SECRET_KEY": settings.SECRET_KEY, "DEBUG": "1", "PG_BIN": settings.PG_BIN}
    env |= {"DJANGO_SETTINGS_MODULE": "mopac_tracker.settings"}
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, **kwargs)


@contextmanager
def other(url):
    import dj_database_url

    opened = ConnectionHandler({"default": dj_database_url.parse(url)})["default"]
    with closing(opened):
        yield opened


def everything(of):
    """Every row of every table, read plainly."""
    with of.cursor() as cursor:
        rows = {}
        for table in of.introspection.table_names(cursor):
            cursor.execute(f'SELECT * FROM "{table}"')  # noqa: S608
            rows[table] = sorted(
                repr([bytes(v) if isinstance(v, memoryview) else v for v in r]) for r in cursor.fetchall()
            )
        return rows


@contextmanager
def somebody_writing():
    """Pairs of rows, each pair in a transaction, without a pause; yields how many pairs there are by now."""
    pairs, enough = [0], threading.Event()

    def write():
        try:
            while not enough.is_set():
                with transaction.atomic():
                    for half in ("first", "second"):
                        ChangeSet.objects.create(source=Source.COMMAND, note=f"{half} of {pairs[0]}")
                pairs[0] += 1
        finally:
            connections.close_all()

    writer = threading.Thread(target=write)
    writer.start()
    try:
        while pairs[0] < 3:
            time.sleep(0.01)
        yield pairs
    finally:
        enough.set()
        writer.join()


def halves(of):
    with of.cursor() as cursor:
        counted = []
        for half in ("first", "second"):
            cursor.execute("SELECT count(*) FROM priorities_changeset WHERE note LIKE %s", [f"{half} of %"])
            counted.append(cursor.fetchone()[0])
        return counted


def test_every_row_of_every_table_is_the_same_after_a_restore(filled, folder, empty, capsys):
    before = everything(connection)
    restored(backup(folder), empty)
    with other(empty) as there:
        assert everything(there) == before
    assert len(before["reports_publishedfile"]) > 5
    assert len(before["workbooks_importfile"]) == 1
    assert re.search(r"all [\d,]+ rows of \d+ tables are the same", capsys.readouterr().out)


def test_a_restored_database_goes_on_counting_where_it_was(demo, folder, empty):
    restored(backup(folder), empty)
    last = ChangeSet.objects.latest("pk").pk
    before = "from priorities.history import ChangeSet; print(ChangeSet.objects.create(source='command').pk)"
    run = manage("check", url=empty, before=before)
    assert int(run.stdout.splitlines()[0]) > last


def test_a_backup_that_is_taken_while_somebody_writes_is_of_one_moment(victims, folder, empty):
    with somebody_writing() as pairs:
        at_first = pairs[0]
        path = backup(folder)
        while pairs[0] == at_first:
            time.sleep(0.01)
    restored(path, empty)
    with other(empty) as there:
        first, second = halves(there)
    assert at_first <= first == second <= pairs[0]
    assert first < halves(connection)[0]  # and they wrote on


def test_a_backup_is_for_its_owner_only_and_says_what_it_is(demo, folder, capsys):
    path = backup(folder)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert re.fullmatch(r"tracker-\d{8}T\d{6}Z\.zip", path.name)
    said = archive.verify(path)
    assert said["tables"]["priorities_person"]["rows"] == 6
    assert "priorities.0001_initial" in said["migrations"]
    assert "read back and whole" in capsys.readouterr().out
    assert AuditEvent.objects.filter(act=Act.BACKED_UP, by=None, about=path.name).count() == 1


def test_older_backups_go_once_there_is_a_newer_one_and_other_files_stay(victims, folder):
    (folder / "notes.txt").write_text("mine")
    made = [backup(folder, keep=2) for _ in range(4)]
    assert sorted(path.name for path in folder.iterdir()) == ["notes.txt", made[2].name, made[3].name]


def test_a_new_backup_is_the_newest_by_its_name_when_the_clock_went_back(victims, folder):
    (folder / "tracker-20990101T000000Z.zip").write_text("an older one")
    made = backup(folder, keep=1)
    assert [path.name for path in folder.iterdir()] == [made.name] == ["tracker-20990101T000001Z.zip"]


def test_checking_a_backup_restores_it_and_leaves_nothing(demo, folder, capsys, monkeypatch, tmp_path):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    before = everything(connection)
    path = backup(folder)
    call_command("restore", path, check=True)
    assert "can be restored: it was, into a temporary place that is gone again" in capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [folder]
    assert len(everything(connection)["priorities_auditevent"]) == len(before["priorities_auditevent"]) + 1
    if ON_POSTGRESQL:
        with connection.cursor() as cursor:
            cursor.execute("SELECT count(*) FROM pg_database WHERE datname LIKE 'tracker_check_%'")
            assert cursor.fetchone()[0] == 0


def test_a_restore_refuses_a_database_that_is_not_empty_and_says_what_to_do(demo, folder):
    path, before = backup(folder), everything(connection)
    with pytest.raises(CommandError, match=r"a restore never overwrites .* try the\s+backup with --check"):
        call_command("restore", path)
    assert everything(connection) == before


def test_a_live_restore_is_on_record_in_what_was_restored(demo, folder, empty):
    run = manage("restore", backup(folder), url=empty)
    assert run.returncode == 0, run.stderr
    with other(empty) as there, there.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM priorities_auditevent WHERE act = 'restored'")
        assert cursor.fetchone()[0] == 1


@pytest.mark.parametrize("left", [0, 0.5, -10])
def test_a_backup_that_was_cut_short_is_refused_and_nothing_is_restored(victims, folder, empty, left):
    path = backup(folder)
    data = path.read_bytes()
    path.write_bytes(data[: int(left * len(data)) if isinstance(left, float) else left])
    with pytest.raises(CommandError, match="damaged or cut short"):
        restored(path, empty)
    assert named(empty).refuse_unless_empty() is None


def rewritten(path, change=lambda said: None, dump=lambda data: data, **more):
    """The backup as somebody would change it who has not the key."""
    with zipfile.ZipFile(path) as old:
        said = json.loads(old.read("manifest.json"))
        name = said["dump"]["name"]
        data = dump(old.read(name))
    change(said)
    with zipfile.ZipFile(path, "w") as new:
        for member, content in {name: data, "manifest.json": json.dumps(said), **more}.items():
            new.writestr(member, content)
    return path


def sealed(said):
    said["seal"] = manifest.seal_of(said, settings.SECRET_KEY)


def test_a_manifest_that_was_changed_breaks_its_seal(victims, folder, empty):
    path = rewritten(backup(folder), lambda said: said["tables"]["priorities_person"].update(rows=99))
    with pytest.raises(CommandError, match="its seal is broken"):
        restored(path, empty)


def test_a_dump_that_was_changed_is_not_the_one_the_manifest_speaks_of(victims, folder, empty):
    path = rewritten(backup(folder), dump=lambda data: data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(CommandError, match="not the one that the manifest speaks of"):
        restored(path, empty)
    longer = rewritten(backup(folder), dump=lambda data: data + b"more")
    with pytest.raises(CommandError, match="not the one that the manifest speaks of"):
        restored(longer, empty)


@pytest.mark.parametrize("name", ["../../evil.py", "/etc/evil", "another.txt"])
def test_an_archive_with_other_files_is_refused(victims, folder, empty, name):
    path = rewritten(backup(folder), **{name: "x"})
    with pytest.raises(CommandError, match="holds other files"):
        restored(path, empty)


def test_files_that_are_no_backup_are_told_as_that(folder, empty):
    foreign = folder / "workbook.zip"
    with zipfile.ZipFile(foreign, "w") as made:
        made.writestr("sheet.csv", "a,b")
    (folder / "text.zip").write_text("hello")
    for name, said in [("workbook.zip", "no manifest"), ("text.zip", "no backup of the tracker"), ("x.zip", "no file")]:
        with pytest.raises(CommandError, match=said):
            restored(folder / name, empty)


@pytest.mark.parametrize(
    "broken", [{"dump": {}}, {"tables": {"x": 1}}, {"engine": "oracle"}, {"what": ""}, {"format": 2}]
)
def test_a_manifest_of_another_shape_is_told(victims, folder, empty, broken):
    path = rewritten(backup(folder), lambda said: (said.update(broken), sealed(said)))
    with pytest.raises(CommandError, match="damaged|no backup|newer software"):
        restored(path, empty)


def test_what_differs_after_a_restore_is_told_by_table_and_not_put_in_place(victims, folder, empty):
    def change(said):
        said["tables"]["priorities_plan"]["checksum"] = "0" * 64
        said["tables"]["priorities_priority"]["rows"] += 1
        sealed(said)

    path = rewritten(backup(folder), change)
    with pytest.raises(CommandError, match=r"priorities_plan has other rows; priorities_priority has 1 rows, not 2"):
        restored(path, empty)


def test_another_secret_key_is_told_and_has_to_be_meant(victims, folder, empty, settings, capsys):
    path = backup(folder)
    settings.SECRET_KEY = "another one, which is just as long as it needs to be"
    with pytest.raises(CommandError, match=r"another SECRET_KEY: second factors .* will not work"):
        restored(path, empty)
    restored(path, empty, another_key=True)
    assert "another SECRET_KEY" in capsys.readouterr().err


def test_a_key_that_was_replaced_still_knows_its_backups(victims, folder, empty, settings):
    path = backup(folder)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "the new one"
    restored(path, empty)


def test_a_backup_of_newer_software_is_refused_and_one_of_older_is_to_be_migrated(victims, folder, empty, capsys):
    path = backup(folder)
    rewritten(path, lambda said: (said["migrations"].append("reports.0099_more"), sealed(said)))
    with pytest.raises(CommandError, match=r"newer software .* lacks reports\.0099_more"):
        restored(path, empty)
    rewritten(path, lambda said: (said.update(migrations=said["migrations"][:-3]), sealed(said)))
    restored(path, empty)
    assert "2 migrations ago: run `manage.py migrate`" in capsys.readouterr().out


def test_a_backup_of_the_other_engine_is_refused(victims, folder, empty):
    there = "sqlite" if ON_POSTGRESQL else "postgresql"
    said = {**archive.verify(backup(folder)), "engine": there}
    with pytest.raises(Problem, match="restore it into"):
        restoring.restore(folder / "any.zip", said, named(empty))


@pytest.mark.parametrize("command", ["backup", "export_all"])
def test_on_a_full_disk_one_line_says_so_and_no_half_file_stays(demo, folder, command):
    """A limit on the size of files stands for the disk: what it meets is the same failed write."""
    arguments = ["--to", folder] if command == "backup" else [folder / "all.zip"]
    run = manage(command, *arguments, preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (40_000, 40_000)))
    assert run.returncode == 1
    assert len(run.stderr.strip().splitlines()) == 1, run.stderr
    assert re.match("CommandError: (No backup was taken|Nothing was exported)", run.stderr)
    assert list(folder.iterdir()) == []


def test_a_failed_backup_leaves_the_earlier_ones(victims, folder, monkeypatch):
    path = backup(folder)

    def full(*args):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(archive, "settle", full)
    monkeypatch.setattr(taking, "settle", full)
    with pytest.raises(CommandError, match="No backup was taken: the disk is full"):
        call_command("backup", to=str(folder), keep=1)
    assert list(folder.iterdir()) == [path]


def test_a_backup_that_is_killed_leaves_no_backup_and_the_next_one_clears_up(victims, folder):
    kill = "import os; from mopac_tracker.backups import taking; taking.verify = lambda path: os.kill(os.getpid(), 9)"
    assert manage("backup", "--to", folder, before=kill).returncode == -signal.SIGKILL
    assert [path.name.startswith(".tracker-backup-") for path in folder.iterdir()] == [True]
    made = backup(folder)
    assert list(folder.iterdir()) == [made]


def test_a_backup_that_is_stopped_clears_up_itself(victims, folder):
    stop = "import os; from mopac_tracker.backups import taking; taking.verify = lambda path: os.kill(os.getpid(), 15)"
    assert manage("backup", "--to", folder, before=stop).returncode == 128 + signal.SIGTERM
    assert list(folder.iterdir()) == []


HALF = """
import os
from contextlib import contextmanager
from mopac_tracker.backups import restoring
opened = restoring.opened

def cut(parts):
    yield next(parts)[:50_000]
    os.kill(os.getpid(), 9)

@contextmanager
def half(path):
    with opened(path) as (said, parts):
        yield said, cut(parts)

restoring.opened = half
"""


def test_a_restore_that_is_killed_half_way_leaves_the_database_empty(victims, folder, empty):
    path = backup(folder)
    assert manage("restore", path, url=empty, before=HALF).returncode == -signal.SIGKILL
    time.sleep(2 * ON_POSTGRESQL)  # pg_restore sees the end of its pipe
    restored(path, empty)


def test_two_backups_at_once_do_not_mix(victims, folder):
    with taking.held(folder), pytest.raises(CommandError, match="Another backup is being written"):
        backup(folder)


def test_a_backup_says_what_is_missing(victims, tmp_path):
    with pytest.raises(CommandError, match="set BACKUP_FOLDER, or use --to"):
        call_command("backup", to="")
    with pytest.raises(CommandError, match=r"There is no folder .* make it"):
        call_command("backup", to=str(tmp_path / "none"))
    with pytest.raises(CommandError, match="--keep is 1 or more"):
        call_command("backup", to=str(tmp_path), keep=0)


def test_pg_dump_that_is_missing_or_too_old_is_told_with_the_package(tmp_path, settings, monkeypatch):
    monkeypatch.setenv("PATH", "/none")
    settings.PG_BIN = str(tmp_path)
    with pytest.raises(Problem, match="was not found: install Debian's package postgresql-client-98"):
        engines.tool_for("pg_dump", 98)
    old = tmp_path / "pg_dump"
    old.write_text("#!/bin/sh\necho 'pg_dump (PostgreSQL) 97.14 (Debian 97.14-0)'\n")
    old.chmod(0o755)
    with pytest.raises(Problem, match="is of PostgreSQL 97, the server is 98: install"):
        engines.tool_for("pg_dump", 98)
    assert engines.tool_for("pg_dump", 97) == str(old)


def test_a_role_that_may_not_make_databases_is_told_what_to_do(monkeypatch):
    def refused(self, **kwargs):
        raise psycopg.errors.InsufficientPrivilege("permission denied to create database")

    monkeypatch.setattr(engines.PostgreSQL, "connect", refused)
    server = engines.PostgreSQL.__new__(engines.PostgreSQL)
    server.params = {}
    with pytest.raises(Problem, match="may not make a database to check the backup in"), server.temporary():
        pass


def test_a_database_that_is_away_is_told_in_one_line(folder):
    away = "postgresql://nobody@127.0.0.1:1/none" if ON_POSTGRESQL else f"sqlite:///{folder}/none.sqlite3"
    run = manage("backup", "--to", folder, url=away)
    assert run.returncode == 1
    assert run.stderr.startswith("CommandError: No backup was taken")
    assert len(run.stderr.strip().splitlines()) == 1
    assert list(folder.iterdir()) == []


def test_people_make_no_difference_to_names(victims, folder):
    """Nothing of a person is in the manifest, which may be read without opening the dump."""
    make_person("rosalind", email="rosalind@example.org")
    with zipfile.ZipFile(backup(folder)) as made:
        assert b"rosalind" not in made.read("manifest.json")
