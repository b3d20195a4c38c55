"""Where the rows are: a SQLite file or a PostgreSQL database, each dumped and restored with its own tools."""

from __future__ import annotations

import os
import re
import shutil
import sqlite3
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import IO, Any, Protocol

import psycopg
from django.conf import settings
from django.db import connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import IsolationLevel, sql
from psycopg.conninfo import make_conninfo

from .archive import chunks, settle, settle_folder
from .problems import Problem
from .rows import Tables, Text, tables_of_postgresql, tables_of_sqlite

RELATIONS = """
    SELECT count(*) FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'v', 'm', 'S') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
"""
APPLIED = "SELECT app, name FROM django_migrations ORDER BY app, name"


class Snapshot(Protocol):
    """A database at one moment."""

    server: str

    def dump(self) -> Iterable[bytes]: ...
    def tables(self) -> Tables: ...
    def migrations(self) -> list[str]: ...


def engine_of(connection: BaseDatabaseWrapper) -> SQLite | PostgreSQL:
    kinds: dict[str, Any] = {"sqlite": SQLite, "postgresql": PostgreSQL}
    if connection.vendor not in kinds:
        raise Problem(f"Backups are of SQLite and PostgreSQL, not of {connection.display_name}.")
    return kinds[connection.vendor](connection)


class SQLite:
    name = "sqlite"

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        self.path = Path(connection.settings_dict["NAME"])

    def __str__(self) -> str:
        return f"the SQLite file {self.path}"

    @contextmanager
    def snapshot(self, work: Path) -> Iterator[Snapshot]:
        if not self.path.is_file():
            raise Problem(f"There is no database at {self.path}: nothing to back up. Is DATABASE_URL right?")
        copy = work / "copy.sqlite3"
        copy.touch(mode=0o600)
        with closing(sqlite3.connect(copy)) as taken:
            with closing(sqlite3.connect(f"{self.path.absolute().as_uri()}?mode=rw", uri=True, timeout=20)) as live:
                live.backup(taken)  # all pages in one step: one moment, while others write on
            taken.execute("PRAGMA journal_mode = DELETE")  # one file, without a -wal beside it
            yield SQLiteSnapshot(taken, copy)

    def refuse_unless_empty(self) -> None:
        if not self.path.exists() or self.path.stat().st_size == 0:
            return
        raise Problem(
            f"{self.path} has a database in it already, and a restore never overwrites one. Stop the service, "
            "move that file and those beside it that end in -wal and -shm somewhere else, and run this again; or try "
            "the backup with --check."
        )

    def restore(self, parts: Iterable[bytes]) -> None:
        """Into a file beside it, which takes the name once every row is compared: see `settle`."""
        for leftover in (self.beside("-wal"), self.beside("-shm")):
            if leftover.exists():
                raise Problem(f"{leftover} is of an earlier database: move it somewhere else, or it would be mixed in.")
        self.incoming.unlink(missing_ok=True)
        with open(os.open(self.incoming, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
            for part in parts:
                out.write(part)
            settle(out)

    @property
    def incoming(self) -> Path:
        return self.path.with_name(f".{self.path.name}.restoring")

    def beside(self, suffix: str) -> Path:
        return self.path.with_name(self.path.name + suffix)

    def tables(self) -> Tables:
        with closing(sqlite3.connect(f"{self.incoming.absolute().as_uri()}?mode=ro", uri=True)) as database:
            if (said := database.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
                raise Problem(f"The restored database is damaged: {said}.")
            return tables_of_sqlite(database)

    def settle(self) -> None:
        self.refuse_unless_empty()
        os.replace(self.incoming, self.path)
        settle_folder(self.path.parent)

    def clear(self) -> None:
        self.incoming.unlink(missing_ok=True)

    @contextmanager
    def temporary(self) -> Iterator[SQLite]:
        with tempfile.TemporaryDirectory(prefix="tracker-check-") as folder:
            other = SQLite.__new__(SQLite)
            other.path = Path(folder) / "check.sqlite3"
            yield other


class SQLiteSnapshot:
    server = sqlite3.sqlite_version

    def __init__(self, database: sqlite3.Connection, path: Path) -> None:
        self.database, self.path = database, path
        database.text_factory = Text

    def dump(self) -> Iterator[bytes]:
        with open(self.path, "rb") as file:
            yield from chunks(file)

    def tables(self) -> Tables:
        return tables_of_sqlite(self.database)

    def migrations(self) -> list[str]:
        return [f"{app.decode()}.{name.decode()}" for app, name in self.database.execute(APPLIED)]


class PostgreSQL:
    name = "postgresql"

    def __init__(self, connection: BaseDatabaseWrapper) -> None:
        known = {option.keyword.decode() for option in psycopg.pq.Conninfo.get_defaults()}
        given = connection.get_connection_params()
        self.params: dict[str, Any] = {key: value for key, value in given.items() if key in known and value is not None}

    def __str__(self) -> str:
        return f"the PostgreSQL database {self.params.get('dbname')}"

    def connect(self, **kwargs: Any) -> psycopg.Connection:
        """Without the limits that pages have: a big table takes its time, and the snapshot waits for pg_dump."""
        patient = "-c statement_timeout=0 -c idle_in_transaction_session_timeout=0"
        options = f"{self.params.get('options', '')} {patient}".strip()
        return psycopg.connect(**{"connect_timeout": 10, **self.params, "options": options, **kwargs})

    @contextmanager
    def snapshot(self, work: Path) -> Iterator[Snapshot]:
        with self.connect() as database:
            database.isolation_level, database.read_only = IsolationLevel.REPEATABLE_READ, True
            yield PostgreSQLSnapshot(self, database)

    def tool(self, name: str, database: psycopg.Connection, *arguments: str, **kwargs: Any) -> subprocess.Popen[bytes]:
        """pg_dump or pg_restore on this database. The password is in the environment, which other users cannot read."""
        program = tool_for(name, database.info.server_version // 10_000)
        params = {key: value for key, value in self.params.items() if key != "password"}
        env = {**os.environ, "LC_ALL": "C"}
        if "password" in self.params:
            env["PGPASSWORD"] = str(self.params["password"])
        command = [program, "--no-password", f"--dbname={make_conninfo(**params)}", *arguments]
        return subprocess.Popen(command, env=env, **kwargs)  # noqa: S603 - no shell, a program that the settings name

    def refuse_unless_empty(self) -> None:
        with self.connect() as database:
            found = database.execute(RELATIONS).fetchone()
        if found and found[0]:
            raise Problem(
                f"T{str(self)[1:]} is not empty, and a restore never overwrites anything. Make an empty one "
                "(createdb), name it in DATABASE_URL or with --into, and run this again; or try the backup with "
                "--check."
            )

    def restore(self, parts: Iterable[bytes]) -> None:
        """All of it or nothing: one transaction, which a pipe that ends too early takes back."""
        arguments = ("--single-transaction", "--exit-on-error", "--no-owner", "--no-privileges")
        with self.connect() as database, tempfile.TemporaryFile() as said:
            pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.DEVNULL, "stderr": said}
            tool = self.tool("pg_restore", database, *arguments, **pipes)
            try:
                pour(parts, tool)
            except BaseException:
                tool.kill()
                tool.wait()
                raise
            if tool.wait():
                raise Problem(f"pg_restore gave up, and nothing was restored: {last_words(said)}")

    def tables(self) -> Tables:
        with self.connect() as database:
            database.isolation_level, database.read_only = IsolationLevel.REPEATABLE_READ, True
            return tables_of_postgresql(database)

    def settle(self) -> None:
        """Committed already."""

    def clear(self) -> None:
        """Nothing is outside the transaction."""

    @contextmanager
    def temporary(self) -> Iterator[PostgreSQL]:
        """A database on the same server, made and dropped."""
        name = f"tracker_check_{os.getpid()}_{os.urandom(4).hex()}"
        try:
            with self.connect(autocommit=True) as server:
                server.execute(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        except psycopg.errors.InsufficientPrivilege as error:
            raise Problem(
                "The tracker's role may not make a database to check the backup in. Let it (ALTER ROLE … CREATEDB) "
                "or name an empty database with --into."
            ) from error
        with self.connect(autocommit=True) as server:
            try:
                other = PostgreSQL.__new__(PostgreSQL)
                other.params = {**self.params, "dbname": name}
                yield other
            finally:
                server.execute(sql.SQL("DROP DATABASE {} WITH (FORCE)").format(sql.Identifier(name)))


class PostgreSQLSnapshot:
    def __init__(self, of: PostgreSQL, database: psycopg.Connection) -> None:
        self.of, self.database = of, database
        self.server = database.info.parameter_status("server_version") or ""

    def dump(self) -> Iterator[bytes]:
        """What pg_dump writes, of the very moment that `tables` counts."""
        row = self.database.execute("SELECT pg_export_snapshot()").fetchone()
        arguments = ("--format=custom", "--no-owner", "--no-privileges", f"--snapshot={row[0] if row else ''}")
        with tempfile.TemporaryFile() as said:
            tool = self.of.tool("pg_dump", self.database, *arguments, stdout=subprocess.PIPE, stderr=said)
            try:
                assert tool.stdout
                yield from chunks(tool.stdout)
                failed = tool.wait()
            finally:
                tool.kill()
                tool.wait()
            if failed:
                raise Problem(f"pg_dump gave up: {last_words(said)}")

    def tables(self) -> Tables:
        return tables_of_postgresql(self.database)

    def migrations(self) -> list[str]:
        return [f"{app}.{name}" for app, name in self.database.execute(APPLIED)]


def pour(parts: Iterable[bytes], tool: subprocess.Popen[bytes]) -> None:
    assert tool.stdin
    try:
        for part in parts:
            tool.stdin.write(part)
        tool.stdin.close()
    except BrokenPipeError:
        pass  # it gave up; its own words are better


def last_words(said: IO[bytes]) -> str:
    said.seek(0)
    lines = [line for line in said.read().decode(errors="replace").splitlines() if line.strip()]
    errors = [line for line in lines if "error" in line.lower()]
    return (errors or lines or ["it did not say why"])[0]


def tool_for(name: str, server: int) -> str:
    """Where pg_dump or pg_restore is, of the server's own version if there is one; Problem if all are missing or older.

    An older one cannot read the server. A newer one can; but what it restores may be too new for the server.
    """
    folders = [settings.PG_BIN, f"/usr/lib/postgresql/{server}/bin", *os.get_exec_path()]
    programs = dict.fromkeys(found for folder in folders if folder and (found := shutil.which(name, path=folder)))
    versions = {program: version_of(program) for program in programs}
    package = f"install Debian's package postgresql-client-{server}, or name the folder it is in with PG_BIN"
    if not versions:
        raise Problem(f"{name} was not found: {package}.")
    if max(versions.values()) < server:
        raise Problem(f"{name} is of PostgreSQL {max(versions.values())}, the server is {server}: {package}.")
    return min((p for p in versions if versions[p] >= server), key=lambda program: versions[program])


def version_of(program: str) -> int:
    said = subprocess.run([program, "--version"], capture_output=True, text=True, check=False).stdout  # noqa: S603
    return int(found[1]) if (found := re.search(r"\) (\d+)", said)) else 0


def live() -> SQLite | PostgreSQL:
    return engine_of(connections["default"])
