"""The daily reports at the desk."""

import re
import unicodedata
from datetime import timedelta
from decimal import Decimal
from typing import Any
from urllib.parse import quote

from flask import abort, redirect, request, url_for
from sqlalchemy import select

from core.api import (
    N_,
    Column,
    Field,
    ModelView,
    Node,
    Page,
    _,
    allowed,
    clock,
    criteria,
    current_person,
    expose,
    gettext,
    names_of_nodes,
    session,
    toast,
    typed,
)
from plugins.daily_reports import boards, hours, imports, months, states
from plugins.daily_reports.models import GAP_REASONS, DayReport, MonthTarget

EXPANDED_UP_TO = 60
"""So many stores are shown open on the board; more are folded under their areas."""


class Board(Page):
    """Today's board: every area and store with target, result, gap and reason."""

    title = N_("Today's board")
    permission = "daily_reports:day:list"

    @expose("/")
    def index(self) -> Any:
        """Show one day, for the chain or what lies below one place."""
        today = hours.working_day(clock.now())
        day = (hours.day_of(request.args["day"]) or abort(404)) if request.args.get("day") else today
        below = self._below(request.args.get("below"))
        groups = boards.board(session, current_person(), day, below)
        total = boards.totals(groups)
        base = url_for(".index")
        place = f"&below={quote(below.code, safe='')}" if below else ""
        return self.render(
            "daily_reports/board.html", page_title=_("Today's board") if day == today else _("Board of %(day)s", day=day),
            crumbs=[(_("Desk"), url_for("admin.index")), (_("Today's board"), base if below or day != today else None)]
            + ([(below.name, None)] if below else []),
            groups=groups, total=total, day=day, below=below, up_url=f"{base}?day={day}" if below else None,
            previous_url=f"{base}?day={day - timedelta(days=1)}{place}",
            next_url=f"{base}?day={day + timedelta(days=1)}{place}" if day < today else None,
            today_url=f"{base}?{place.lstrip('&')}" if day != today else None,
            group_url=lambda group: f"{base}?day={day}&below={quote(group.code, safe='')}" if group.code else None,
            day_url=lambda code: f"/day/at/{quote(code, safe='')}/{day}/",
            reason_titles={key: gettext(title) for key, title in GAP_REASONS.items()},
            expand=below is not None or len(total.stores) <= EXPANDED_UP_TO,
            missing_url="/day/missing/" if current_person().may("daily_reports:day:remind") else None,
        )  # fmt: skip

    @staticmethod
    def _below(code: str | None) -> Node | None:
        if not code:
            return None
        if not code.isprintable():
            abort(404)
        query = select(Node).where(Node.code == code, criteria(Node, current_person(), "daily_reports:day:list"))
        return session.scalars(query).one_or_none() or abort(404)


class DayReports(ModelView):
    """Every day of every place. Written on the phone, read, exported and imported here."""

    model = DayReport
    resource = "daily_reports.day"
    title = N_("Day reports")
    lead = N_("One record a place and day: target, result, reason, review.")
    row_title = N_("day report")
    actions = ("list", "read", "export", "import")
    columns = [
        Column("day", N_("Day"), sortable=True, filter="date"),
        Column("node_id", N_("Place"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == DayReport.node_id).scalar_subquery()),
        Column("state", N_("State"), choices=states.STATES, meanings=states.MEANINGS, filter="select"),
        Column("target_amount", N_("Target"), filter="range"),
        Column("amount", N_("Result"), filter="range"),
        Column("visitors", N_("Visitors")),
        Column("buyers", N_("Buyers")),
        Column("target_late_minutes", N_("Target late (min)")),
        Column("report_late_minutes", N_("Report late (min)")),
        Column("reported_at", N_("Reported"), shown=False),
        Column("reflection", N_("Reflection"), shown=False),
        Column("review_comment", N_("Comment"), shown=False),
    ]  # fmt: skip
    fields = [
        Field("node_id", N_("Place"), lookup="org.node", required=True, aliases=("store", "code", "门店", "店号")),
        Field("day", N_("Day"), required=True, aliases=("date", "日期")),
        Field("amount", N_("Result"), minimum=0, aliases=("sales", "销售额")),
        Field("visitors", N_("Visitors"), minimum=0),
        Field("buyers", N_("Buyers"), minimum=0, aliases=("customers", "成交数")),
        Field("target_amount", N_("Target"), minimum=0, aliases=("target", "目标")),
    ]
    default_order = ("day", True)
    import_key = ("node_id", "day")
    import_options = {
        "absent_days": {"missing": N_("Absent days are missing"), "closed": N_("Absent days were closed")}
    }
    empty_text = N_("Stores report on their phone under /day/; earlier days can be imported from a sheet.")

    def import_defaults(self, session: Any, values: list[Any], options: dict[str, str]) -> list[Any]:
        """Imported history enters locked."""
        entered = {"state": states.next_state(None, "import"), "imported": True}
        return [row | entered for row in values]

    def import_check(self, session: Any, values: list[Any], ids: list[int | None]) -> dict[int, tuple[str, str]]:
        """What a store has reported or corrected itself is not overwritten."""
        return imports.refusals(session, values, ids)

    def after_import(self, session: Any, batch: Any, options: dict[str, str]) -> None:
        """Close the days on which the file has nothing, if the person said so."""
        if options["absent_days"] == "closed":
            batch.counts = batch.counts | {"closed_days": imports.close_absent_days(session, self, batch)}

    def after_revert(self, session: Any, batch: Any) -> None:
        """Take the closed days back too."""
        imports.open_absent_days(session, batch)

    def name_of(self, row: Any) -> str:
        """The place and the day."""
        return f"{names_of_nodes({row.node_id}).get(row.node_id, '')} {row.day}"

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Open the day's own page, where it is written."""
        code = session.scalar(select(Node.code).where(Node.id == row.node_id))
        url = url_for("daily_reports.day_page", code=code, day=row.day)
        return [{"title": _("Open the day"), "url": url, "method": "get"}]


class MonthTargets(ModelView):
    """What places are to sell in a month."""

    model = MonthTarget
    resource = "daily_reports.month_target"
    title = N_("Month targets")
    lead = N_("Set the target of the chain or an area, and split it to the places below by their weights.")
    row_title = N_("month target")
    columns = [
        Column("month", N_("Month"), "month", sortable=True, filter="date"),
        Column("node_id", N_("Place"), names=names_of_nodes, filter="lookup", lookup="org.node",
               export=select(Node.name).where(Node.id == MonthTarget.node_id).scalar_subquery()),
        Column("amount", N_("Target")),
        Column("weight", N_("Weight")),
    ]  # fmt: skip
    fields = [
        Field("month", N_("Month"), required=True, only_new=True, help=N_("Any day of the month."), aliases=("月份",)),
        Field(
            "node_id",
            N_("Place"),
            lookup="org.node",
            required=True,
            only_new=True,
            aliases=("store", "code", "门店", "店号"),
        ),
        Field("amount", N_("Target"), required=True, minimum=1, aliases=("target", "目标")),
        Field(
            "weight",
            N_("Weight"),
            "text",
            help=N_("Its share when the target above is split; 1 is usual."),
            parse=lambda text: _weight(text),
        ),
    ]
    actions = ("list", "read", "create", "update", "export", "import")
    default_order = ("month", True)
    import_key = ("node_id", "month")
    empty_text = N_("Import the month's targets from a sheet, or set the chain's and split it.")

    def name_of(self, row: Any) -> str:
        """The place and the month."""
        return f"{names_of_nodes({row.node_id}).get(row.node_id, '')} {row.month:%Y-%m}"

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """One target a place and month."""
        if row is None:
            month = values["month"].replace(day=1)
            query = select(MonthTarget.id).where(MonthTarget.node_id == values["node_id"], MonthTarget.month == month)
            if session.scalars(query).first():
                return {"month": _("This place already has a target for this month: change that one.")}
        return {}

    def import_values(self, session: Any, values: list[Any], options: dict[str, str]) -> list[Any]:
        """A month is any of its days, and kept as the first."""
        return [self._usual(row) for row in values]

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """A month is kept as its first day; an empty weight is the usual one, or 1."""
        values = self._usual(values)
        if is_new and values.get("weight") is None:
            values["weight"], row.weekdays = months.habits_of(session, values["node_id"], values["month"])
        elif values.get("weight") is None:
            values["weight"] = Decimal(1)
        super().fill(row, values, is_new=is_new)

    @staticmethod
    def _usual(values: dict[str, Any]) -> dict[str, Any]:
        month = values.get("month")
        return values | {"month": month.replace(day=1)} if month else dict(values)

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Besides the usual: split the target to the places below."""
        actions = super().row_actions(row, in_bin=in_bin)
        if self.offers("update"):
            confirm = _("The targets of this month of every place below are set anew by their weights.")
            actions.append(self._post(_("Split to the places below"), "split_view", confirm, id=row.id))
        return actions

    @expose("/split/", methods=("POST",))
    @allowed("daily_reports:month_target:update")
    def split_view(self) -> Any:
        """Split a month target to everything below."""
        row = self.one(request.args.get("id"), "update")
        count = months.split(session, row)
        toast(
            _("%(count)s places below have their target.", count=count)
            if count
            else _("Nothing lies below this place."),
            "good" if count else "none",
        )
        return redirect(url_for(".details_view", id=row.id))


def _weight(text: str) -> Decimal:
    plain = unicodedata.normalize("NFKC", text)
    if not re.fullmatch(r"\d{1,9}(\.\d{1,4})?", plain, re.ASCII):
        raise typed.BadValue(_("A weight is a number such as 1 or 1.5."))
    if Decimal(plain) > 1000:
        raise typed.BadValue(_("A weight lies between 0 and 1000."))
    return Decimal(plain)
