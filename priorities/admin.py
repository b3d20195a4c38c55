"""The administration: the bases of every app's admin, and this app's own models."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection
from typing import Any, ClassVar, Protocol

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.utils import unquote
from django.contrib.admin.widgets import AutocompleteSelect
from django.contrib.auth.admin import UserAdmin
from django.contrib.auth.models import Group
from django.db import models, transaction
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils import timezone
from import_export import fields, resources
from import_export.admin import ExportMixin, ImportExportMixin
from import_export.forms import ConfirmImportForm, ExportForm
from simple_history.admin import SimpleHistoryAdmin

from .audit import Act, record, record_roles
from .cells import CellError, is_key, parse_period
from .door import Refused
from .fields import PlainDecimalField
from .history import Source, recording
from .models import (
    Assignment,
    AuditEvent,
    ChangeSet,
    Definition,
    Person,
    Plan,
    Priority,
    Quarter,
    QuarterlyUpdate,
)
from .people import signed_in
from .resources import (
    AssignmentResource,
    DefinitionResource,
    PersonResource,
    PlanResource,
    PriorityResource,
    QuarterlyUpdateResource,
    QuarterResource,
)
from .rows import SheetResource
from .writing import writing

admin.site.unregister(Group)  # the groups are the roles in people.py; what each may do is in code


class AdministratorsOnly:
    """Every permission of an admin page is the administrator's; there are no finer ones to keep in step."""

    def _may(self, request: HttpRequest, obj: Any = None) -> bool:
        return getattr(request.user, "is_administrator", False)

    has_module_permission = has_view_permission = has_add_permission = _may
    has_change_permission = has_delete_permission = _may
    has_import_permission = has_export_permission = _may
    has_view_history_permission = has_change_history_permission = _may

    def formfield_for_foreignkey(self, db_field: Any, request: HttpRequest, **kwargs: Any) -> Any:
        if db_field.name in self.get_autocomplete_fields(request):  # type: ignore[attr-defined]
            kwargs.setdefault("widget", ChosenByNumber(db_field, self.admin_site))  # type: ignore[attr-defined]
        return super().formfield_for_foreignkey(db_field, request, **kwargs)  # type: ignore[misc]


class ChosenByNumber(AutocompleteSelect):
    """Django's own, that shows a refused form again without looking up what can be no row."""

    def optgroups(self, name: str, value: Any, attr: Any = None) -> Any:
        return super().optgroups(name, [each for each in value if is_key(str(each))], attr)


class ConfirmForm(ConfirmImportForm):
    """Knows what was previewed, so that nothing else is imported."""

    fingerprint = forms.CharField(widget=forms.HiddenInput())


class Exported(ExportMixin):
    """Mixin: export, with every column and without the script that chooses some."""

    export_form_class = ExportForm

    def get_data_for_export(self, request: HttpRequest, queryset: Any, **kwargs: Any) -> Any:
        """The rows, with the resource that made them: what writes the file asks it which columns are figures."""
        data = super().get_data_for_export(request, queryset, **kwargs)
        data.resource = self.choose_export_resource_class(kwargs.get("export_form"), request)
        return data


class PlainResource(resources.ModelResource):
    """A model as it is stored, column by column, what a row refers to by its name, without the bytes of files."""

    @classmethod
    def of(cls, model: Any, left_out: Collection[str]) -> type[PlainResource]:
        kept = [f for f in model._meta.concrete_fields if not isinstance(f, models.BinaryField)]
        columns = {f.name: column_of(f) for f in kept if f.name not in left_out}
        meta = type("Meta", (), {"model": model, "fields": list(columns)})
        return type(f"{model.__name__}Resource", (cls,), {**columns, "Meta": meta})

    @classmethod
    def get_display_name(cls) -> str:
        return str(cls._meta.model._meta.verbose_name_plural).capitalize()


def column_of(field: Any) -> fields.Field:
    heading = str(field.verbose_name)
    return PlainColumn(attribute=field.name, column_name=heading[:1].upper() + heading[1:])


class PlainColumn(fields.Field):
    def export(self, instance: Any, **kwargs: Any) -> str:
        value = self.get_value(instance)
        if isinstance(value, dt.datetime):
            return f"{timezone.localtime(value):%Y-%m-%d %H:%M:%S}"
        if isinstance(value, dict | list):
            return json.dumps(value, ensure_ascii=False)
        return "" if value is None else str(value)


class ReadOnly(AdministratorsOnly, Exported, admin.ModelAdmin):
    """What other pages write: to see that it is there and to export it, not to change it."""

    not_exported: tuple[str, ...] = ()  # what is downloaded elsewhere, or too long for a cell

    def get_export_resource_classes(self, request: HttpRequest) -> list[type[PlainResource]]:
        return [PlainResource.of(self.model, self.not_exported)]

    def get_export_queryset(self, request: HttpRequest) -> Any:
        """With all that the names of what a row refers to are made of: no query for a row."""
        related = [f for f in self.model._meta.concrete_fields if f.is_relation]
        paths = [f"{f.name}__{g.name}" for f in related for g in f.related_model._meta.concrete_fields if g.is_relation]
        return super().get_export_queryset(request).select_related(*(f.name for f in related), *paths)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False

    has_change_permission = has_delete_permission = has_add_permission


class Keep(Protocol):
    """Keeps a record of an import, with its file."""

    def __call__(
        self, *, name: str, data: bytes, resource: SheetResource, result: Any, change_set: ChangeSet
    ) -> object: ...


class NothingImported(Exception):
    """Takes back the change set of an import that changed nothing."""


class SheetAdmin(AdministratorsOnly, Exported, ImportExportMixin):
    """Import and export with the resources that the workbook uses: the same rules, the same messages, a preview."""

    confirm_form_class = ConfirmForm
    resource: type[SheetResource]
    resources: tuple[type[SheetResource], ...] = ()  # where one model has several sheets
    keep: ClassVar[Keep] = staticmethod(lambda **kept: None)  # set by what keeps imports, which builds on this app

    def get_resource_classes(self, request: HttpRequest) -> list[type[SheetResource]]:
        return list(self.resources or (self.resource,))

    def add_data_read_fail_error_to_form(self, form: Any, e: Exception) -> None:
        form.add_error("import_file", f"This can't be read: {e}")

    def import_action(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        """The preview; its confirmation is for what it shows, and nothing else."""
        page = super().import_action(request, **kwargs)
        context = getattr(page, "context_data", None) or {}
        if "confirm_form" in context:
            context["confirm_form"].initial["fingerprint"] = context["result"].fingerprint
        return page

    def get_import_data_kwargs(self, **kwargs: Any) -> dict[str, Any]:
        confirmed = getattr(kwargs.get("form"), "cleaned_data", {})
        previewed = {"fingerprint": confirmed["fingerprint"]} if "fingerprint" in confirmed else {}
        return {**super().get_import_data_kwargs(**kwargs), **previewed}

    def process_dataset(self, dataset: Any, form: Any, request: HttpRequest, **kwargs: Any) -> Any:
        """Under one change set that names the file, and kept with it; nothing is kept of what changes nothing."""
        name = form.cleaned_data["original_file_name"]
        resource_class = self.choose_import_resource_class(form, request)
        resource = resource_class(**self.get_import_resource_kwargs(request, form=form, **kwargs))
        known = self.get_import_data_kwargs(request=request, form=form, **kwargs)
        try:
            with recording(by=signed_in(request), source=Source.ADMIN, note=name) as change_set:
                result = resource.import_data(dataset, file_name=name, user=request.user, **known)
                if not resource.plan or result.has_errors() or result.has_validation_errors():
                    raise NothingImported
                file = self.get_tmp_storage_class()(name=form.cleaned_data["import_file_name"], read_mode="rb")
                self.keep(name=name, data=file.read(), resource=resource, result=result, change_set=change_set)
        except NothingImported:
            pass
        return result

    def process_import(self, request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            return super().process_import(request, **kwargs)
        except FileNotFoundError:
            messages.error(request, "This was imported already, or its preview is too old. Choose the file again.")
        except Refused as error:
            for reason in error.reasons:
                messages.error(request, reason)
        return HttpResponseRedirect("../import/")


class Recorded:
    """Mixin: saving and deleting are acts, with their change set."""

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        with recording(by=signed_in(request), source=Source.ADMIN):
            super().save_model(request, obj, form, change)  # type: ignore[misc]

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with recording(by=signed_in(request), source=Source.ADMIN):
            super().delete_model(request, obj)  # type: ignore[misc]

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        with recording(by=signed_in(request), source=Source.ADMIN):
            super().delete_queryset(request, queryset)  # type: ignore[misc]


class TrackedAdmin(SheetAdmin, Recorded, SimpleHistoryAdmin):
    """Set-up rows, with history."""

    list_per_page = 50
    save_on_top = True
    history_list_display = ["change_set"]
    formfield_overrides = {
        models.DecimalField: {"form_class": PlainDecimalField},
        models.TextField: {"widget": forms.Textarea(attrs={"rows": 3, "cols": 90})},
    }

    def history_view(self, request: HttpRequest, object_id: str, extra_context: Any = None) -> HttpResponse:
        self.found_by(object_id)
        return super().history_view(request, object_id, extra_context)

    def history_form_view(
        self, request: HttpRequest, object_id: str, version_id: str, extra_context: Any = None
    ) -> HttpResponse:
        self.found_by(object_id, version_id)
        return super().history_form_view(request, object_id, version_id, extra_context)

    def found_by(self, *keys: str) -> None:
        """404 for what can be no key; simple-history takes it to the database as it is, which ends in an error."""
        if not all(is_key(unquote(key)) for key in keys):
            raise Http404


class DoorForm(forms.ModelForm):
    """A form of a report row: says why the door is shut, or who was faster, while what was typed is still there."""

    base_version = forms.IntegerField(widget=forms.HiddenInput, required=False)
    person: Person

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["base_version"].initial = self.instance.version

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        row = self.instance
        if row.pk and cleaned.get("base_version") is not None:
            newest = type(row).objects.filter(pk=row.pk).values_list("version", flat=True).first()
            if newest != cleaned["base_version"]:
                last = row.history.select_related("change_set__person").first()
                who = f" ({last.change_set})" if last and last.change_set else ""
                self.add_error(
                    None,
                    f"This was changed since you opened it{who}. Open it in another tab, compare, and enter what still "
                    "holds there; nothing you typed here was saved.",
                )
        for reason in self.reasons():
            self.add_error(None, reason)
        return cleaned

    def reasons(self) -> list[str]:
        """Why this person can't write the row now."""
        row = self.instance if self.instance.pk else self.cleaned_data.get("update")
        if row is None or row.lock().editable_by(self.person).exists():
            return []
        return row.lock().why_not_editable(self.person)


class GuardedAdmin(TrackedAdmin):
    """Report rows: read always, written through the door only."""

    form = DoorForm
    row_is_fixed_by: tuple[str, ...] = ()  # set when the row is made, and not changed later

    def door(self, request: HttpRequest, obj: Any) -> Any:
        return writing([obj.update], by=signed_in(request), source=Source.ADMIN)

    def editable(self, request: HttpRequest, obj: Any) -> bool:
        return obj.lock().editable_by(signed_in(request)).exists()

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        """A locked row is shown, not edited; one locked while it was being edited gets the form's own message."""
        may = super().has_change_permission(request, obj)
        return may and (obj is None or request.method == "POST" or self.editable(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return super().has_delete_permission(request, obj) and (obj is None or self.editable(request, obj))

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(self.row_is_fixed_by if obj else ())]

    def get_form(self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any) -> Any:
        form = super().get_form(request, obj, change, **kwargs)
        form.person = request.user
        return form

    def get_actions(self, request: HttpRequest) -> Any:
        actions = super().get_actions(request)
        actions.pop("delete_selected", None)  # rows are deleted one by one, each through the door
        return actions

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        raised_by_the_door = isinstance(obj, Quarter | QuarterlyUpdate)
        with self.door(request, obj):
            if change and (base := form.cleaned_data["base_version"]) is not None:
                now = type(obj).objects.filter(pk=obj.pk, version=base + raised_by_the_door)
                if not now.exists():  # the form's own check came before the door's lock
                    raise Refused("Somebody saved this at the same moment.")
            obj.save()

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with self.door(request, obj):
            obj.delete()

    def changeform_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_say_why(request, super().changeform_view, *args, **kwargs)

    def delete_view(self, request: HttpRequest, *args: Any, **kwargs: Any) -> HttpResponse:
        return self.or_say_why(request, super().delete_view, *args, **kwargs)

    def or_say_why(self, request: HttpRequest, view: Any, *args: Any, **kwargs: Any) -> HttpResponse:
        """Refused between the form's check and the write: once more, and the form finds it, with all that was typed."""
        try:
            return view(request, *args, **kwargs)
        except Refused:
            try:
                return view(request, *args, **kwargs)
            except Refused as error:
                for reason in error.reasons:
                    messages.error(request, reason)
                return HttpResponseRedirect(request.get_full_path())


class FoundByQuarter:
    """Mixin: a quarter typed into the search, "Q1 2022/23", finds that quarter's."""

    quarter_path = ""  # from the model to its quarter, as in a filter

    def get_search_results(self, request: HttpRequest, queryset: Any, search_term: str) -> tuple[Any, bool]:
        try:
            period = parse_period(search_term)
        except CellError:
            return super().get_search_results(request, queryset, search_term)  # type: ignore[misc]
        path = self.quarter_path
        return queryset.filter(**{f"{path}financial_year": period.year, f"{path}number": period.number}), False


class FixedOnceUsed:
    """Mixin of set-up rows: what their figures depend on doesn't change once there are any."""

    fixed: tuple[str, ...] = ("priority",)

    def get_readonly_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        return [*super().get_readonly_fields(request, obj), *(self.fixed if obj else ())]  # type: ignore[misc]


class RowAdmin(GuardedAdmin):
    """Rows of a quarterly update."""

    row_is_fixed_by: tuple[str, ...] = ("update",)
    autocomplete_fields: Any = ["update"]
    list_select_related: Any = ["update__quarter", "update__priority"]
    list_filter: Any = ["update__quarter", "update__priority", "confirmed"]

    @admin.display(description="quarter", ordering="update__quarter__financial_year")
    def quarter(self, row: Any) -> str:
        return str(row.update.quarter)

    @admin.display(description="priority", ordering="update__priority__position")
    def priority(self, row: Any) -> str:
        return str(row.update.priority)


class QuarterInline(admin.TabularInline):
    model = Quarter
    fields = readonly_fields = ("financial_year", "number", "status", "due_on")
    extra = 0
    can_delete = False
    show_change_link = True

    def has_view_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return getattr(request.user, "is_administrator", False)

    def has_add_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Plan)
class PlanAdmin(TrackedAdmin):
    resource = PlanResource
    list_display = ["title", "first_year", "last_year"]
    search_fields = ["title"]
    list_filter = ["first_year"]
    inlines = [QuarterInline]

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        """Saving a plan makes the quarters of its years that are not there yet, as planned."""
        with writing(by=signed_in(request), source=Source.ADMIN, opening=True):
            obj.save()
            Quarter.objects.bulk_create(obj.missing_quarters())


@admin.register(Priority)
class PriorityAdmin(TrackedAdmin):
    resource = PriorityResource
    list_display = ["title", "plan", "position"]
    list_filter = ["plan"]
    search_fields = ["title"]
    autocomplete_fields = ["plan"]
    prepopulated_fields = {"slug": ["title"]}

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        super().save_model(request, obj, form, change)
        if not change:
            messages.info(request, "It appears in a quarter's report once it has a quarterly update there: add one.")


@admin.register(Quarter)
class QuarterAdmin(FoundByQuarter, GuardedAdmin):
    resource = QuarterResource
    list_display = ["__str__", "status", "due_on", "plan"]
    list_filter = ["status", "plan"]
    search_fields = ["financial_year"]
    search_help_text = "A quarter: Q1 2022/23"
    autocomplete_fields = ["plan"]
    exclude = ["reopened_for", "reopened_until", "reopened_reason"]
    readonly_fields = [
        "status",
        "overview_status",
        "overview_submitted_at",
        "overview_submitted_by",
        "overview_approved_at",
        "overview_approved_by",
    ]
    row_is_fixed_by = ("financial_year", "number")

    def door(self, request: HttpRequest, obj: Any) -> Any:
        if obj.pk:
            return writing(by=signed_in(request), source=Source.ADMIN, overview_of=[obj])
        return writing(by=signed_in(request), source=Source.ADMIN, opening=True)


@admin.register(QuarterlyUpdate)
class QuarterlyUpdateAdmin(FoundByQuarter, GuardedAdmin):
    quarter_path = "quarter__"
    resource = QuarterlyUpdateResource
    list_display = ["priority", "quarter", "status", "objectives", "time", "spend", "capability", "risk"]
    list_filter = ["quarter", "status", "priority"]
    search_fields = ["priority__title"]
    search_help_text = "A quarter, Q1 2022/23, or a priority"
    exclude = ["reopened_for", "reopened_until"]
    list_select_related = ["priority", "quarter"]
    autocomplete_fields = ["priority", "quarter"]
    readonly_fields = ["status", "leads", "submitted_at", "submitted_by", "approved_at", "approved_by"]
    row_is_fixed_by = ("quarter", "priority")

    def door(self, request: HttpRequest, obj: Any) -> Any:
        if obj.pk:
            return writing([obj], by=signed_in(request), source=Source.ADMIN)
        return writing(by=signed_in(request), source=Source.ADMIN, opening=True)


@admin.register(Assignment)
class AssignmentAdmin(TrackedAdmin):
    resource = AssignmentResource
    list_display = ["priority", "person", "role", "section", "starts_on", "ends_on"]
    list_filter = ["role", "section", "priority"]
    search_fields = ["person__username", "person__last_name", "priority__title"]
    list_select_related = ["priority", "person"]
    autocomplete_fields = ["priority", "person"]


@admin.register(Definition)
class DefinitionAdmin(TrackedAdmin):
    resource = DefinitionResource
    list_display = ["kind", "letter", "text", "supplied_default"]
    list_display_links = ["kind", "letter"]
    list_filter = ["kind"]
    search_fields = ["text"]

    @admin.display(boolean=True)
    def supplied_default(self, definition: Definition) -> bool:
        return definition.is_default


@admin.register(Person)
class PersonAdmin(SheetAdmin, Recorded, UserAdmin):
    resource = PersonResource
    list_display = ["username", "first_name", "last_name", "email", "is_active", "last_login"]
    list_filter = ["is_active", "groups"]
    search_fields = ["username", "first_name", "last_name", "email"]
    readonly_fields = ["last_login", "date_joined"]
    fieldsets = (
        (None, {"fields": ("username", "password")}),
        ("Person", {"fields": ("first_name", "last_name", "email")}),
        ("Roles", {"fields": ("is_active", "groups")}),
        ("Dates", {"fields": ("last_login", "date_joined")}),
    )

    def save_model(self, request: HttpRequest, obj: Any, form: Any, change: Any) -> None:
        stored = Person.objects.filter(pk=obj.pk).first() if change else None
        form.roles_before = set(stored.groups.values_list("name", flat=True)) if stored else set()
        super().save_model(request, obj, form, change)
        by = signed_in(request)
        if stored is None:
            record(Act.INVITED, by=by, request=request, about=obj.username)
        elif stored.is_active != obj.is_active:
            act = Act.PERSON_ACTIVATED if obj.is_active else Act.PERSON_DEACTIVATED
            record(act, by=by, request=request, about=obj.username)

    def save_related(self, request: HttpRequest, form: Any, formsets: Any, change: Any) -> None:
        super().save_related(request, form, formsets, change)
        now = set(form.instance.groups.values_list("name", flat=True))
        record_roles(form.instance, form.roles_before, now, by=signed_in(request))

    def delete_model(self, request: HttpRequest, obj: Any) -> None:
        with transaction.atomic():
            record(Act.PERSON_DEACTIVATED, by=signed_in(request), request=request, about=obj.username, detail="Deleted")
            super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: models.QuerySet[Any]) -> None:
        with transaction.atomic():
            for person in queryset:
                record(Act.PERSON_DEACTIVATED, by=signed_in(request), about=person.username, detail="Deleted")
            super().delete_queryset(request, queryset)

    def user_change_password(self, request: HttpRequest, id: str, form_url: str = "") -> Any:
        """Django's own; on record if it was changed."""
        before = Person.objects.filter(pk=id).values_list("password", flat=True).first() if id.isdecimal() else None
        with transaction.atomic():
            answer = super().user_change_password(request, id, form_url)
            person = Person.objects.filter(pk=id).first() if before is not None else None
            if person and person.password != before:
                record(Act.PASSWORD_CHANGED, by=signed_in(request), request=request, about=person.username)
        return answer


@admin.register(ChangeSet)
class ChangeSetAdmin(ReadOnly):
    """Who changed what, when and from where: to read and to export."""

    list_display = ["at", "person", "source", "note"]
    list_filter = ["source", "at"]
    search_fields = ["person__username", "note"]
    list_select_related = ["person"]
    date_hierarchy = "at"


@admin.register(AuditEvent)
class AuditEventAdmin(ReadOnly):
    """Sign-ins, refusals, roles, exports and publications: read more easily on its own page."""

    list_display = ["at", "act", "name", "about", "detail", "address"]
    list_filter = ["act", "at"]
    search_fields = ["name", "about", "detail", "address"]
    date_hierarchy = "at"
