"""An import that dies on the way, in a process of its own: python -m tests.workbooks.killed prepare|state|import …"""

import hashlib
import json
import os
import signal
import sys


def prepare() -> None:
    from django.core.management import call_command

    call_command("migrate", verbosity=0)
    call_command("load_demo", password="quarterly-demo", stdout=open(os.devnull, "w"))  # noqa: SIM115


def sheets():
    """The demo's sheets with a new text in every row, and a new row on some."""
    from django.conf import settings

    from workbooks.reading import read_workbook

    found, _ = read_workbook(settings.BASE_DIR / "demo" / "q1-2022-23")
    changed = {"Priorities": "Narrative", "Indicators": "Note", "Risks": "Explanation", "Goals": "Comment"}
    for sheet in found:
        if sheet.name in changed:
            column = sheet.rows[0].index(changed[sheet.name])
            for number, row in enumerate(sheet.rows[1:], 1):
                row += [""] * (len(sheet.rows[0]) - len(row))
                row[column] = f"As it is now, {number}"
    risks = next(sheet for sheet in found if sheet.name == "Risks")
    risks.rows.append([*risks.rows[1][:2], "9", "Something that nobody has thought of before", "H", "up", "New"])
    return found


def state() -> dict[str, object]:
    """All that an import may write, as a digest, and how much of it there is."""
    from django.apps import apps

    found: dict[str, object] = {}
    for model in apps.get_models():
        if model._meta.app_label in ("priorities", "indicators", "risks", "goals", "finance"):
            rows = list(model._base_manager.order_by("pk").values_list())
            found[model.__name__] = [len(rows), hashlib.sha256(repr(rows).encode()).hexdigest()]
    return found


def run(at: int, how: str) -> None:
    """Apply the import; at that statement of it, die by SIGKILL or wait for a line on stdin. 0 is never."""
    from django.db import connection

    from priorities.history import Source
    from workbooks.importing import apply_import, plan_import

    planned = plan_import(sheets(), by=None)
    assert not planned.problems, planned.problems
    statements = 0

    def count(execute, sql, params, many, context):
        nonlocal statements
        statements += 1
        if statements == at:
            print("on the way", flush=True)
            if how == "kill":
                os.kill(os.getpid(), signal.SIGKILL)
            sys.stdin.readline()
        return execute(sql, params, many, context)

    print("applying", flush=True)
    with connection.execute_wrapper(count):
        apply_import(planned, source=Source.COMMAND)
    print(f"applied in {statements}", flush=True)


if __name__ == "__main__":
    import django

    django.setup()
    match sys.argv[1:]:
        case ["prepare"]:
            prepare()
        case ["state"]:
            print(json.dumps(state()))
        case ["import", at, how]:
            run(int(at), how)
