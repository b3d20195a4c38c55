"""What every answer says of what browsers may do with it, whatever it is and whoever asked; and what a page costs."""

import re

from django.db import connection
from django.test.utils import CaptureQueriesContext

from mopac_tracker.private import HEADERS

PROBES = ("/healthz", "/readyz")  # a word for machines


def check_answer(page, response):
    check_headers(page, response)
    check_content(page, response)
    if response.headers["Cache-Control"] != "public, max-age=86400":
        assert "no-store" in response.headers["Cache-Control"], page


def check_headers(page, response):
    policy = response.headers["Content-Security-Policy"]
    assert "unsafe" not in policy, page
    for said in ("default-src 'none'", "object-src 'none'", "base-uri 'none'", "frame-ancestors 'none'"):
        assert said in policy, page
    for name in set(HEADERS) - {"Cache-Control"}:
        assert response.headers[name] == HEADERS[name], (page, name)
    assert "Access-Control-Allow-Origin" not in response.headers, page


def check_content(page, response):
    kind = response.headers["Content-Type"]
    if kind.startswith("text/") and page not in PROBES:
        assert "charset=utf-8" in kind.replace('"', ""), page
    if kind.startswith("text/html"):
        html = response.content.decode()
        scripts = re.findall(r"<script\b([^>]*)>", html)
        assert all("src=" in found or "application/json" in found for found in scripts), page
        assert not re.search(r"<[a-z][^>]*\son[a-z]+\s*=\s*[\"']", html), page
        assert page.startswith("/admin/") or not re.search(r"<[a-z][^>]*\sstyle\s*=", html), page
        assert "javascript:" not in html, page


def queries(client, path):
    """How many a page takes, beside the one that once a minute notes that its reader is there (tests/accounts)."""
    with CaptureQueriesContext(connection) as found:
        assert client.get(path).status_code == 200
    return len(found)
