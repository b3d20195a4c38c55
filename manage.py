#!/usr/bin/env python
"""Django's command-line utility."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "mopac_tracker.settings")
    from django.core.management import execute_from_command_line

    from mopac_tracker.frames import with_room
    from mopac_tracker.logs import log_crash

    sys.excepthook = log_crash
    with_room(execute_from_command_line, sys.argv)


if __name__ == "__main__":
    main()
