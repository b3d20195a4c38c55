"""The forms of the pages of people: finding, inviting, changing, assigning, handing over."""

from __future__ import annotations

from typing import Any

from crispy_forms.helper import FormHelper
from crispy_forms.layout import Submit
from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet

from priorities.cells import parse_date
from priorities.fields import CellField
from priorities.models import AssignmentRole, Person, Priority, QuarterStatus, Role, Section

from .holdings import role_of
from .staffing import Part, why_name_taken, why_taken, without_password

ROLES = [("", "None of these"), *Role.choices]
PARTS: list[Any] = [
    ("", "Choose a part"),
    ("lead:", "Lead"),
    ("deputy:", "Deputy"),
    ("Fills in", [*((f"contributor:{s.value}", s.label) for s in Section), ("contributor:", "Single rows")]),
    ("Signs off", [("signatory:", "The whole update"), *((f"signatory:{s.value}", s.label) for s in Section)]),
]
STATES = [
    ("", "Everybody"),
    ("active", "Can sign in"),
    ("invited", "Invited, not signed in yet"),
    ("inactive", "Deactivated"),
]
HAVING = [("", "Any"), *Role.choices, *AssignmentRole.choices, ("none", "Neither role nor part")]


def by_name(people: QuerySet[Person]) -> QuerySet[Person]:
    return people.order_by("first_name", "last_name", "username", "pk")


class FindForm(forms.Form):
    """Whom a list shows: by words in names and addresses, by state, by role. An answer that is none finds everybody."""

    q = forms.CharField(label="Name, user name or address", max_length=100, required=False)
    state = forms.ChoiceField(label="State", choices=STATES, required=False)
    has = forms.ChoiceField(label="Role or part", choices=HAVING, required=False)

    def found(self) -> QuerySet[Person]:
        self.is_valid()
        chosen = self.cleaned_data
        people = Person.objects.all()
        for word in chosen.get("q", "").split():
            names = ("username", "first_name", "last_name", "email")
            people = people.filter(Q(*((f"{name}__icontains", word) for name in names), _connector=Q.OR))
        return by_name(people.filter(self.in_state(chosen.get("state", "")), self.having(chosen.get("has", ""))))

    def in_state(self, state: str) -> Q:
        invited = Q(is_active=True, last_login=None) & without_password()
        states = {"active": Q(is_active=True), "invited": invited, "inactive": Q(is_active=False)}
        return states.get(state, Q())

    def having(self, has: str) -> Q:
        people = Person.objects.all()
        if has == "none":
            return Q(groups=None, assignments=None, is_superuser=False)
        if has in AssignmentRole.values:
            return Q(pk__in=people.filter(assignments__role=has).values("pk"))
        if has == Role.ADMINISTRATOR:
            return Q(pk__in=people.filter(Q(groups__name=has) | Q(is_superuser=True)).values("pk"))
        return Q(pk__in=people.filter(groups__name=has).values("pk")) if has else Q()


class AccountForm(forms.Form):
    """A form of one button; the page lists its errors on top, so each says what is missing."""

    button = ""

    def __init__(self, data: Any = None, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        self.helper = FormHelper()
        self.helper.attrs = {"novalidate": "", "class": "hand-over"}
        self.helper.add_input(Submit("", self.button))


class PersonForm(AccountForm):
    """Names, address and role of somebody who is here already."""

    button = "Save"
    first_name = forms.CharField(max_length=150, required=False)
    last_name = forms.CharField(max_length=150, required=False)
    email = forms.EmailField(
        label="E-mail address",
        required=False,
        help_text="Without one nothing can be mailed, an invitation neither.",
        error_messages={"invalid": "This is no e-mail address; write it like name@example.org."},
    )
    role = forms.ChoiceField(choices=ROLES, required=False, help_text="Beside the parts that they hold.")
    role_shown = forms.CharField(required=False, widget=forms.HiddenInput)

    def __init__(self, data: Any = None, *, person: Person | None = None, **kwargs: Any) -> None:
        self.person = person
        super().__init__(data, **kwargs)
        self.fields["role_shown"].initial = self.initial.get("role", "")

    def clean(self) -> dict[str, Any]:
        """A role that was left as the form showed it stays as it is by now: somebody may have changed it since."""
        cleaned = super().clean() or {}
        cleaned.pop("role_shown", None)
        if self.data.get("role_shown") == cleaned.get("role") and self.person is not None:
            cleaned["role"] = role_of(self.person)
        return cleaned

    def clean_email(self) -> str:
        email = self.cleaned_data["email"]
        if (self.person is None or email != self.person.email) and (why := why_taken(email, self.person)):
            raise ValidationError(why)
        return email


class PartForm(AccountForm):
    """A part of a priority, with dates."""

    button = "Give this part"
    needed = True  # whether a priority has to be chosen
    priority = forms.ModelChoiceField(
        Priority.objects.filter(plan__quarters__status__in=[QuarterStatus.OPEN, QuarterStatus.PLANNED])
        .distinct()
        .select_related("plan")
        .order_by("-plan__first_year", "position", "pk"),
        required=False,
        empty_label="Choose a priority",
        error_messages={"invalid_choice": "There is no such priority; choose another."},
    )
    part = forms.ChoiceField(
        choices=PARTS,
        required=False,
        error_messages={"invalid_choice": "There is no such part; choose another."},
    )
    starts_on = CellField(parse=parse_date, label="From", required=False, help_text="Like 30/09/2022; empty: now.")
    ends_on = CellField(parse=parse_date, label="Until", required=False, help_text="Empty: until it is ended.")

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = super().clean() or self.cleaned_data
        wanted = self.needed or chosen.get("priority") or chosen.get("part")
        if wanted and not chosen.get("priority") and "priority" not in self.errors:
            self.add_error("priority", "Choose the priority.")
        if wanted and not chosen.get("part") and "part" not in self.errors:
            self.add_error("part", "Choose the part.")
        return chosen

    @property
    def given(self) -> Part | None:
        """The part that was chosen, once the form is valid."""
        chosen = self.cleaned_data
        if not chosen.get("priority"):
            return None
        role, _, section = chosen["part"].partition(":")
        return Part(chosen["priority"], role, section, chosen["starts_on"], chosen["ends_on"])


class InviteForm(PersonForm, PartForm):
    button = "Invite"
    needed = False
    username = forms.SlugField(
        label="User name",
        max_length=150,
        required=False,
        help_text="Empty: made from the name.",
        error_messages={"invalid": "A user name has letters, digits, hyphens and underscores only."},
    )
    field_order = ["first_name", "last_name", "email", "username", "role", "priority", "part"]

    def __init__(self, data: Any = None) -> None:
        super().__init__(data)
        needed = {"first_name": "first name", "last_name": "last name", "email": "e-mail address"}
        for name, words in needed.items():
            self.fields[name].required = True
            self.fields[name].error_messages["required"] = f"Enter the {words}."
        self.fields["email"].help_text = "The invitation goes there."
        self.fields["role"].help_text = "Beside the part given below."

    def clean_username(self) -> str:
        username = self.cleaned_data["username"]
        if username and (why := why_name_taken(username)):
            raise ValidationError(why)
        return username


class HandAllForm(AccountForm):
    """Who takes over all that somebody holds."""

    button = "Hand it all over"
    to = forms.ModelChoiceField(
        by_name(Person.objects.filter(is_active=True)),
        label="To",
        empty_label="Choose a person",
        error_messages={"required": "Choose who takes over.", "invalid_choice": "That person can't sign in."},
    )

    def __init__(self, data: Any = None, *, person: Person, **kwargs: Any) -> None:
        super().__init__(data, **kwargs)
        to: Any = self.fields["to"]
        to.queryset = to.queryset.exclude(pk=person.pk)


class DeactivateForm(HandAllForm):
    """Deactivating asks for somebody who takes over, or for the word that nobody does yet."""

    button = "Deactivate"
    nobody = forms.BooleanField(label="Nobody takes it over for now; it stays in their name", required=False)

    def __init__(self, data: Any = None, *, person: Person, holds: bool, **kwargs: Any) -> None:
        super().__init__(data, person=person, **kwargs)
        self.fields["to"].required = False
        self.fields["to"].label = "Hand over what they hold to"
        if not holds:
            del self.fields["to"], self.fields["nobody"]

    def clean(self) -> dict[str, Any]:
        chosen: dict[str, Any] = super().clean() or self.cleaned_data
        if "to" in self.fields and not self.errors and bool(chosen.get("to")) == bool(chosen.get("nobody")):
            said = "Choose one of both: who takes over" if chosen.get("to") else "Choose who takes over what they hold"
            self.add_error("to", f"{said}, or tick that nobody does for now.")
        return chosen
