"""Who may do what: a table that asks the rules themselves, of made-up people of each role, so that it can't drift."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from priorities.models import (
    Assignment,
    AssignmentRole,
    Person,
    Quarter,
    QuarterlyUpdate,
    Role,
    Section,
    UpdateStatus,
)
from priorities.moves import MOVES, OVERVIEW_MOVES, QUARTER_MOVES, SUBMIT_OVERVIEW, Move

OWN, OTHER = 1, 2  # two priorities that are nowhere stored
Rule = Callable[[Person], bool]


def somebody(*, group: str = "", role: str = "", section: str = "", key: int = 1, priority: int = OWN) -> Person:
    """A person of one role, in memory only."""
    person = Person(pk=key)
    person.roles = frozenset([group] if group else [])
    assigned = Assignment(priority_id=priority, person=person, role=role, section=section)
    person.current_assignments = (assigned,) if role else ()
    return person


AUTHOR = 2
PEOPLE: dict[str, Person] = {
    "Reader": somebody(group=Role.READER),
    "Contributor": somebody(role=AssignmentRole.CONTRIBUTOR, section=Section.FINANCE),
    "Signs off": somebody(role=AssignmentRole.SIGNATORY),
    "Lead": somebody(role=AssignmentRole.LEAD),
    "Deputy": somebody(role=AssignmentRole.DEPUTY),
    "Author of the overview": somebody(key=AUTHOR),
    "Manager": somebody(group=Role.MANAGER),
    "Administrator": somebody(group=Role.ADMINISTRATOR),
}


@dataclass(frozen=True, slots=True)
class Allowed:
    """One thing that can be done, and for each role whether it may."""

    what: str
    answers: tuple[bool, ...]

    @property
    def cells(self) -> list[tuple[str, bool]]:
        return list(zip(PEOPLE, self.answers, strict=True))


@dataclass(frozen=True, slots=True)
class Group:
    title: str
    rows: tuple[Allowed, ...]


def reads(priority: int, status: UpdateStatus) -> Rule:
    """Whether somebody reads all of an update in this state."""
    update = QuarterlyUpdate(priority_id=priority, status=status)
    return lambda person: update.readable_sections(person) >= frozenset(Section)


def reads_some(person: Person) -> bool:
    return bool(QuarterlyUpdate(priority_id=OWN).readable_sections(person))


def makes(move: Move) -> Rule:
    subject = QuarterlyUpdate(priority_id=OWN) if move.of == "update" else Quarter(overview_author_id=AUTHOR)
    return lambda person: move.allowed_to(person, subject)


def fills_in(*sections: Section) -> Rule:
    return lambda person: person.may_write(OWN, frozenset(sections), None)


def sees_all(person: Person) -> bool:
    return person.sees_all


def administers(person: Person) -> bool:
    return person.is_administrator


writes_overview = makes(SUBMIT_OVERVIEW)
READING: dict[str, Rule] = {
    "Read a closed quarter": reads(OTHER, UpdateStatus.CLOSED),
    "Read an approved update of any priority": reads(OTHER, UpdateStatus.APPROVED),
    "Read what is theirs of an update at any time": reads_some,
    "Read all of their own priority’s update at any time": reads(OWN, UpdateStatus.IN_PROGRESS),
    "Read every update at any time": reads(OTHER, UpdateStatus.IN_PROGRESS),
}
FILLING_IN: dict[str, Rule] = {
    "Fill in a section that is theirs": fills_in(Section.FINANCE),
    "Fill in every section of their priority": fills_in(*Section),
    "Hand over sections and rows, and name deputies": lambda person: person.leads(OWN),
    "Import a spreadsheet of what is theirs to fill in": lambda person: person.fills_in(OWN) or writes_overview(person),
    "Write the overview of the quarter": writes_overview,
}
RUNNING: dict[str, Rule] = {
    "See the progress board and remind people": sees_all,
    "Open the next quarter": administers,
    "Import spreadsheets of any priority, and set up plans": administers,
    "Invite people, assign parts, hand over for others, deactivate": administers,
}
WORDS: dict[str, str] = {
    "submit": "Submit",
    "withdraw": "Withdraw",
    "begin review": "Begin the review of",
    "mend": "Mend the wording of",
    "sign off": "Sign off",
    "approve": "Approve",
    "send back": "Send back",
    "extend": "Give more time for",
    "close": "Close",
    "reopen": "Reopen",
    "publish": "Publish",
    "hold back": "Hold back the publication of",
}
OBJECTS = {"update": "an update", "overview": "the overview", "quarter": "the quarter"}


def told(move: Move) -> str:
    return f"{WORDS.get(move.verb, move.verb.capitalize())} {OBJECTS[move.of]}"


def table() -> list[Group]:
    """Every rule with an answer for each of PEOPLE, in their order. No query."""
    moves = {told(move): makes(move) for move in (*MOVES, *OVERVIEW_MOVES, *QUARTER_MOVES)}
    groups = {
        "Reading": READING,
        "Filling in": FILLING_IN,
        "From state to state": moves,
        "Running the quarter": RUNNING,
    }
    return [
        Group(title, tuple(Allowed(what, tuple(map(rule, PEOPLE.values()))) for what, rule in rules.items()))
        for title, rules in groups.items()
    ]


def as_markdown() -> str:
    """The table for docs/security.md: a mark for what a role may."""
    lines: list[str] = []
    for group in table():
        lines += [f"| {group.title} | {' | '.join(PEOPLE)} |", f"| --- |{' :-: |' * len(PEOPLE)}"]
        lines += [f"| {row.what} | {' | '.join('yes' if may else '·' for may in row.answers)} |" for row in group.rows]
        lines.append("")
    return "\n".join(lines).rstrip() + "\n"
