"""Sessions in the database, as Django keeps them; what is stored of one that goes on is replaced in one statement."""

from __future__ import annotations

from typing import Any

from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError


class SessionStore(db.SessionStore):
    def save(self, must_create: bool = False) -> None:
        """Raises UpdateError where the session has ended meanwhile, as Django's."""
        if must_create or self.session_key is None:
            super().save(must_create)
            return
        row: Any = self.create_model_instance(dict(self.items()))
        stored = self.model.objects.filter(pk=row.pk)
        if not stored.update(session_data=row.session_data, expire_date=row.expire_date):
            raise UpdateError
