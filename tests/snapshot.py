"""Rows that many tests begin with, made once in a run as users make them, then put back as they were."""

from __future__ import annotations

from collections.abc import Callable

from django.contrib.auth.models import Group
from django.db import connection
from django.utils import timezone

from priorities.models import Person

kept: dict[object, dict[str, tuple[list[str], list[tuple]]]] = {}


def once(make: Callable[[], object]) -> None:
    """Run `make` in a database without people, or put back what it made there before.

    It is run again on another day, as a test may choose, and after a test that emptied the database, where the rows
    that come with the migrations have other keys.
    """
    if Person.objects.exists():
        make()
        return
    key = (
        make,
        timezone.localdate(),
        timezone.now().date(),
        tuple(Group.objects.order_by("pk").values_list("pk", "name")),
    )
    if key in kept:
        for table, (columns, rows) in kept[key].items():
            put_back(table, columns, rows)
        return
    before = all_rows()
    make()
    kept[key] = {
        table: (columns, [row for row in rows if row not in before[table][1]])
        for table, (columns, rows) in all_rows().items()
        if rows != before[table][1]
    }


def all_rows() -> dict[str, tuple[list[str], list[tuple]]]:
    found = {}
    with connection.cursor() as cursor:
        for table in connection.introspection.table_names(cursor):
            cursor.execute(f"SELECT * FROM {connection.ops.quote_name(table)}")  # noqa: S608
            found[table] = [column[0] for column in cursor.description], cursor.fetchall()
    return found


def put_back(table: str, columns: list[str], rows: list[tuple]) -> None:
    quoted = ", ".join(map(connection.ops.quote_name, columns))
    places = ", ".join(["%s"] * len(columns))
    sql = f"INSERT INTO {connection.ops.quote_name(table)} ({quoted}) VALUES ({places})"  # noqa: S608
    with connection.cursor() as cursor:
        cursor.executemany(sql, rows)
