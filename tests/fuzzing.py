"""What the fuzz tests are made of: every address, a world with secrets in it, bodies made from real forms."""

import io
import re
import zipfile
from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import quote

from django.apps import apps
from django.contrib.auth.models import Group
from django.contrib.auth.tokens import default_token_generator
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db.models import Q, QuerySet
from django.test.client import encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver
from django.utils.http import urlsafe_base64_encode
from hypothesis import strategies as st

from priorities.models import AssignmentRole, QuarterlyUpdate, Section, UpdateStatus
from priorities.periods import Period
from tests.closed import close_for_real
from tests.make import (
    Q1,
    door,
    make_assessment,
    make_assignment,
    make_decision,
    make_full_update,
    make_import,
    make_indicator,
    make_person,
    make_position,
    make_priority,
    make_quarter,
    make_reading,
    set_status,
    with_role,
)
from tests.pdfs import metadata, raw_pages
from tests.published import publish_for_real
from updates.models import Comment, Draft, Explanation, Notice, OverviewDraft, SentBack

Q2 = Period(2022, 2)

# Addresses


@dataclass(frozen=True)
class Place:
    """One address of the URLconf: its fixed parts, and between them what stands for the others."""

    parts: tuple[tuple[str, str, str], ...]  # fixed text, converter, name; the last may have only text

    def __str__(self):
        return "/" + "".join(f"{text}<{kind}:{name}>" if kind else text for text, kind, name in self.parts)

    @property
    def roles(self):
        """Those to whom it may show something of its own: the administration refuses all others in one place."""
        return ["anonymous", "manager", "administrator"] if str(self).startswith("/admin/") else ROLES

    def before(self, name):
        """What of it is fixed before the part of this name."""
        return "".join(text for text, _, _ in self.parts[: [each for _, _, each in self.parts].index(name) + 1])

    @property
    def has_quarter(self):
        return any(kind == "PeriodConverter" for _, kind, _ in self.parts)


def places():
    found = {}
    for parts in walk(get_resolver().url_patterns, ()):
        place = Place(tuple(parts))
        found[str(place)] = place
    return list(found.values())


def walk(patterns, before):
    for pattern in patterns:
        parts = (*before, *split(pattern.pattern))
        if isinstance(pattern, URLResolver):
            yield from walk(pattern.url_patterns, parts)
        elif isinstance(pattern, URLPattern):
            yield parts


def split(pattern):
    """The pieces of one pattern; of a regular expression, its groups alone."""
    if hasattr(pattern, "regex") and not hasattr(pattern, "_route"):
        return [("", "regex", name) for name in pattern.regex.groupindex] + [("/", "", "")]
    pieces, rest = [], str(pattern)
    for name, converter in pattern.converters.items():
        start = rest.index("<")
        end = rest.index(">", start)
        pieces.append((rest[:start], type(converter).__name__, name))
        rest = rest[end + 1 :]
    return [*pieces, (rest, "", "")]


JUNK = [
    "",
    "0",
    "x",
    "nothing",
    "%00",
    "%ED%A0%80",
    "%E2%80%AE",
    "a" * 300,
    "..",
    "%2e%2e%2f",
    "9" * 30,
    "-1",
    "²",
    "é",
]
PERIODS = [Q2.slug, Q1.slug, "2022-23-q3", "2022-24-q1", "0000-01-q1", "9999-00-q4", "2099-00-q4", "2021-22-q4"]
AUDIENCES = ["public", "internal"]
TABLES = ["priorities", "finance", "indicators", "risks", "issues", "goals"]
KINDS = ["xlsx", "html", "pdf", "json", "ods", "csv", "zip"]
VERBS = ["submit", "withdraw", "begin", "approve", "send-back", "send_back", "reopen", "take-back", "back", "edit"]


def known(world, kind, name, before=""):
    """What there is for one part of an address, the likeliest first; a part that is not listed gets all the words."""
    numbers = [str(world.pks[0]), *map(str, world.pks[1:]), "0", str(2**31), str(2**63), "9" * 40]
    words = {
        "slug": [world.priorities[n].slug for n in (1, 2, 0)],
        "section": Section.values,
        "suffix": KINDS,
        "audience": AUDIENCES,
        "name": TABLES,
        "verb": VERBS,
        "key": world.keys,
        "uidb64": [world.uid],
        "token": [world.token, "set-password"],
        "app_label": ["priorities", "updates", "nothing"],
    }
    if name == "object_id":
        return [*keys_in_admin(before), *numbers]
    kinds = {"PeriodConverter": PERIODS, "IntConverter": numbers, "UUIDConverter": world.keys}
    every = [word for group in words.values() for word in group]
    return kinds.get(kind) or words.get(name) or [*numbers[:4], *every]


def keys_in_admin(before):
    """The keys of the rows that a page of the administration is about."""
    found = re.search(r"(\w+)/(\w+)/$", before)
    return (
        [str(key) for key in QuerySet(apps.get_model(*found.groups())).values_list("pk", flat=True)[:3]]
        if found
        else []
    )


def address_of(place, world):
    """An address of this place: mostly of what there is, now and then of what there isn't."""
    made = []
    for text, kind, name in place.parts:
        made.append(st.just(text))
        if kind:
            there = st.sampled_from([quote(each, safe="%") for each in known(world, kind, name, place.before(name))])
            made.append(st.one_of(there, there, there, st.sampled_from(JUNK)))
    return st.tuples(*made).map(lambda parts: "/" + "".join(parts))


def plain_address(place, world, closed=False):
    """The likeliest address of this place: of an update that is another's, or of the quarter that is closed."""
    made = [
        text + (known(world, kind, name, place.before(name))[0] if kind else "") for text, kind, name in place.parts
    ]
    return "/" + "".join(made).replace(*((Q2.slug, Q1.slug) if closed else ("", "")))


QUERY_NAMES = [
    "q",
    "page",
    "next",
    "all",
    "against",
    "with",
    "of",
    "from",
    "to",
    "quarter",
    "priority",
    "section",
    "show",
]
QUERY_NAMES += [
    "e",
    "o",
    "p",
    "_popup",
    "_to_field",
    "_changelist_filters",
    "id__exact",
    "person__id",
    "update__id",
    "x",
]
QUERY_NAMES += ["app_label", "model_name", "field_name", "term", "code", "state", "error", "format"]
QUERY_VALUES = [
    "1",
    "",
    "-1",
    "9" * 30,
    "%00",
    "%ED%A0%80",
    "%FF%FE",
    "2022-23-q1",
    "victims",
    "//evil.example",
    "1.2.-3",
]
QUERY_VALUES += ["[]", "%E2%80%AE", "priorities", "priority", "plan", "update", "xlsx", "x" * 3_000, "1;DROP", "%"]


def queries():
    pair = st.tuples(st.sampled_from(QUERY_NAMES), st.sampled_from(QUERY_VALUES)).map("=".join)
    return st.one_of(st.just(""), st.lists(pair, min_size=1, max_size=3).map(lambda pairs: "?" + "&".join(pairs)))


HEADERS = [
    {},
    {},
    {"HTTP_ACCEPT": "application/json;q=x", "HTTP_ACCEPT_LANGUAGE": "xx-%%-☃".encode().decode("latin-1")},
    {"HTTP_IF_NONE_MATCH": 'W/"', "HTTP_IF_MODIFIED_SINCE": "Sat, 99 Foo 2022 25:61:61 GMT"},
    {"HTTP_RANGE": "bytes=5-1", "HTTP_REFERER": "http://[::1"},
    {"HTTP_X_REQUESTED_WITH": "XMLHttpRequest", "HTTP_X_FORWARDED_FOR": "1.2.3.4, \x7f"},
    {"HTTP_X_REQUEST_ID": "x" * 5_000, "HTTP_USER_AGENT": "\xff" * 50},
    {"HTTP_HOST": "evil.example"},
    {"HTTP_HOST": "testserver:99999999"},
]


# The world


ROLES = ["anonymous", "nobody", "reader", "contributor", "lead", "other_lead", "director", "manager", "administrator"]
ALL_SEEING = {"manager", "administrator"}
INSIDE = set(ROLES) - {"anonymous", "nobody"}  # who reads what is closed


@dataclass
class World:
    people: dict = field(default_factory=dict)  # role → person
    priorities: list = field(default_factory=list)  # victims, trust, violence
    secrets: dict = field(default_factory=dict)  # word → the roles that may read it
    keys: list = field(default_factory=list)
    pks: list = field(default_factory=list)
    uid: str = ""
    token: str = ""
    read: set = field(default_factory=set)  # role and word, wherever one was read
    kept: dict = field(default_factory=dict)  # role → what nobody of it may change

    def secret(self, word, *roles):
        """A word to plant where only these roles may read it."""
        found = f"Kept{word}Inside"
        self.secrets[found] = set(roles)
        return found

    def own(self, role):
        """The priorities whose open updates somebody may change in any way."""
        victims, trust, violence = self.priorities
        own = {"lead": [victims], "contributor": [victims], "other_lead": [trust], "director": [violence]}
        return self.priorities if role in ALL_SEEING else own.get(role, [])


def make_world():
    """A quarter that is closed and published, one that is open, somebody of each role, and words that few may read."""
    world = World()
    titles = ("Victims are better supported", "Trust and confidence increases", "Violence is reduced")
    world.priorities = [make_priority(title=title) for title in titles]
    make_people(world)
    last = make_last(world)
    make_open(world, last)
    world.keys = [str(each.key) for each in apps.get_model("indicators.Indicator").objects.order_by("pk")]
    world.keys += [str(each.key) for each in apps.get_model("risks.Risk").objects.order_by("pk")]
    world.keys += ["00000000-0000-0000-0000-000000000000"]
    lead = world.people["lead"]
    world.pks = [each.pk for each in (lead, world.people["other_lead"], world.people["nobody"])] + [1, 2, 3]
    world.uid = urlsafe_base64_encode(str(lead.pk).encode())
    world.token = default_token_generator.make_token(lead)
    return world


def make_people(world):
    victims, trust, violence = world.priorities
    people = {role: with_role(role, name) for role, name in (("reader", "Readers"), ("manager", "Managers"))}
    people["administrator"] = with_role("administrator", "Administrators")
    people["nobody"] = make_person("nobody", email="kept-nobody@tracker.example")
    people["lead"] = make_assignment(victims, make_person("victims-lead")).person
    people["other_lead"] = make_assignment(trust, make_person("trust-lead")).person
    finance = {"role": AssignmentRole.CONTRIBUTOR, "section": Section.FINANCE}
    people["contributor"] = make_assignment(victims, make_person("finance-officer"), **finance).person
    people["director"] = make_assignment(violence, make_person("director"), AssignmentRole.SIGNATORY).person
    make_assignment(violence, make_person("violence-lead"))
    world.people = {"anonymous": None, **people}
    world.secrets["kept-nobody@tracker.example"] = {"administrator", "nobody"}


def make_last(world):
    quarter = make_quarter(Q1)
    for priority in world.priorities:
        update = make_full_update(priority, quarter, rows=1)
    with door(update):
        reading = update.readings.get()
        reading.reason, reading.confidence = world.secret("Reason", *INSIDE), "R"
        reading.save()
        forecast = update.goalforecasts.get()
        forecast.comment = world.secret("GoalComment", *INSIDE)
        forecast.save()
    make_assessment(update, description=world.secret("InternalRisk", *INSIDE), is_top=True, is_internal=True)
    decided = world.secret("Decided", "manager", "administrator", "director")
    make_decision(update, text=decided)
    by = world.people["administrator"]
    close_for_real(quarter, by=by, reason=world.secret("WhyUnapproved", *INSIDE))
    publish_for_real(quarter, by=world.people["manager"], why=world.secret("Explained", *INSIDE))
    return quarter


def make_open(world, last):
    quarter = make_quarter(Q2, due_on=last.due_on)
    victims, trust, violence = world.priorities
    make_full_update(victims, quarter, rows=2)
    other = make_full_update(trust, quarter, rows=1)
    plant_in_the_open_update(world, other)
    plant_around_it(world, other, quarter)
    reviewed = make_full_update(violence, quarter, rows=1)
    plant_in_the_review(world, reviewed)
    with door(overview_of=[quarter]):
        quarter.refresh_from_db()
        quarter.overview = world.secret("Overview", *ALL_SEEING)
        quarter.save()
    Notice.objects.create(
        person=world.people["manager"], kind="opened", text=world.secret("Notice", *ALL_SEEING), path="/"
    )
    plant_in_the_audit_log(world)


def plant_in_the_open_update(world, update):
    """In every kind of row of an update that is not submitted, and in what its cells said before."""
    may = ("other_lead", *ALL_SEEING)
    with door(update) as _:
        stored = QuarterlyUpdate.objects.get(pk=update.pk)
        stored.narrative = world.secret("NarrativeBefore", *may)
        stored.save()
    with door(update):
        stored = QuarterlyUpdate.objects.get(pk=update.pk)
        stored.narrative, stored.finance_note = world.secret("Narrative", *may), world.secret("Finance", *may)
        stored.ratings_note = world.secret("Ratings", *may)
        stored.save()
    make_reading(update, make_indicator(update.priority, "9z"), note=world.secret("Note", *may), value=4_711)
    make_assessment(update, description=world.secret("Risk", *may), explanation=world.secret("Trend", *may))
    make_position(update, period=2)
    with door(update):
        warned = {"warning": "x", "told": world.secret("Told", *may), "text": world.secret("Answer", *may)}
        Explanation(update=update, **warned).save()
        goal = update.goalforecasts.get()
        goal.comment = world.secret("Goal", *may)
        goal.save()


def plant_around_it(world, update, quarter):
    """Drafts, imports and what somebody typed for the overview: of one person."""
    lead = world.people["other_lead"]
    own = world.secret("Draft", "other_lead", "administrator")
    Draft.objects.create(person=lead, update=update, section="ratings", data={f"update-{update.pk}-narrative": own})
    typed = world.secret("OverviewDraft", *ALL_SEEING)
    OverviewDraft.objects.create(
        person=world.people["manager"], quarter=quarter, data={f"quarter-{quarter.pk}-overview": typed}
    )
    named = world.secret("Import", "other_lead", "administrator")
    make_import(lead, name=f"{named}.csv", data=named.encode())
    SentBack.objects.create(
        update=update,
        by=world.people["manager"],
        at=lead.date_joined,
        reason=world.secret("SentBack", "other_lead", *ALL_SEEING),
    )


def plant_in_the_review(world, update):
    may = ("director", *ALL_SEEING)
    author = world.people["manager"]
    line = {"section": "ratings", "subject": "Ratings and narrative"}
    Comment.objects.create(update=update, author=author, text=world.secret("Comment", *may), **line)
    with door(update):
        stored = QuarterlyUpdate.objects.get(pk=update.pk)
        stored.narrative = world.secret("Submitted", *may)
        stored.save()
    set_status(update, UpdateStatus.SUBMITTED)


def plant_in_the_audit_log(world):
    """Where there is one."""
    try:
        from priorities.audit import Act, record
    except ImportError:
        return
    word = world.secret("Audit", "administrator")
    record(Act.EXPORTED, by=world.people["manager"], about=word, detail=word)


# What an answer says


def told_in(response):
    """All that stands in an answer, whatever it is packed in, with what its headers say."""
    data = b"".join(response.streaming_content) if response.streaming else response.content
    head = "\n".join(f"{name}: {value}" for name, value in response.items() if name != "Content-Security-Policy")
    return head + "\n" + unpacked(data)


def unpacked(data):
    if data.startswith(b"PK"):
        archive = zipfile.ZipFile(io.BytesIO(data))
        return "\n".join(archive.namelist()) + "".join(unpacked(archive.read(name)) for name in archive.namelist())
    if data.startswith(b"%PDF"):
        return metadata(data) + "".join(raw_pages(data)).replace("\r\n", "")
    return data.decode(errors="replace")


# What is stored


def kept(world, role):
    """What nobody of this role may change by any request, as it stands now."""
    found = {"roles": list(Group.user_set.through.objects.order_by("pk").values())}
    for model in apps.get_models():
        rows = kept_of(model, world, role)
        if rows is not None:
            found[model._meta.label] = list(rows.order_by("pk").values())
    if role == "administrator":
        del found["roles"]
    return found


def kept_of(model, world, role):
    """The rows of a model that somebody of this role must leave alone; None where that can't be said of rows."""
    label, names = model._meta.label, {each.name for each in model._meta.get_fields() if each.concrete}
    if label in FOR_GOOD:
        return QuerySet(model)
    if label == "priorities.Person":
        return None if role == "administrator" else QuerySet(model).exclude(pk=getattr(world.people[role], "pk", 0))
    if label in SET_UP:
        return None if role == "administrator" else QuerySet(model)
    if model.__name__.startswith("Historical") or not ("update" in names or model is QuarterlyUpdate):
        return None
    to, own = ("" if model is QuarterlyUpdate else "update__"), [each.pk for each in world.own(role)]
    if label not in ONLY.get(role, {label}):
        return QuerySet(model)
    mine = Q(**{f"{to}priority__in": own})
    if label not in OF_CLOSED_TOO and role != "administrator":
        mine &= Q(**{f"{to}quarter__number": Q2.number})
    return QuerySet(model).exclude(mine)


FOR_GOOD = {"reports.ClosedReport", "reports.Publication", "reports.PublishedFile"}
SET_UP = {"priorities.Plan", "priorities.Priority", "priorities.Definition", "priorities.RiskScale"}
OF_CLOSED_TOO = {"updates.Decision", "reports.ProposedRevision"}  # on a closed quarter by their nature
ONLY = {  # of their own priority, all that these two may change; its update, for its version goes up
    "director": {"priorities.QuarterlyUpdate", "updates.SignOff", "updates.Comment"},
    "contributor": {"priorities.QuarterlyUpdate", "finance.FinancialPosition", "updates.Draft", "updates.Comment"},
}


# Forms


@dataclass
class Form:
    """A form as its page shows it."""

    action: str
    method: str
    fields: list = field(default_factory=list)  # name, value, type


class Forms(HTMLParser):
    def __init__(self):
        super().__init__()
        self.forms, self.select, self.area = [], None, None

    def handle_starttag(self, tag, attrs):
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("action", ""), given.get("method", "get").lower()))
        if not self.forms or (tag not in ("input", "button", "select", "textarea", "option")):
            return
        if tag == "option":
            if self.select and ("selected" in given or not self.select[1]):
                self.select[1] = given.get("value", "")
            return
        if not given.get("name"):
            return
        row = [given["name"], given.get("value", ""), given.get("type", tag)]
        self.forms[-1].fields.append(row)
        self.select = row if tag == "select" else None
        self.area = row if tag == "textarea" else None

    def handle_data(self, data):
        if self.area:
            self.area[1] += data

    def handle_endtag(self, tag):
        if tag == "textarea":
            self.area = None


def forms_of(text):
    parser = Forms()
    parser.feed(text)
    return [form for form in parser.forms if form.method == "post"]


ODD = ["", " ", "0", "-1", "1", "9" * 40, "1e400", "NaN", "-Infinity", "\0", "a\0b", "‮abc", "é" * 300, "x" * 100_000]
ODD += [
    "[1, 2]",
    '{"a": 1}',
    "<script>alert(1)</script>",
    "=1+1",
    "2022-23-q9",
    "31/02/2022",
    "None",
    "on",
    "²",
    "٣",
    "🙂",
]
ODD += ["%ED%A0%80", "//evil.example/", "javascript:alert(1)", "G", "27%", "[clear]", "[x]", "\r\n\r\n", "2" * 4_301]
EXTRA = [
    "status",
    "version",
    "id",
    "pk",
    "priority",
    "update",
    "quarter",
    "is_superuser",
    "is_staff",
    "groups",
    "person",
]
EXTRA += ["approved_by", "overview_status", "form-TOTAL_FORMS", "who", "next", "csrfmiddlewaretoken", "_save", "action"]


def bodies(form):
    """What is sent of a form: its fields as they stand, with some of them changed, left out, doubled, or added."""
    names = [name for name, _, _ in form.fields] or ["x"]
    changed = st.dictionaries(st.sampled_from(names), st.sampled_from(ODD), max_size=4)
    left_out = st.lists(st.sampled_from(names), max_size=2)
    added = st.lists(st.tuples(st.sampled_from(EXTRA + names), st.sampled_from(ODD)), max_size=2)
    button = st.integers(0, 30)

    def body(changed, left_out, added, button):
        buttons = [(name, value) for name, value, kind in form.fields if kind in ("submit", "button")]
        own = [(name, value) for name, value, kind in form.fields if kind not in ("submit", "button", "file")]
        pairs = [(name, changed.get(name, value)) for name, value in own if name not in left_out]
        pairs += [buttons[button % len(buttons)]] if buttons else []
        return [*pairs, *added]

    return st.builds(body, changed, left_out, added, button)


FILES = [b"", b"PK\x03\x04 no archive", b"\0" * 100, b"\xff\xfe\xfd", "Quarter,Priority\nQ2 2022/23,Ünknown\n".encode()]
NAMES = ["a.csv", "a.xlsx", "../../a.zip", "a", ".ods", "\u202ea.csv", "a" * 300 + ".csv"]


def sent(form, pairs, file, name):
    """The body and its content type: as multipart where the form has a file."""
    files = [field for field, _, kind in form.fields if kind == "file"]
    if not files:
        return encoded(pairs), "application/x-www-form-urlencoded"
    data = {field: [value for other, value in pairs if other == field] for field, _ in pairs}
    data |= {field: SimpleUploadedFile(name, file) for field in files}
    return encode_multipart("x--x", data), "multipart/form-data; boundary=x--x"


def encoded(pairs):
    """As a browser would send it; a percent sign that begins an encoded surrogate stays one."""
    sent = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in pairs)
    return sent.replace("%25ED%25A0%2580", "%ED%A0%80").encode()


RAW = [
    (b'{"a": [1, {}]}', "application/json"),
    (b"\xff\xfe\x00", "application/x-www-form-urlencoded"),
    (b"a=%zz&b=%ED%A0%80&=&&&", "application/x-www-form-urlencoded; charset=utf-16"),
    (b"a=1", "application/x-www-form-urlencoded; charset=klingon"),
    (b"a=" + b"x" * 3_000_000, "application/x-www-form-urlencoded"),
    (b"&".join(b"a%d=1" % n for n in range(10_050)), "application/x-www-form-urlencoded"),
    (b'--x\r\nContent-Disposition: form-data; name="a"\r\n\r\n1', "multipart/form-data; boundary=x"),
    (
        b'--x\r\nContent-Disposition: form-data; name="a"; filename="\0../../a"\r\n\r\n1\r\n--x--\r\n',
        "multipart/form-data; boundary=x",
    ),
    (b"nothing of the kind", "multipart/form-data"),
    (b"--x--", "multipart/form-data; boundary=" + "x" * 300),
    (b"a=1", "multipart/form-data; boundary=\xe9"),
    (b"", "text/plain; charset=\0"),
    (b"<a/>", "text/xml"),
]
