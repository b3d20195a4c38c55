"""Settings, all from the environment; the README's table lists every variable."""

import os
import secrets
from pathlib import Path
from typing import Any

import dj_database_url
from csp.constants import NONE, SELF

from workbooks.formats import CSV, XLSX

from .logs import LEVELS, logging_config

BASE_DIR = Path(__file__).resolve().parent.parent


def env(name: str, default: str = "") -> str:
    return os.environ.get(name, "").strip() or default


BAD_SETTINGS: list[tuple[str, str]] = []  # name and what is wrong; told as system checks by checks.py
YES, NO = {"1", "true", "yes", "on"}, {"", "0", "false", "no", "off"}


def env_flag(name: str, default: str = "") -> bool:
    said = env(name, default).lower()
    if said not in YES | NO:
        BAD_SETTINGS.append((name, f"{name} is “{said}”, which is neither 1 nor 0."))
    return said in YES


def env_int(name: str, default: int, *, least: int = 0) -> int:
    """A whole number; anything else is told by `manage.py check`, which the application server and deployments run."""
    said = env(name)
    if said.isdecimal() and said.isascii() and len(said) < 10 and int(said) >= least:
        return int(said)
    if said:
        BAD_SETTINGS.append((name, f"{name} is “{said}”, which is no whole number of {least} or more."))
    return default


def env_list(name: str) -> list[str]:
    return [item.strip() for item in env(name).split(",") if item.strip()]


def env_one_of(name: str, default: str, choices: tuple[str, ...]) -> str:
    said = env(name, default).upper()
    if said in choices:
        return said
    BAD_SETTINGS.append((name, f"{name} is “{said}”, which is none of {', '.join(choices)}."))
    return default


def database(url: str, connect: int, statement: int) -> dict[str, Any]:
    """What DATABASE_URL names. One that can't be read is told without itself, as it holds a password, and is no
    database: never quietly another one. `connect` and `statement` are seconds; 0 waits for a statement for ever."""
    try:
        found: dict[str, Any] = dict(dj_database_url.parse(url, conn_max_age=60, conn_health_checks=True))
    except Exception:  # of whatever kind: its parser raises several
        found = {"ENGINE": ""}
    kind = found["ENGINE"].rpartition(".")[2]
    if kind not in ("sqlite3", "postgresql") or not found["NAME"]:
        BAD_SETTINGS.append(("DATABASE_URL", "DATABASE_URL names no database that the tracker can use."))
        return {"ENGINE": "django.db.backends.dummy"}
    options: dict[str, Any] = {
        "connect_timeout": connect,
        "options": f"-c statement_timeout={statement * 1000}",
        "tcp_user_timeout": 10_000,  # milliseconds until a server that vanished counts as gone
    }
    if kind == "sqlite3":  # writers queue instead of failing; readers are never blocked
        options = {
            "transaction_mode": "IMMEDIATE",
            "timeout": 20,
            # FULL: what was acknowledged outlives a power cut, too.
            "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=FULL;",
        }
    return {**found, "OPTIONS": {**options, **found.get("OPTIONS", {})}}


DEBUG = env_flag("DEBUG")
# Without a key of its own every process makes one: fine for one command, refused by wsgi.py.
SECRET_KEY = env("SECRET_KEY") or secrets.token_urlsafe(50)
SECRET_KEY_FALLBACKS = env_list("SECRET_KEY_FALLBACKS")  # keys that were: what they signed holds until they go
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS") or (["*"] if DEBUG else ["localhost", "127.0.0.1"])
LOGGING = logging_config(env_one_of("LOG_LEVEL", "INFO", LEVELS), for_people=DEBUG)
CSRF_TRUSTED_ORIGINS = [f"https://{host}" for host in ALLOWED_HOSTS if host != "*"]

INSTALLED_APPS = [
    "mopac_tracker.apps.TrackerConfig",
    "mopac_tracker.apps.TrackerAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "crispy_forms",
    "crispy_bootstrap5",
    "csp",
    "import_export",
    "simple_history",
    "allauth",
    "allauth.account",  # which the next two need
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "allauth.mfa",
    "accounts",
    "reports",
    "updates",
    "workbooks",
    "indicators",
    "goals",
    "risks",
    "finance",
    "priorities",
]

MIDDLEWARE = [
    "mopac_tracker.logs.RequestLog",
    "mopac_tracker.private.PrivateAnswers",
    "csp.middleware.CSPMiddleware",
    "mopac_tracker.health.Probes",
    "django.middleware.security.SecurityMiddleware",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "accounts.idle.IdleMiddleware",
    "accounts.recorded.RecordedMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.standing.StandingMiddleware",
    "updates.typed.SignInMiddleware",
    "accounts.second_step.FactorMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "simple_history.middleware.HistoryRequestMiddleware",
    "workbooks.uploads.SentAtOnce",
]

ROOT_URLCONF = "mopac_tracker.urls"
WSGI_APPLICATION = "mopac_tracker.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DATABASES = {
    "default": database(
        env("DATABASE_URL") or f"sqlite:///{BASE_DIR / 'db.sqlite3'}",
        env_int("DATABASE_CONNECT_TIMEOUT", 5, least=1),
        env_int("DATABASE_STATEMENT_TIMEOUT", 30),
    )
}
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

AUTHENTICATION_BACKENDS = ["priorities.sign_in.WithRoles"]
AUTH_USER_MODEL = "priorities.Person"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
    {"NAME": "accounts.passwords.NotTooLong"},
    {"NAME": "accounts.passwords.NotOurWords"},
]  # any characters in any mixture: rules of composition make passwords no better
LOGIN_URL = "login"
LOGIN_REDIRECT_URL = "updates:mine"
LOGOUT_REDIRECT_URL = "login"

# Accounts: who is let in, for how long, and what is written down about it (accounts/, priorities/audit.py).
TRUSTED_PROXIES = env_int("TRUSTED_PROXIES", 0)  # of ours before the application: so many say where a request is from
TRIES_AT_MOST = env_int("TRIES_AT_MOST", 10, least=1)  # wrong passwords or codes of one name within…
TRIES_MINUTES = env_int("TRIES_MINUTES", 15, least=1)  # …so many minutes, and how long it takes until one more may be
ADDRESS_TRIES_AT_MOST = env_int("ADDRESS_TRIES_AT_MOST", 100, least=1)  # from one address: an office shares one
RESETS_AT_MOST = env_int("RESETS_AT_MOST", 3, least=1)  # mails to set a new password asked for, of one address of mail
IDLE_MINUTES = env_int("IDLE_MINUTES", 30, least=1)  # without anything sent, then the session ends
IDLE_WARNING_MINUTES = env_int("IDLE_WARNING_MINUTES", 5, least=1)  # before that, a page says so
SESSION_HOURS = env_int("SESSION_HOURS", 24, least=1)  # from signing in, whatever is sent
SESSION_ENGINE = "accounts.sessions"
SESSION_COOKIE_AGE = SESSION_HOURS * 3600  # what is stored of a session goes no later than it could have been used
AUDIT_DAYS = env_int("AUDIT_DAYS", 400, least=1)  # a year and the weeks that its audit takes

# Single sign-on by OpenID Connect, and second factors; both off without these: docs/sign-in.md.
OIDC_SERVER_URL = env("OIDC_SERVER_URL").removesuffix("/.well-known/openid-configuration").rstrip("/")
OIDC_CLIENT_ID = env("OIDC_CLIENT_ID")
OIDC_CLIENT_SECRET = env("OIDC_CLIENT_SECRET")
OIDC_NAME = env("OIDC_NAME", "your organisation’s account")  # as in "Sign in with …"
OIDC_SCOPES = env("OIDC_SCOPES", "openid profile email").split()
OIDC_GROUPS_CLAIM = env("OIDC_GROUPS_CLAIM")  # without it, roles stay as they are here
OIDC_ADMINISTRATORS = env_list("OIDC_ADMINISTRATORS")  # groups of the provider, as its claim spells them
OIDC_MANAGERS = env_list("OIDC_MANAGERS")
OIDC_READERS = env_list("OIDC_READERS")
OIDC_USERNAME_CLAIM = env("OIDC_USERNAME_CLAIM", "preferred_username")
OIDC_TRUST_MAIL = env_flag("OIDC_TRUST_MAIL")  # every address that the provider tells of is checked by the organisation
OIDC_CREATE = env_flag("OIDC_CREATE")
OIDC_CHECK_MINUTES = env_int("OIDC_CHECK_MINUTES", 15, least=1)
OIDC_GRACE_MINUTES = env_int("OIDC_GRACE_MINUTES", 60)  # how long sessions go on without an answer of the provider
LOCAL_PASSWORDS = env_flag("LOCAL_PASSWORDS", "1")
# 1 offers second factors, "required" demands them of administrators and managers, "all" of all.
MFA = env("MFA").lower()
SOCIALACCOUNT_ADAPTER = "accounts.oidc.Adapter"
SOCIALACCOUNT_REQUESTS_TIMEOUT = 5  # seconds
MFA_ADAPTER = "accounts.factors.Adapter"
MFA_TOTP_ISSUER = "Performance tracker"
MFA_TOTP_TOLERANCE = 1  # the code before and the one after count too: clocks differ, and typing takes time

LANGUAGE_CODE = "en-gb"
TIME_ZONE = "Europe/London"
USE_TZ = True

STATIC_URL = "static/"
STATIC_ROOT = BASE_DIR / "staticfiles"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}

# Rendered pages, each process its own; what a page is kept under says what it was rendered from (reports/keeping.py).
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.locmem.LocMemCache",
        "TIMEOUT": 3600,
        "OPTIONS": {"MAX_ENTRIES": 200},
    }
}

EMAIL_BACKEND = f"django.core.mail.backends.{'console' if DEBUG else 'smtp'}.EmailBackend"
EMAIL_HOST = env("EMAIL_HOST", "localhost")
EMAIL_PORT = env_int("EMAIL_PORT", 25, least=1)
EMAIL_HOST_USER = env("EMAIL_HOST_USER")
EMAIL_HOST_PASSWORD = env("EMAIL_HOST_PASSWORD")
EMAIL_USE_TLS = env_flag("EMAIL_USE_TLS")  # begins plain, then changes to TLS; usual on port 587
EMAIL_USE_SSL = env_flag("EMAIL_USE_SSL")  # TLS from the first byte; usual on port 465
EMAIL_TIMEOUT = env_int("EMAIL_TIMEOUT", 10, least=1)  # seconds: a mail server that hangs keeps nobody waiting
DEFAULT_FROM_EMAIL = env("DEFAULT_FROM_EMAIL", "tracker@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
ALERTS_TO = env_list("ALERTS_TO")  # who is told of a failed unit: manage.py alert
SITE_URL = env("SITE_URL", "http://localhost:8000").rstrip("/")  # what links in mails begin with, never the Host header

# Backups: where they go, how many stay, and the folder of pg_dump and pg_restore if PATH has none or older ones.
BACKUP_FOLDER = env("BACKUP_FOLDER")
BACKUP_KEEP = env_int("BACKUP_KEEP", 30, least=1)
PG_BIN = env("PG_BIN")

CONTENT_SECURITY_POLICY = {
    "DIRECTIVES": {
        "default-src": [NONE],
        "script-src": [SELF],
        "style-src": [SELF],
        "img-src": [SELF, "data:"],
        "font-src": [SELF],
        "connect-src": [SELF],
        "form-action": [SELF],
        "object-src": [NONE],
        "base-uri": [NONE],
        "frame-ancestors": [NONE],
    }
}
SECURE_REFERRER_POLICY = "same-origin"

# What browsers are told else is in private.py. Cookies belong to this host, over HTTPS, and to no script.
SECURITY_CONTACT = env("SECURITY_CONTACT")  # whom to tell of a weakness: an address of mail or of a page, or several
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"  # Strict would lose the session on the way from a mail's link
CSRF_COOKIE_HTTPONLY = True
READER_COOKIE_NAME = "reader"  # who signed in last in this browser, signed: see updates/typed.py
if not DEBUG:
    SESSION_COOKIE_NAME, CSRF_COOKIE_NAME = "__Host-sessionid", "__Host-csrftoken"
    READER_COOKIE_NAME = "__Host-reader"
    MESSAGE_STORAGE = "mopac_tracker.private.Messages"

CSRF_FAILURE_VIEW = "updates.typed.csrf_failure"
X_FRAME_OPTIONS = "DENY"
SESSION_COOKIE_HTTPONLY = True
if not DEBUG:
    SECURE_SSL_REDIRECT = True
    # Whether it came by HTTPS, gunicorn tells: it believes X-Forwarded-Proto of FORWARDED_ALLOW_IPS and of its socket.
    SECURE_HSTS_SECONDS = env_int("HSTS_SECONDS", 31_536_000)
    SECURE_HSTS_INCLUDE_SUBDOMAINS = env_flag("HSTS_SUBDOMAINS")
    SECURE_HSTS_PRELOAD = env_flag("HSTS_PRELOAD")
    # Subdomains and the browsers' lists are the organisation's to decide: see docs/deploy.md.
    SILENCED_SYSTEM_CHECKS = ["security.W005", "security.W021"]
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True

PUBLIC_REPORTS = env_flag("PUBLIC_REPORTS")  # published quarters' public form, and only it, without sign-in

# Whom the accessibility statement names for problems and other forms of a report: an address of mail.
ACCESSIBILITY_CONTACT = env("ACCESSIBILITY_CONTACT")

CRISPY_ALLOWED_TEMPLATE_PACKS = "bootstrap5"
CRISPY_TEMPLATE_PACK = "bootstrap5"

DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000  # an entry page with 100 indicators has more than Django's 1,000

IMPORT_EXPORT_USE_TRANSACTIONS = True
IMPORT_EXPORT_FORMATS = [CSV, XLSX]  # of the administration: read and capped as every workbook is
SIMPLE_HISTORY_REVERT_DISABLED = True
