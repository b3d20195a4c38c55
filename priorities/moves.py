"""The moves of a quarterly update from state to state: one table of who may go which way, and from where."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, Literal

from .models import QuarterlyUpdate, UpdateStatus
from .people import Person

MANAGERS: Final = "managers"
LEADS: Final = "leads"


@dataclass(frozen=True, slots=True)
class Move:
    """One way from state to state; `to` None stays where it is, as when the due date is extended."""

    verb: str
    done: str
    sources: tuple[UpdateStatus, ...]
    to: UpdateStatus | None
    by: Literal["managers", "leads"]

    def allowed_to(self, person: Person | None, priority_id: int) -> bool:
        """Whether it is this person's to make; None is somebody at the command line. No query of its own."""
        if person is None or person.is_administrator:
            return True
        return person.is_manager if self.by == MANAGERS else person.leads(priority_id)

    def open_to(self, person: Person | None, update: QuarterlyUpdate) -> bool:
        return update.status in self.sources and self.allowed_to(person, update.priority_id)

    def refusal(self, person: Person | None, update: QuarterlyUpdate) -> str:
        """Why it can't be made, and who or what can help."""
        if not self.allowed_to(person, update.priority_id):
            who = "managers and administrators" if self.by == MANAGERS else "its lead, a deputy or an administrator"
            return f"{update} can be {self.done} by {who} only; ask one of them."
        status = UpdateStatus(update.status)
        help_ = f"; {status.way_back}" if self.by == LEADS and status.way_back else ""
        return f"{update} is {status.label.lower()} and can't be {self.done} now{help_}."


S = UpdateStatus
SUBMIT = Move("submit", "submitted", S.editable(), S.SUBMITTED, LEADS)
WITHDRAW = Move("withdraw", "withdrawn", (S.SUBMITTED,), S.IN_PROGRESS, LEADS)
BEGIN_REVIEW = Move("begin review", "taken into review", (S.SUBMITTED,), S.IN_REVIEW, MANAGERS)
SEND_BACK = Move("send back", "sent back", (S.SUBMITTED, S.IN_REVIEW, S.APPROVED), S.SENT_BACK, MANAGERS)
EXTEND = Move("extend", "given more time", S.editable(), None, MANAGERS)
MOVES = (SUBMIT, WITHDRAW, BEGIN_REVIEW, SEND_BACK, EXTEND)
