"""The month's totals for the payroll: settled once, and what is settled is never paid again."""

from collections import defaultdict
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import _, clock, show
from plugins.daily_reports.rewards import messages, services, states
from plugins.daily_reports.rewards.models import PayrollLine, Reward
from plugins.daily_reports.rewards.states import StepRefused


@dataclass
class Total:
    """What a store, or one person in it, gets and owes. Amounts in yuan."""

    node_id: int
    person_id: int | None
    entries: list[Reward] = field(default_factory=list)

    def sum(self, kind: str) -> Decimal:
        """Return the sum of the rewards, or of the penalties."""
        return sum((entry.amount for entry in self.entries if entry.kind == kind), Decimal())

    @property
    def net(self) -> Decimal:
        """The rewards less the penalties."""
        return self.sum("reward") - self.sum("penalty")


def month_end(month: date) -> datetime:
    """Return the first instant after the month."""
    following = (month.replace(day=1) + timedelta(days=32)).replace(day=1)
    return clock.day_bounds(following)[0]


def open_totals(session: Session, month: date, *, for_update: bool = False) -> list[Total]:
    """Return what is in effect by the end of the month and not settled yet, by store and person.

    What came into effect earlier and was left over is in it too: nothing is forgotten, nothing is paid twice.
    """
    query = select(Reward).where(Reward.state == states.EFFECTIVE, Reward.effective_at < month_end(month))
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    totals: dict[tuple[int, int | None], Total] = {}
    for entry in session.scalars(query.order_by(Reward.id)):
        key = (entry.node_id, entry.person_id)
        totals.setdefault(key, Total(*key)).entries.append(entry)
    return list(totals.values())


def settle(session: Session, month: date) -> list[PayrollLine]:
    """Hand a finished month over to the payroll; returns its lines, none when there is nothing left to settle."""
    if clock.now() < month_end(month):
        raise StepRefused(_("%(month)s is not over. Settle it from the first day of the next month.", month=f"{month:%Y-%m}"))  # fmt: skip
    lines, nets = [], defaultdict[int, Decimal](Decimal)
    for total in open_totals(session, month, for_update=True):
        line = PayrollLine(
            node_id=total.node_id, person_id=total.person_id, month=month.replace(day=1), entries=len(total.entries),
            rewards=total.sum("reward"), penalties=total.sum("penalty"), net=total.net,
        )  # fmt: skip
        session.add(line)
        session.flush()
        for entry in total.entries:
            entry.payroll_id, entry.state = line.id, states.next_state(entry.state, "settle")
            services.write_step(session, entry, "settle")
        nets[total.node_id] += total.net
        lines.append(line)
    session.flush()
    for node_id, net in nets.items():
        messages.tell_settled(session, node_id, f"{month:%Y-%m}", show(net, "money"))
    return lines
