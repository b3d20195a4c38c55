"""Rows that many tests begin with, made once in a run as users make them, then put back as they were."""

from __future__ import annotations

from collections.abc import Callable

from django.db import connection, transaction
from django.utils import timezone

Rows = dict[str, tuple[list[str], list[tuple]]]  # of each table, its columns and what is in it
migrated: Rows = {}  # what migrations leave: roles, definitions, permissions
kept: dict[object, Rows] = {}


def once(make: Callable[[], object]) -> None:
    """Run `make` in an empty database, or put back what it made there before. On another day, as a test may choose,
    and where a test has made something before, it is run again."""
    before = all_rows()
    if before != migrated:
        make()
        return
    key = make, timezone.localdate(), timezone.now().date()
    if key in kept:
        put_back(kept[key])
        return
    make()
    kept[key] = {
        table: (columns, [row for row in rows if row not in before[table][1]])
        for table, (columns, rows) in all_rows().items()
    }


def empty() -> None:
    """Leave what migrations left. Django's own way truncates, which takes PostgreSQL a second, and makes those rows
    anew with other keys."""
    with transaction.atomic(), connection.cursor() as cursor:
        for table in migrated:
            cursor.execute(f"DELETE FROM {connection.ops.quote_name(table)}")  # noqa: S608
        put_back(migrated)


def all_rows() -> Rows:
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.django_table_names(only_existing=True, include_views=False):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found[table] = [column[0] for column in cursor.description], cursor.fetchall()
    return found


def put_back(found: Rows) -> None:
    with transaction.atomic(), connection.cursor() as cursor:  # in any order: what refers to what is looked at last
        for table, (columns, rows) in found.items():
            if rows:
                quoted = ", ".join(map(connection.ops.quote_name, columns))
                places = ", ".join(["%s"] * len(columns))
                name = connection.ops.quote_name(table)
                cursor.executemany(f"INSERT INTO {name} ({quoted}) VALUES ({places})", rows)  # noqa: S608
