"""A shop that imports files as head office would, for the tests of imports."""

from contextlib import contextmanager
from datetime import date

from sqlalchemy import func, select

from core.access.person import SYSTEM
from core.access.scope import unscoped
from core.exchange import applying, importing
from core.exchange.models import ImportBatch, ImportRow
from core.exchange.reading import open_table
from core.org.models import CalendarDay, Node
from core.testing.factories import acting
from plugins.daily_reports.models import DayReport

HEADINGS = "store,date,sales,customers"
JUNE = date(2015, 6, 1)
CLOSED = {"absent_days": "closed"}
REASON = "imported: no sales that day"


def june(number):
    return date(2015, 6, number)


class Shop:
    """Brings files in, as head office would, and tells what came of them."""

    def __init__(self, app, folder):
        self.app, self.folder = app, folder
        self.views = app.extensions["backoffice"].views

    @contextmanager
    def work(self, person=SYSTEM):
        with self.app.app_context(), acting(self.app, person) as session:
            yield session

    def write(self, text, name="days.csv", encoding="utf-8"):
        path = self.folder / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode(encoding))
        return path

    def bring(self, *lines, headings=HEADINGS, path=None, resource="daily_reports.day", person=SYSTEM, **choices):
        path = path or self.write("\n".join((headings, *lines)))
        view = self.views[resource]
        with self.work(person) as session:
            table = open_table(path, path.name)
            batch = importing.open_batch(session, view, path.name, table, **choices)
            importing.check(session, view, batch, table)
            applying.apply(session, view, batch)
            session.flush()
        return batch

    def revert(self, batch):
        with self.work() as session:
            batch = session.get(ImportBatch, batch.id)
            applying.revert(session, self.views[batch.resource], batch)
            session.flush()
        return batch

    def days(self):
        """`{(code, day): report}`"""
        with self.work() as session:
            rows = session.execute(select(Node.code, DayReport).join(DayReport, DayReport.node_id == Node.id))
            return {(code, report.day): report for code, report in rows}

    def closed(self):
        """`{(code, day): (closed, reason)}`"""
        with self.work() as session:
            rows = session.execute(select(Node.code, CalendarDay).join(CalendarDay, CalendarDay.node_id == Node.id))
            return {(code, row.day): (row.closed, row.reason) for code, row in rows}

    def refusals(self, batch):
        with self.work() as session, unscoped("a test"):
            query = (
                select(ImportRow)
                .where(ImportRow.batch_id == batch.id, ImportRow.status == "refused")
                .order_by(ImportRow.number)
            )
            return [(row.number, row.reason) for row in session.scalars(query)]

    def counted(self, model):
        with self.work() as session:
            return session.scalar(select(func.count()).select_from(model))


def counts(batch):
    return tuple(batch.counts[name] for name in ("created", "updated", "unchanged", "refused"))
