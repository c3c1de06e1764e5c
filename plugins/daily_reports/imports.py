"""Imported history: which days may enter, and the days on which a store of the file has none."""

from datetime import date, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select
from sqlalchemy.orm import Session

from core.api import CalendarDay, ImportRefused, ImportRow, Node, _, clock, typed
from plugins.daily_reports import hours
from plugins.daily_reports.models import AbsentDay, Correction, DayReport

STORES_TOGETHER = 200
MOST_DAYS = 3 * 366
"""So long a file may be whose absent days are closed: a slip in a year would close a century."""
TAKEN = ("created", "updated", "unchanged")


def refusals(session: Session, values: list[dict[str, Any]], ids: list[int | None]) -> dict[int, tuple[str, str]]:
    """Return why days of a file are not taken: `{position: (field, reason)}`.

    What a store has reported itself, or has corrected since, is never overwritten by a file.
    """
    known = [row_id for row_id in ids if row_id is not None]
    reported = select(DayReport.id).where(DayReport.id.in_(known), DayReport.imported.is_(False))
    own = set(session.scalars(reported))
    corrected = set(session.scalars(select(Correction.report_id).where(Correction.report_id.in_(known))))
    today = hours.working_day(clock.now())
    problems = {}
    for position, (row, row_id) in enumerate(zip(values, ids, strict=True)):
        if row_id in own:
            problems[position] = (
                "day",
                _("The store has reported this day itself. Correct it on the page of the day."),
            )
        elif row_id in corrected:
            problems[position] = ("day", _("This day was corrected after it was imported. Correct it on its own page."))
        elif row.get("day") and row["day"] >= today:
            problems[position] = ("day", _("This day is not over yet: the store reports it itself."))
        elif row_id is None and row.get("amount") is None and row.get("target_amount") is None:
            problems[position] = ("amount", _("The row holds neither a result nor a target."))
        elif (row.get("buyers") or 0) > (row.get("visitors") or row.get("buyers") or 0):
            problems[position] = ("buyers", _("More buyers than visitors: please check both."))
    return problems


def close_absent_days(session: Session, view: Any, batch: Any) -> int:
    """Close each store of a file on the days between its first and last on which the store has no record.

    Days on which the store's calendar says something stay as they are, and so do days that refused rows
    speak of, because something was sold on them. Returns how many days were closed; raises `ImportRefused`
    for a file that reaches over more than three years.
    """
    taken = (ImportRow.batch_id == batch.id, ImportRow.status.in_(TAKEN))
    of_file = select(func.min(DayReport.day), func.max(DayReport.day)).join(ImportRow, ImportRow.row_id == DayReport.id)
    first, last = session.execute(of_file.where(*taken)).one()
    if first is None:
        return 0
    span = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    if len(span) > MOST_DAYS:
        raise ImportRefused(
            _(
                "The file reaches from %(first)s to %(last)s: too long to close the days between. "
                "Check its first and last day, or import it in parts. Nothing was imported.",
                first=first,
                last=last,
            )
        )
    refused, unclear = _refused_days(session, view, batch)
    # A closed day of an area would hold for every store below it, also those the file says nothing of.
    stores = (
        select(Node.id).join(DayReport, DayReport.node_id == Node.id).join(ImportRow, ImportRow.row_id == DayReport.id)
    )
    stores = stores.where(*taken, Node.kind == "store").distinct()
    rest = iter(sorted(set(session.scalars(stores)) - unclear))
    count = 0
    while some := list(islice(rest, STORES_TOGETHER)):
        spoken = (
            refused | _spoken(session, DayReport, some, first, last) | _spoken(session, CalendarDay, some, first, last)
        )
        absent = [(node_id, day) for node_id in some for day in span if (node_id, day) not in spoken]
        _close(session, batch, absent)
        count += len(absent)
    return count


def _spoken(session: Session, model: Any, nodes: list[int], first: date, last: date) -> set[tuple[int, date]]:
    query = select(model.node_id, model.day).where(model.node_id.in_(nodes), model.day >= first, model.day <= last)
    return {(node_id, day) for node_id, day in session.execute(query)}


def _refused_days(session: Session, view: Any, batch: Any) -> tuple[set[tuple[int, date]], set[int]]:
    """Return the days that refused rows name, and the stores of rows whose day cannot be read."""
    column_of = {name: column for column, name in batch.mapping.items() if name}
    place = next(field for field in view.fields if field.name == "node_id")
    query = select(ImportRow.values).where(ImportRow.batch_id == batch.id, ImportRow.status == "refused")
    said = {
        (typed.text(texts.get(column_of["node_id"], "")), typed.text(texts.get(column_of["day"], "")))
        for texts in session.scalars(query)
    }
    nodes = view.import_resolve(session, place, {code for code, _day in said if code}) if said else {}
    days, unclear = set(), set()
    for code, text in said:
        if code in nodes:
            try:
                days.add((nodes[code], typed.date(text)))
            except typed.BadValue:
                unclear.add(nodes[code])
    return days, unclear


def _close(session: Session, batch: Any, absent: list[tuple[int, date]]) -> None:
    reason = _("imported: no sales that day")
    rows = [{"node_id": node_id, "day": day, "closed": True, "reason": reason} for node_id, day in absent]
    if rows:
        made = session.scalars(insert(CalendarDay).returning(CalendarDay.id), rows).all()
        session.execute(insert(AbsentDay), [{"calendar_day_id": made_id, "batch_id": batch.id} for made_id in made])


def open_absent_days(session: Session, batch: Any) -> None:
    """Take the closed days of an import back; one that somebody has changed since stays."""
    made = select(AbsentDay.calendar_day_id).where(AbsentDay.batch_id == batch.id)
    for day in session.scalars(select(CalendarDay).where(CalendarDay.id.in_(made), CalendarDay.version == 1)):
        session.delete(day)
    session.flush()
    absent = delete(AbsentDay).where(AbsentDay.batch_id == batch.id)
    session.execute(absent.execution_options(synchronize_session=False))
