"""How many rows every table has, and a checksum of them all.

The checksum of a table is the sum of its rows' SHA-256, modulo 2**256: it needs no order and no memory, and the same
row twice counts twice. It tells accidents; the seal of the manifest tells forgeries.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from hashlib import sha256
from typing import Any, TypedDict

from psycopg import Connection, sql


class Table(TypedDict):
    columns: list[str]
    rows: int
    checksum: str


Tables = dict[str, Table]


class Text(bytes):
    """Text of SQLite as its bytes, told from a blob."""


def summed(columns: list[str], hashes: Iterable[bytes]) -> Table:
    rows = total = 0
    for row in hashes:
        rows += 1
        total += int.from_bytes(row, "big")
    return {"columns": columns, "rows": rows, "checksum": f"{total % 2**256:064x}"}


def hashed(row: tuple[Any, ...]) -> bytes:
    parts = sha256()
    for value in row:
        body = value if isinstance(value, bytes) else repr(value).encode()
        parts.update(b"%s %d:" % (type(value).__name__.encode(), len(body)))
        parts.update(body)
    return parts.digest()


def tables_of_sqlite(database: sqlite3.Connection) -> Tables:
    database.text_factory = Text
    names = [name.decode() for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
    tables = {}
    for name in sorted(names):
        quoted = name.replace('"', '""')
        found = database.execute(f'SELECT * FROM "{quoted}"')  # noqa: S608 - a name that the database gave, quoted
        tables[name] = summed([column[0] for column in found.description], map(hashed, found))
    return tables


# How values are written as text must not depend on the settings of a role or a server.
PLAIN = """
    SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres';
    SET LOCAL bytea_output = 'hex'; SET LOCAL extra_float_digits = 1
"""
TABLES = """
    SELECT n.nspname, c.relname, array_agg(a.attname::text ORDER BY a.attnum)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    LEFT JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
    WHERE c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' AND n.nspname <> 'information_schema'
    GROUP BY 1, 2 ORDER BY 1, 2
"""


def tables_of_postgresql(database: Connection) -> Tables:
    """In the transaction that the connection is in; rows are hashed by the server, so only their hashes travel."""
    database.execute(PLAIN)
    tables = {}
    for schema, name, columns in database.execute(TABLES).fetchall():
        query = sql.SQL("SELECT sha256(convert_to(t::text, 'UTF8')) FROM ONLY {} t").format(
            sql.Identifier(schema, name)
        )
        with database.cursor(name="rows") as rows:
            rows.itersize = 5_000
            rows.execute(query)
            tables[name if schema == "public" else f"{schema}.{name}"] = summed(columns, (row[0] for row in rows))
    return tables


def differences(wanted: Tables, found: Tables) -> list[str]:
    """What differs, a sentence for each table."""
    said = [f"{name} is missing" for name in sorted(wanted.keys() - found.keys())]
    said += [f"{name} was not in the backup" for name in sorted(found.keys() - wanted.keys())]
    for name in sorted(wanted.keys() & found.keys()):
        if wanted[name]["columns"] != found[name]["columns"]:
            said.append(f"{name} has other columns")
        elif wanted[name]["rows"] != found[name]["rows"]:
            said.append(f"{name} has {found[name]['rows']} rows, not {wanted[name]['rows']}")
        elif wanted[name] != found[name]:
            said.append(f"{name} has other rows")
    return said
