"""Jobs: what a person asks for is done once, with the person's rights, and comes back as a file or a page."""

import io
from datetime import timedelta
from types import SimpleNamespace

import pytest
from python_calamine import CalamineWorkbook
from sqlalchemy import func, select, update

from core import clock
from core.access.scope import unscoped
from core.auth.rights import load_person
from core.exchange import exporting, long
from core.inbox import Message
from core.jobs import queue
from core.jobs.models import Job
from core.jobs.queue import JobKind, JobRefused, ask_for, run_waiting
from core.org.models import Node, Person
from core.testing.factories import acting, post

LIST = "/admin/shelf/shelf"


@pytest.fixture
def app(shelf_app):
    return shelf_app


@pytest.fixture
def jobs(app, house, org, work, monkeypatch):
    """`ask(kind, run)` queues a job of the head office, `run()` lets a worker do what waits."""
    kinds = {}
    monkeypatch.setattr(queue, "_kind_of", _known(kinds, queue._kind_of))

    def ask(name, run=None, who="head_office", **options):
        if run:
            kinds[name] = JobKind(name, run, **options)
        with app.app_context(), acting(app) as session:
            person = load_person(session, org.people[who].id)
        with app.app_context(), acting(app, person) as session:
            return ask_for(session, name, "A job").id

    def run():
        with app.app_context():
            return run_waiting(house)

    def job(number):
        with work() as session, unscoped("a test"):
            return session.get(Job, number)

    return SimpleNamespace(ask=ask, run=run, job=job)


def _known(kinds, otherwise):
    return lambda house, name, session: kinds[name] if name in kinds else otherwise(house, name, session)


def test_a_job_is_done_once_and_the_person_is_told(jobs, work, org):
    done = []
    number = jobs.ask("test.count", lambda work: done.append(work.id))
    assert (jobs.run(), jobs.run(), done) == (1, 0, [number])
    with work() as session, unscoped("a test"):
        message = session.scalars(select(Message).where(Message.person_id == org.people["head_office"].id)).one()
    assert (message.title, message.url) == ("A job：已完成", f"/jobs/{number}")


def test_a_job_has_the_rights_its_person_has_then(jobs, work, org):
    number = jobs.ask("test.person", lambda work: work.see(f"/{queue.current_person().username}"), who="clerk")
    jobs.run()
    assert jobs.job(number).url == f"/{org.people['clerk'].username}"


def test_a_refused_job_says_why_and_changes_nothing(jobs, work, org):
    def rename(work):
        with unscoped("a test"):
            work.session.execute(update(Person).values(name="Gone"))
        raise JobRefused("Not today.")

    number = jobs.ask("test.rename", rename, writes=True)
    jobs.run()
    assert (jobs.job(number).state, jobs.job(number).problem) == ("failed", "Not today.")
    with work() as session, unscoped("a test"):
        assert session.scalar(select(func.count()).where(Person.name == "Gone")) == 0


def test_an_unexpected_fault_is_not_shown_and_the_next_job_is_done(jobs):
    broken = jobs.ask("test.broken", lambda work: 1 / 0)
    whole = jobs.ask("test.whole", lambda work: None)
    assert jobs.run() == 2
    assert (jobs.job(broken).state, jobs.job(whole).state) == ("failed", "done")
    assert "division" not in jobs.job(broken).problem


def test_a_job_whose_worker_died_is_done_by_the_next(jobs, work):
    number = jobs.ask("test.again", lambda work: None)
    with work() as session, unscoped("a test"):
        session.execute(
            update(Job).values(state="running", tries=1, seen_at=clock.now() - queue.LOST_AFTER - timedelta(minutes=1))
        )
    assert (jobs.run(), jobs.job(number).state) == (1, "done")


def test_a_job_that_kills_its_workers_is_given_up(jobs, work):
    number = jobs.ask("test.deadly", lambda work: None)
    with work() as session, unscoped("a test"):
        session.execute(
            update(Job).values(state="running", tries=3, seen_at=clock.now() - queue.LOST_AFTER - timedelta(minutes=1))
        )
    assert (jobs.run(), jobs.job(number).state) == (1, "failed")


def test_a_job_under_way_is_left_to_its_worker(jobs, work):
    jobs.ask("test.busy", lambda work: None)
    with work() as session, unscoped("a test"):
        session.execute(update(Job).values(state="running", seen_at=clock.now()))
    assert jobs.run() == 0


def test_a_kind_that_no_enabled_module_has_is_refused(jobs):
    number = jobs.ask("nowhere.nothing")
    jobs.run()
    assert jobs.job(number).problem == "这项工作所属的模块已停用。"


def test_a_job_says_how_far_it_is(jobs, house, monkeypatch):
    monkeypatch.setattr(queue, "SECONDS_BETWEEN_SIGNS", 0)
    seen = []

    def half(work):
        work.progress(0.5)
        with house.database.session(writes=False) as session, unscoped("a test"):
            seen.append(session.get(Job, work.id).percent)

    jobs.ask("test.half", half)
    jobs.run()
    assert seen == [50]


def test_anothers_job_and_its_file_are_not_there(jobs, client_as):
    def write(work):
        work.path.write_text("secret")
        work.made("secret.txt")

    number = jobs.ask("test.file", write)
    jobs.run()
    assert client_as("head_office").get(f"/jobs/{number}/file").text == "secret"
    clerk = client_as("clerk")
    assert [clerk.get(f"/jobs/{number}{end}").status_code for end in ("", "/file")] == [404, 404]


def test_what_ended_a_week_ago_goes_with_its_file(jobs, work, house, app):
    def write(work):
        work.path.write_text("old")
        work.made("old.txt")

    number = jobs.ask("test.file", write)
    jobs.run()
    with app.app_context(), work() as session:
        with unscoped("a test"):
            session.execute(update(Job).values(ended_at=clock.now() - timedelta(days=8)))
        assert queue.forget_old_jobs(session) == "1 jobs"
    assert (jobs.job(number), queue.file_of(house, number).exists()) == (None, False)


# Big files


@pytest.mark.requirement("J8")
def test_a_big_workbook_is_made_in_the_background(jobs, client_as, org, work, monkeypatch):
    monkeypatch.setattr(exporting, "ROWS_AT_ONCE", 2)
    with work() as session:
        from plugins.shelf.models import Shelf

        session.add_all(Shelf(code=f"S{n}", name="shelf", node_id=org.stores[0].id) for n in range(3))
    office = client_as("head_office")
    address = f"{LIST}/export/xlsx/?sort=code"
    assert office.get(address).status_code == 200
    waiting = post(office, address).location
    assert office.get(waiting).headers["Refresh"]
    jobs.run()
    assert "Refresh" not in office.get(waiting).headers
    book = CalamineWorkbook.from_filelike(io.BytesIO(office.get(f"{waiting}/file").get_data()))
    assert [row[0] for row in book.get_sheet_by_index(0).to_python()[1:]] == ["S0", "S1", "S2"]


@pytest.fixture
def upload(client_as, monkeypatch):
    """`upload(text)` sends a file of stores as head office, one that counts as big; returns its first page's address."""
    monkeypatch.setattr(long, "BIG_FILE", 10)
    monkeypatch.setattr(long, "BIG_ROWS", 1)
    office = client_as("head_office")

    def send(text):
        sent = {"file": (io.BytesIO(text.encode()), "stores.csv")}
        answer = post(office, "/admin/org/store/import/", sent, content_type="multipart/form-data")
        return answer.location

    send.office = office
    return send


@pytest.mark.requirement("Z8")
def test_a_big_file_is_checked_imported_and_taken_back_in_the_background(jobs, upload, work):
    def names():
        with work() as session, unscoped("a test"):
            return session.scalars(select(Node.name).where(Node.code.in_(("N1", "N2"))).order_by(Node.name)).all()

    office, checking = upload.office, upload("code,name,size_m2\nN1,New,120\nN2,Newer,90\nN3,Newest,large\n")
    jobs.run()
    batch = office.get(checking).location
    assert (names(), "large" in office.get(batch).text) == ([], True)
    applying = post(office, batch, {"column-0": "code", "column-1": "name", "column-2": "size_m2"}).location
    jobs.run()
    assert (office.get(applying).location, names()) == (batch, ["New", "Newer"])
    reverting = post(office, batch.replace("/batch/", "/revert/")).location
    jobs.run()
    assert (office.get(reverting).location, names()) == (batch, [])


@pytest.mark.requirement("Z8")
def test_a_file_larger_than_a_form_may_be_is_taken(jobs, upload):
    checking = upload("code,name\n" + "".join(f"N{n:06},{'New ' * 10}\n" for n in range(60_000)))
    jobs.run()
    assert "60,000" in upload.office.get(upload.office.get(checking).location).text


def test_a_form_that_is_no_import_stays_small(app, client_as):
    answer = post(client_as("head_office"), "/admin/org/store/new/", {"name": "x" * 3_000_000})
    assert answer.status_code == 413


def test_a_big_file_without_the_key_is_asked_about_at_once(upload):
    assert "No column of the file says" in upload.office.get(upload("number,called\nN1,New\nN2,Newer\n")).text


@pytest.mark.requirement("Z8")
def test_a_big_file_that_breaks_off_is_refused_with_the_reason(jobs, upload):
    checking = upload('code,name\nN1,New\nN2,"Newer\n')
    jobs.run()
    assert "Row 3" in upload.office.get(checking).text


def test_a_worker_that_is_attached_ends_with_the_process_that_started_it(app, monkeypatch):
    from core.jobs import worker

    rounds = []
    monkeypatch.setattr(worker, "run_due_tasks", rounds.append)
    monkeypatch.setattr(worker, "POLL_SECONDS", 0)
    parents = iter([7, 7, 1])
    monkeypatch.setattr(worker.os, "getppid", lambda: next(parents))
    shell = SimpleNamespace(app=app, house=app.extensions["backoffice"])
    worker.run_worker(shell, parent=7)
    assert len(rounds) == 1
