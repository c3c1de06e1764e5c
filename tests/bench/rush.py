"""Nine in the morning: 200 stores set their target within a minute, half of them in its first five seconds."""

import threading
import time
import uuid
from dataclasses import dataclass
from functools import partial

from flask import Flask
from sqlalchemy import select, text

from tests.bench.data import TODAY, Chain, cookie_of
from tests.bench.load import Answer, Client, WrongAnswer, median, percentile
from tests.bench.operations import hidden
from tests.bench.serving import Served, serving
from tests.bench.table import Line, at_most

STORES, FIRST_SECONDS, WORKERS, TIMES_SINGLE = 200, 5.0, 4, 10.0
ALONE = 12
"""How many stores send theirs one after the other before, to an idle server."""


@dataclass
class Form:
    """A form that one store has open."""

    client: Client
    path: str
    fields: dict[str, str]

    def send(self) -> Answer:
        """Send it as the page's script does."""
        again = Client(self.client.port, self.client.cookie, {"X-Requested-With": "fetch"})
        return again.post(self.path, self.fields)


def rush(app: Flask, chain: Chain, served: Served, seconds: float) -> list[Line]:
    """Let the stores send and return what it took, and whether each has exactly one record."""
    name = f"{STORES} stores set targets in {seconds:.0f} s"
    with serving(served):
        forms = _open_forms(app, chain, served.port)
        alone = [form.send().seconds * 1000 for form in forms[:ALONE]]
        answers, problems = _send_all(forms[ALONE:], seconds)
    wanted = [node for node, _code in chain.waiting[ALONE : ALONE + STORES]]
    with app.extensions["backoffice"].database.engine.connect() as connection:
        in_day = "SELECT count(*) FROM daily_reports_day WHERE day = :day AND target_amount IS NOT NULL AND node_id IN "
        found = connection.scalar(
            text(f"{in_day} ({', '.join(map(str, wanted))})"), {"day": str(TODAY) if chain.is_sqlite else TODAY}
        )
    taken = [answer.seconds * 1000 for answer in answers if answer.status == 200]
    bad = problems + [f"{answer.status}" for answer in answers if answer.status != 200]
    right = found == STORES and not bad
    return [
        at_most(f"{name}, p95 (floor: one alone)", median(alone), percentile(taken, 95), TIMES_SINGLE) if taken else Line(name, "", "", "", None, "", False),
        Line(f"{name}, records", str(STORES), "", f"{found}, {len(bad)} errors {' '.join(sorted(set(bad)))[:80]}".strip(), None, "exact", right),
    ]  # fmt: skip


def _open_forms(app: Flask, chain: Chain, port: int) -> list[Form]:
    from core.org.models import Person
    from core.testing.factories import acting

    codes = [code for _node, code in chain.waiting[: ALONE + STORES]]
    with acting(app) as session:
        names = [f"manager.{code}" for code in codes]
        people = {
            person.username: person for person in session.scalars(select(Person).where(Person.username.in_(names)))
        }
    forms = []
    for code in codes:
        client = Client(port, cookie_of(app, people[f"manager.{code}"]))
        page = f"/day/at/{code}/{TODAY}/"
        body = client.checked(page).body
        fields = {
            "csrf_token": hidden(body, "csrf_token"),
            "version": hidden(body, "version"),
            "amount": "12345",
            "key": str(uuid.uuid4()),
        }
        forms.append(Form(client, f"{page}target", fields))
    return forms


def _send_all(forms: list[Form], seconds: float) -> tuple[list[Answer], list[str]]:
    """Send each form at its moment, every tenth twice; returns the answers and what had none."""
    answers: list[Answer] = []
    problems: list[str] = []
    begins = time.perf_counter() + 0.5

    def send(form: Form, moment: float) -> None:
        time.sleep(max(0.0, begins + moment - time.perf_counter()))
        try:
            answers.append(form.send())
        except WrongAnswer as problem:
            problems.append(str(problem))

    half = len(forms) // 2
    moments = [FIRST_SECONDS * n / half for n in range(half)]
    moments += [FIRST_SECONDS + (seconds - FIRST_SECONDS) * n / (len(forms) - half) for n in range(len(forms) - half)]
    jobs = [partial(send, form, moment) for form, moment in zip(forms, moments, strict=True)]
    jobs += [partial(send, form, moment + 0.01) for form, moment in list(zip(forms, moments, strict=True))[::10]]
    threads = [threading.Thread(target=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers, problems
