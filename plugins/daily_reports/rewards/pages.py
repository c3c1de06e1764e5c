"""The phone pages under `/day/rewards/`: the column, one reward or penalty with its steps, a proposal out of a day."""

import uuid
from datetime import date
from typing import Any

from flask import Blueprint, abort, redirect, render_template, request, url_for
from sqlalchemy import select

from core.api import (
    N_,
    Node,
    _,
    clock,
    criteria,
    current_person,
    gettext,
    is_closed,
    names_of_nodes,
    names_of_people,
    people_at,
    requires,
    session,
    show,
    toast,
    typed,
)
from plugins.daily_reports import boards, forms, hours
from plugins.daily_reports.models import DayReport
from plugins.daily_reports.pages.addresses import day_from, node_by, page_of
from plugins.daily_reports.rewards import evidence, rollups, services, states
from plugins.daily_reports.rewards.models import KIND_MEANINGS, KINDS, Reward, Rule
from plugins.daily_reports.rewards.services import Proposal
from plugins.daily_reports.rewards.states import StepRefused

blueprint = Blueprint("daily_reports_rewards", __name__, url_prefix="/day/rewards")
READ, COLUMN, PROPOSE = "daily_reports:reward:read", "daily_reports:reward:column", "daily_reports:reward:propose"
DECIDE, APPEAL, REVISE = "daily_reports:reward:decide", "daily_reports:reward:appeal", "daily_reports:reward:revise"
EVENTS = {DECIDE: ("approve", "reject", "withdraw"), REVISE: ("uphold", "change", "withdraw")}
TOASTS = {
    "approve": N_("Approved and published."),
    "reject": N_("Not approved."),
    "withdraw": N_("Withdrawn."),
    "uphold": N_("Upheld."),
    "change": N_("Amount changed."),
    "take_back": N_("Taken back."),
    "appeal": N_("Appeal sent. It has no effect until somebody else has looked at it."),
}
OWN = 20
TEAM = {"store_manager", "deputy", "clerk", "technician"}
USUAL_AMOUNT = 50


@blueprint.context_processor
def words() -> dict[str, Any]:
    """Give the templates their words and figures."""
    return {
        "money": lambda value: show(value, "money"), "kinds": KINDS, "kind_meanings": KIND_MEANINGS, "states": states.STATES,
        "meanings": states.MEANINGS, "why_of": evidence.why, "say": evidence.say,
        "show_time": lambda instant: f"{clock.local(instant):%m-%d %H:%M}" if instant else "",
    }  # fmt: skip


@blueprint.route("/")
@requires(COLUMN)
def column() -> Any:
    """Show what is published in the chain, and above it what lies in one's own part and is not over."""
    person = current_person()
    before = request.args.get("before", "")
    published = rollups.column(
        session, int(before) if before.isascii() and before.isdigit() and len(before) < 19 else None
    )
    more = published[rollups.PAGE :]
    own: list[Reward] = []
    if person.may(READ) and not before:
        waiting = [states.PROPOSED, states.PUBLISHED, states.APPEALED]
        if not boards.looks_after_several(person):
            waiting.append(states.EFFECTIVE)  # a store sees also what the next payroll brings
        query = (
            select(Reward)
            .where(Reward.state.in_(waiting), criteria(Reward, person, READ))
            .order_by(Reward.id.desc())
            .limit(OWN)
        )
        own = list(session.scalars(query))
    return render_template(
        "daily_reports/rewards/column.html", page_title=_("Rewards and penalties"), place_name=person.place_title, back_url="/",
        published=published[: rollups.PAGE], older_url=url_for(".column", before=published[rollups.PAGE - 1].id) if more else None,
        own=own, names=names_of_nodes({reward.node_id for reward in own}), before=before,
    )  # fmt: skip


def one(reward_id: int, permission: str) -> Reward:
    """Return the reward or penalty if the permission reaches it, else 404; locked in a POST."""
    query = select(Reward).where(Reward.id == reward_id, criteria(Reward, current_person(), permission))
    if request.method == "POST":
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none() or abort(404)


@blueprint.route("/<int:reward_id>/")
@requires(READ)
def details(reward_id: int) -> Any:
    """Show one reward or penalty: what, why, the days it comes from, every step, and what one can do."""
    return _details(one(reward_id, READ))


def _details(reward: Reward, problem: str = "", texts: Any = None) -> Any:
    node = session.scalars(select(Node).where(Node.id == reward.node_id)).one()
    steps = services.steps_of(session, reward)
    people = {step.by for step in steps if step.by} | ({reward.person_id} if reward.person_id else set())
    return render_template(
        "daily_reports/rewards/details.html", page_title=gettext(KINDS[reward.kind]), place_name=node.name, back_url=url_for(".column"),
        reward=reward, node=node, steps=steps, step_titles=states.STEP_TITLES, names=names_of_people(session, people),
        days=_days(node, reward), last_appeal_day=services.last_appeal_day(reward), offered=_offered(reward), problem=problem,
        texts=texts or {}, key=(texts or {}).get("key") or str(uuid.uuid4()),
    )  # fmt: skip


def _days(node: Node, reward: Reward) -> list[tuple[str, str, str]]:
    """Return the evidence, one line a day: the day, its address, what it shows."""
    shown: dict[str, list[str]] = {}
    for day, what, figure in reward.evidence:
        shown.setdefault(day, []).append(evidence.say(what, figure))
    return [(day, page_of(node, date.fromisoformat(day)), "、".join(facts)) for day, facts in shown.items()]


def _offered(reward: Reward) -> set[str]:
    """Return what this person can do with it now; what is refused for a reason of the person is not offered."""
    person = current_person()

    def reaches(permission: str) -> bool:
        reach = person.reach(permission)
        own = reach.own and person.id == reward.person_id
        return own or reach.holds(reward.node_id, reward.area_id, reward.region_id)

    concerned = person.id in (reward.proposed_by, reward.person_id)
    match reward.state:
        case states.PROPOSED:
            offered = {"decide"} if reaches(DECIDE) and not concerned else set()
            return offered | ({"take_back"} if person.id == reward.proposed_by else set())
        case states.PUBLISHED:
            in_time = reward.appeal_ends is not None and clock.now() < reward.appeal_ends
            return (
                {"appeal" if in_time else "too_late"} if reaches(APPEAL) else {"withdraw"} if reaches(DECIDE) else set()
            )
        case states.APPEALED:
            others = not concerned and person.id not in (reward.approved_by, reward.appealed_by)
            return ({"revise"} if others else {"not_you"}) if reaches(REVISE) else set()
        case states.EFFECTIVE:
            return {"too_late"} if reaches(APPEAL) else {"withdraw"} if reaches(DECIDE) else set()
        case states.SETTLED:
            return {"correct"} if reaches(PROPOSE) else {"too_late"} if reaches(APPEAL) else set()
    return set()


@blueprint.route("/<int:reward_id>/decide", methods=("POST",))
@requires(DECIDE)
def decide(reward_id: int) -> Any:
    """Approve, refuse or withdraw."""
    reward = one(reward_id, DECIDE)
    if reward.state == states.APPEALED:
        return _refused(reward, _("It is appealed: only who looks at the appeal decides now."))
    event = _event(DECIDE)
    return _take(reward, event, reason=_("The evidence was looked at.") if event == "approve" else "")


@blueprint.route("/<int:reward_id>/revise", methods=("POST",))
@requires(REVISE)
def revise(reward_id: int) -> Any:
    """Look at what was appealed again: uphold it, change the amount, or withdraw it."""
    reward, event = one(reward_id, REVISE), _event(REVISE)
    if event == "withdraw" and reward.state != states.APPEALED:
        return _refused(reward, _("It is not appealed."))
    try:
        amount = typed.money(request.form.get("amount", "")) if event == "change" else None
    except typed.BadValue as error:
        return _refused(reward, str(error))
    return _take(reward, event, amount)


@blueprint.route("/<int:reward_id>/appeal", methods=("POST",))
@requires(APPEAL)
def appeal(reward_id: int) -> Any:
    """The store does not agree, and says why."""
    return _take(one(reward_id, APPEAL), "appeal")


@blueprint.route("/<int:reward_id>/take-back", methods=("POST",))
@requires(PROPOSE)
def take_back(reward_id: int) -> Any:
    """The proposer thinks better of it."""
    return _take(one(reward_id, PROPOSE), "take_back")


def _event(permission: str) -> str:
    event = request.form.get("event", "")
    return event if event in EVENTS[permission] else abort(400)


def _take(reward: Reward, event: str, amount: Any = None, reason: str = "") -> Any:
    try:
        services.take_step(session, reward, event, _text("reason") or reason, amount=amount)
    except (StepRefused, typed.BadValue) as error:
        return _refused(reward, str(error))
    toast(gettext(TOASTS[event]), "good")
    return redirect(url_for(".details", reward_id=reward.id))


def _text(name: str) -> str:
    return typed.text(request.form.get(name, ""), 400)


def _refused(reward: Reward, problem: str) -> Any:
    session.rollback()
    return _details(one(reward.id, READ), problem, request.form), 422


@blueprint.route("/<int:reward_id>/correct", methods=("POST",))
@requires(PROPOSE)
def correct(reward_id: int) -> Any:
    """Propose what puts a settled one right."""
    settled = one(reward_id, PROPOSE)
    try:
        amount = typed.money(request.form.get("amount", ""))
        made = services.propose_correction(session, settled, amount, _text("reason"), key=forms.form_key(request.form))
    except (StepRefused, typed.BadValue) as error:
        return _refused(settled, str(error))
    toast(_("Correction proposed. Head office decides."), "good")
    return redirect(url_for(".details", reward_id=made.id))


@blueprint.route("/for/<path:code>/<day>/", methods=("GET", "POST"))
@requires(PROPOSE)
def propose(code: str, day: str) -> Any:
    """Propose a reward or penalty out of a day's record: everything is filled in, one tap sends it."""
    node, date_ = node_by(code, PROPOSE), day_from(day)
    if node.kind == "chain" or date_ > hours.working_day(clock.now()) or is_closed(session, node, date_):
        abort(404)
    report = session.scalars(
        select(DayReport).where(DayReport.node_id == node.id, DayReport.day == date_)
    ).one_or_none()
    facts = evidence.of_report(report) if report else [[date_.isoformat(), "no_report", None]]
    team = names_of_people(session, people_at(session, {node.id}, TEAM).get(node.id, set()))
    problem = ""
    if request.method == "POST":
        try:
            made = _propose(node, date_, facts, team)
            toast(_("Proposed. Head office decides."), "good")
            return redirect(url_for(".details", reward_id=made.id))
        except (StepRefused, typed.BadValue) as error:
            session.rollback()
            problem = str(error)
    page = render_template(
        "daily_reports/rewards/propose.html", page_title=_("Reward or penalty"), place_name=f"{node.name} · {date_:%m-%d}",
        back_url=page_of(node, date_), node=node, day=date_, facts=[evidence.say(*fact[1:]) for fact in facts], team=team, problem=problem,
        texts=request.form or _usual(facts), key=request.form.get("key") or str(uuid.uuid4()), present=_present(node, date_),
    )  # fmt: skip
    return (page, 422) if problem else page


def _propose(node: Node, day: date, facts: list[Any], team: dict[int, str]) -> Reward:
    kind, whom = request.form.get("kind", ""), request.form.get("whom", "")
    amount = typed.money(request.form.get("amount", ""))
    if kind not in KINDS or (whom and whom not in map(str, team)):
        abort(400)
    proposal = Proposal(
        node.id, kind, _("The day of %(day)s", day=day), amount, day, day, _text("why"), facts, person_id=int(whom) if whom else None,
    )  # fmt: skip
    return services.propose(session, proposal, key=forms.form_key(request.form))


def _usual(facts: list[Any]) -> dict[str, str]:
    """Return the form as it is opened: what the day shows, and the amount the rules give for it."""
    late = [evidence.say(what, figure) for _day, what, figure in facts if what in evidence.LATE_KINDS]
    kind = "penalty" if late else "reward"
    amount = session.scalar(select(Rule.amount).where(Rule.kind == kind).order_by(Rule.active.desc(), Rule.id).limit(1))
    shown = late or [evidence.say(what, figure) for _day, what, figure in facts if what == "achievement"]
    return {
        "kind": kind,
        "amount": f"{amount or USUAL_AMOUNT:f}".removesuffix(".00"),
        "why": "、".join(shown),
        "whom": "",
    }


def _present(node: Node, day: date) -> list[Reward]:
    """Return what is there already for this day."""
    there = (Reward.node_id == node.id, Reward.since <= day, Reward.until >= day, Reward.state != states.WITHDRAWN)
    return list(session.scalars(select(Reward).where(*there).order_by(Reward.id)))
