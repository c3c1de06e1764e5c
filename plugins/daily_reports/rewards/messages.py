"""Whom each step of a reward or penalty is told to."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.api import Node, _, chain, current_person, inbox, people_at, show
from plugins.daily_reports.rewards.models import KINDS, Reward, RuleRun

STORE, OFFICE, REVISERS = {"store_manager", "deputy"}, {"head_office"}, {"head_office", "leader"}
TO_STORE = {"approve", "uphold", "change", "withdraw", "take_effect"}
TO_PROPOSER = {"approve", "reject", "appeal", "uphold", "change", "withdraw"}


def tell(session: Session, reward: Reward, event: str, reason: str = "") -> None:
    """Tell a step to those whom it concerns, but not to the one who took it. A settled month is told once a store."""
    if event == "take_back":
        return  # nobody but the proposer knows of it
    people: set[int] = set()
    if event in TO_STORE:
        people |= people_at(session, {reward.node_id}, STORE).get(reward.node_id, set())
        people |= {reward.person_id} if reward.person_id else set()
    if event in TO_PROPOSER and reward.proposed_by:
        people.add(reward.proposed_by)
    if event in ("uphold", "change", "withdraw"):
        people |= {person for person in (reward.approved_by, reward.appealed_by) if person}
    if event in ("propose", "appeal"):
        people |= _of_the_chain(session, OFFICE if event == "propose" else REVISERS)
    people.discard(current_person().id or 0)
    name = session.scalar(select(Node.name).where(Node.id == reward.node_id)) or ""
    amount = show(reward.amount, "money")
    inbox.send(
        session, people, key=f"reward:{reward.id}:{event}", url=f"/day/rewards/{reward.id}/",
        title=_title(event, reward.kind, name, amount)[:120], text=f"{reward.what}\n{reason}".strip(),
    )  # fmt: skip


def _title(event: str, kind: str, name: str, amount: str) -> str:
    values = {"kind": _(KINDS[kind]), "name": name, "amount": amount}
    match event:
        case "propose":
            return _("%(kind)s of %(amount)s yuan proposed for %(name)s", **values)
        case "approve":
            return _("%(kind)s of %(amount)s yuan for %(name)s is published", **values)
        case "reject":
            return _("Not approved: %(kind)s of %(amount)s yuan for %(name)s", **values)
        case "appeal":
            return _("%(name)s appeals: %(kind)s of %(amount)s yuan", **values)
        case "uphold":
            return _("Upheld after the appeal: %(kind)s of %(amount)s yuan for %(name)s", **values)
        case "change":
            return _("Changed after the appeal to %(amount)s yuan: %(kind)s for %(name)s", **values)
        case "withdraw":
            return _("Withdrawn: %(kind)s of %(amount)s yuan for %(name)s", **values)
    return _("%(kind)s of %(amount)s yuan for %(name)s is in effect", **values)


def tell_run(session: Session, run: RuleRun, name: str, count: int) -> None:
    """Tell head office what a rule has proposed in a week, or that it stopped and asks."""
    people = _of_the_chain(session, OFFICE)
    if run.state == "held":
        title = _(
            "“%(name)s” would hit %(hit)s of %(judged)s stores: please decide",
            name=name,
            hit=run.hit,
            judged=run.judged,
        )
        url = f"/admin/daily_reports/reward_run/details/?id={run.id}"
    elif count:
        title = _("“%(name)s” proposes %(count)s for the week of %(week)s", name=name, count=count, week=run.week)
        url = "/admin/daily_reports/reward/?state=proposed"
    else:
        return
    inbox.send(session, people, key=f"reward-run:{run.id}:{run.state}", title=title[:120], url=url)


def tell_settled(session: Session, node_id: int, month: str, net: str) -> None:
    """Tell a store what the payroll of a month takes over."""
    people = people_at(session, {node_id}, STORE).get(node_id, set())
    title = _("Rewards and penalties settled for %(month)s: %(net)s yuan", month=month, net=net)
    inbox.send(session, people, key=f"reward-settled:{month}:{node_id}", title=title, url="/day/rewards/")


def _of_the_chain(session: Session, roles: set[str]) -> set[int]:
    root = chain(session).id
    return people_at(session, {root}, roles).get(root, set())
