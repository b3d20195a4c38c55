"""The moves of an update, of a quarter's overview and of the quarter: one table of who may go which way, from where."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Final, Literal

from .models import Quarter, QuarterlyUpdate, QuarterStatus, UpdateStatus, is_open_to, why_not_open
from .people import Person

Subject = QuarterlyUpdate | Quarter
MANAGERS: Final = "managers"
MANAGERS_ALONE: Final = "managers alone"
LEADS: Final = "leads"
SIGNATORIES: Final = "signatories"
ADMINISTRATORS: Final = "administrators"


@dataclass(frozen=True, slots=True)
class Move:
    """One way from state to state; `to` None stays where it is, as when the due date is extended.

    `of` says what moves: an update, the overview of a quarter, or the quarter.
    """

    verb: str
    done: str
    sources: tuple[UpdateStatus | QuarterStatus, ...]
    to: UpdateStatus | QuarterStatus | None
    by: Literal["managers", "managers alone", "leads", "signatories", "administrators"]
    of: Literal["update", "overview", "quarter"] = "update"

    @property
    def field(self) -> str:
        """The column that it changes."""
        return "overview_status" if self.of == "overview" else "status"

    def state(self, subject: Subject) -> UpdateStatus | QuarterStatus:
        kind = QuarterStatus if self.of == "quarter" else UpdateStatus
        return kind(getattr(subject, self.field))

    def allowed_to(self, person: Person | None, subject: Subject) -> bool:
        """Whether it is this person's to make; None is somebody at the command line. No query of its own.

        Nobody signs off in another's place, administrators neither; and what is published is the managers' word alone.
        """
        if person is None:
            return True
        if self.by == SIGNATORIES:
            return isinstance(subject, QuarterlyUpdate) and bool(person.signs(subject.priority_id))
        if self.by == MANAGERS_ALONE:
            return person.is_manager
        if person.is_administrator:
            return True
        if self.by == MANAGERS:
            return person.is_manager
        if self.by == ADMINISTRATORS:
            return False
        if isinstance(subject, Quarter):
            return person.is_manager or subject.overview_author_id == person.pk
        return person.leads(subject.priority_id)

    def waits_for_another(self, person: Person | None, subject: Subject) -> bool:
        """Whether the subject is reopened for somebody else, whose alone it is then to fill in and hand over."""
        return self.by == LEADS and person is not None and not is_open_to(subject, person)

    def open_to(self, person: Person | None, subject: Subject) -> bool:
        may = self.allowed_to(person, subject) and not self.waits_for_another(person, subject)
        return may and self.state(subject) in self.sources

    def name(self, subject: Subject) -> str:
        return f"The overview of {subject}" if self.of == "overview" else str(subject)

    @property
    def who(self) -> str:
        """Those whose it is, as a refusal names them."""
        if self.by == LEADS and self.of == "overview":
            return "its author, managers and administrators"
        return {
            MANAGERS: "managers and administrators",
            MANAGERS_ALONE: "managers",
            LEADS: "its lead, a deputy or an administrator",
            SIGNATORIES: "those named to sign it off",
            ADMINISTRATORS: "administrators",
        }[self.by]

    def refusal(self, person: Person | None, subject: Subject) -> str:
        """Why it can't be made, and who or what can help."""
        if not self.allowed_to(person, subject):
            return f"{self.name(subject)} can be {self.done} by {self.who} only; ask one of them."
        if self.waits_for_another(person, subject):
            return why_not_open(subject)
        status = self.state(subject)
        way_back = ""
        if isinstance(status, UpdateStatus) and self.by == LEADS:
            way_back = status.overview_way_back if self.of == "overview" else status.way_back
        help_ = f"; {way_back}" if way_back else ""
        return f"{self.name(subject)} is {status.label.lower()} and can't be {self.done} now{help_}."


S, Q = UpdateStatus, QuarterStatus
SUBMIT = Move("submit", "submitted", S.editable(), S.SUBMITTED, LEADS)
WITHDRAW = Move("withdraw", "withdrawn", (S.SUBMITTED,), S.IN_PROGRESS, LEADS)
BEGIN_REVIEW = Move("begin review", "taken into review", (S.SUBMITTED,), S.IN_REVIEW, MANAGERS)
MEND = Move("mend", "mended in its wording", (S.SUBMITTED, S.IN_REVIEW), None, MANAGERS)
SIGN_OFF = Move("sign off", "signed off", (S.SUBMITTED, S.IN_REVIEW), None, SIGNATORIES)
APPROVE = Move("approve", "approved", (S.SUBMITTED, S.IN_REVIEW), S.APPROVED, MANAGERS)
SEND_BACK = Move("send back", "sent back", (S.SUBMITTED, S.IN_REVIEW, S.APPROVED), S.SENT_BACK, MANAGERS)
EXTEND = Move("extend", "given more time", S.editable(), None, MANAGERS)
MOVES = (SUBMIT, WITHDRAW, BEGIN_REVIEW, MEND, SIGN_OFF, APPROVE, SEND_BACK, EXTEND)

SUBMIT_OVERVIEW, WITHDRAW_OVERVIEW, APPROVE_OVERVIEW, SEND_BACK_OVERVIEW = OVERVIEW_MOVES = tuple(
    replace(move, of="overview") for move in (SUBMIT, WITHDRAW, APPROVE, SEND_BACK)
)

CLOSE = Move("close", "closed", (Q.OPEN,), Q.CLOSED, ADMINISTRATORS, of="quarter")
REOPEN = Move("reopen", "reopened", (Q.CLOSED,), Q.OPEN, ADMINISTRATORS, of="quarter")
PROLONG = Move("prolong", "given more time", (Q.OPEN,), None, ADMINISTRATORS, of="quarter")
PUBLISH = Move("publish", "published", (Q.CLOSED,), None, MANAGERS_ALONE, of="quarter")
HOLD_BACK = Move("hold back", "held back", (Q.CLOSED,), None, MANAGERS_ALONE, of="quarter")
QUARTER_MOVES = (CLOSE, REOPEN, PROLONG, PUBLISH, HOLD_BACK)
