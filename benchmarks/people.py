"""The people of the load, for Locust: leads who save entry pages, and readers. benchmarks/load.py starts it.

They are signed in already. What each lead sends and what was acknowledged is written to a journal as it happens.
Not Locust's quicker FastHttpUser: it sends a form again by itself where the connection was dropped, and tells nobody.
"""

import itertools
import json
import os
import random
import re
import time

from locust import HttpUser, between, events, task

from benchmarks.sent import form_of, texts_in

with open(os.environ["LOAD_PLAN"]) as file:
    PLAN = json.load(file)
LOG = open(PLAN["log"], "a", buffering=1)  # noqa: SIM115 - as long as the run
JOURNAL = open(PLAN["journal"], "a", buffering=1)  # noqa: SIM115
leads, readers = iter(PLAN["leads"]), itertools.cycle(PLAN["readers"])


@events.request.add_listener
def note(request_type, name, response_time, exception=None, response=None, context=None, **more):
    status = getattr(response, "status_code", 0) or 0
    told = {"at": time.time(), "name": name, "ms": response_time, "status": status}
    reason = getattr(response, "error", None) or exception
    LOG.write(json.dumps(told | {"error": "" if status else type(reason).__name__}) + "\n")


class Signed(HttpUser):
    abstract = True
    host = PLAN["host"]
    wait_time = between(*PLAN["think"])

    def on_start(self):
        self.me = next(self.who)
        headers = {
            "Host": "localhost",
            "X-Forwarded-Proto": "https",
            "Referer": "https://localhost/",
            "Cookie": self.me["cookie"],
        }
        self.how = {"headers": headers, "allow_redirects": False, "catch_response": True, "timeout": 70}

    def look(self, path, name):
        with self.client.get(path, name=name, **self.how) as got:
            got.success() if got.status_code == 200 else got.failure(f"{got.status_code}")
            self.keep_strange(got)
            return got

    def keep_strange(self, got):
        """The first words of a page that is none of ours, for the report of faults."""
        if got.status_code >= 400:
            self.keep(got.status_code, got.text or "")

    def keep(self, status, page):
        text = re.sub(r"\s+", " ", re.sub(r"<(style|script|head).*?</\1>|<[^>]+>", " ", page, flags=re.S))
        JOURNAL.write(json.dumps({"what": "page", "status": status, "text": text.strip()[:300]}) + "\n")


class Reader(Signed):
    fixed_count = len(PLAN["readers"])
    who = readers

    @task
    def read(self):
        path, name = random.choice(self.me["pages"])  # noqa: S311
        self.look(path, name)


class Lead(Signed):
    fixed_count = len(PLAN["leads"])
    who = leads
    numbers = itertools.count(1)

    @task
    def fill_in(self):
        path, name = random.choice(self.me["pages"])  # noqa: S311
        page = self.look(path, f"entry page: {name}")
        if page.status_code != 200:
            return
        form = form_of(page.text)
        cells = texts_in(form)
        if not cells:
            self.keep(200, f"no form at {path}")
            return
        cell = cells[self.me["place"] % len(cells)]
        value = f"{self.me['name']} says {next(self.numbers)} {PLAN['run']}"
        form[cell] = value
        time.sleep(random.uniform(*PLAN["typing"]))  # noqa: S311
        if random.random() < 0.3:  # noqa: S311 - autosave, as the script of the page does
            self.send(f"{path}draft/", "draft", form)
        self.save(path, name, cell, value, form)

    def save(self, path, name, cell, value, form):
        """Sent, and where no answer came sent once more, as a person does who presses Save again."""
        said = {"who": self.me["name"], "cell": cell, "value": value}
        JOURNAL.write(json.dumps({"what": "sent", **said}) + "\n")
        for again in (False, True):
            answer = self.send(path, f"save: {name}", form)
            kind = self.kind_of(answer)
            JOURNAL.write(json.dumps({"what": kind, "again": again, "status": answer.status_code, **said}) + "\n")
            if kind == "not saved":
                self.keep(200, answer.text[answer.text.find("<main") :])
            if kind not in ("no answer", "unavailable"):
                return
            time.sleep(2)

    def send(self, path, name, form):
        with self.client.post(path, data=form, name=name, **self.how) as got:
            got.success() if got.status_code in (200, 302) else got.failure(f"{got.status_code}")
            self.keep_strange(got)
            return got

    def kind_of(self, answer):
        if answer.status_code == 302:
            return "signed out" if "sign-in" in answer.headers.get("Location", "") else "saved"
        if answer.status_code == 200:
            text = answer.text
            return "conflict" if "was changed since you opened it" in text else "not saved"
        if answer.status_code in (502, 503, 504):
            return "unavailable"
        return "no answer" if not answer.status_code else f"error {answer.status_code}"
