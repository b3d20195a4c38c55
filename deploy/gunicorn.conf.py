"""The application server: sync workers on a socket that systemd holds. Every value comes from the environment."""

import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
from mopac_tracker.logs import logging_config

wsgi_app = "mopac_tracker.wsgi"
bind = os.environ.get("BIND") or "unix:/run/tracker/tracker.sock"  # not used where systemd hands the socket over
workers = int(os.environ.get("WEB_CONCURRENCY") or 2 * (os.cpu_count() or 1) + 1)
worker_class = "sync"
timeout = int(os.environ.get("WORKER_TIMEOUT") or 90)  # seconds; nginx waits a little longer
graceful_timeout = 30  # for requests under way when the server stops or reloads
max_requests = int(os.environ.get("MAX_REQUESTS") or 2000)  # then a worker is replaced, so that no leak grows
max_requests_jitter = max_requests // 10
forwarded_allow_ips = os.environ.get("FORWARDED_ALLOW_IPS") or "127.0.0.1,::1"  # who may say that it was HTTPS
worker_tmp_dir = "/dev/shm"  # noqa: S108  # where workers show that they live; a disk that is slow would kill them
control_socket_disable = True  # systemd is asked instead
accesslog = None  # the tracker logs its own requests, without addresses and query strings

_ours = logging_config((os.environ.get("LOG_LEVEL") or "INFO").upper(), for_people=False)
_to_stderr = {"level": "INFO", "handlers": ["stderr"], "propagate": False, "qualname": "gunicorn.error"}
logconfig_dict = {**_ours, "loggers": {"gunicorn.error": _to_stderr}}
