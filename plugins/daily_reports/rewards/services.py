"""What is done to a reward or penalty: propose, decide, appeal, look at again, take effect.

Plain functions over a session. Each checks the table of states and who may take the step, and leaves a step
row with who, when and why. The same step sent twice by the same person is one step.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from hashlib import sha256
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from core.api import _, audited_as, clock, current_person
from plugins.daily_reports.rewards import messages, states
from plugins.daily_reports.rewards.models import Reward, Step
from plugins.daily_reports.rewards.states import StepRefused

MOST_YUAN = 100_000
"""More than any week is worth: a zero too many is caught here."""
EFFECT_AT_ONCE = 500


@dataclass(frozen=True)
class Proposal:
    """What is proposed, by a person or a rule. Amount in yuan."""

    node_id: int
    kind: str
    what: str
    amount: Decimal
    since: date
    until: date
    why: str = ""
    evidence: list[Any] = field(default_factory=list)
    appeal_days: int = 3
    person_id: int | None = None
    rule_id: int | None = None
    corrects_id: int | None = None


def find(session: Session, reward_id: int, *, for_update: bool = False) -> Reward | None:
    """Return a reward or penalty in the acting person's scope; locked, and as it is now, `for_update`."""
    query = select(Reward).where(Reward.id == reward_id)
    if for_update:
        query = query.with_for_update().execution_options(populate_existing=True)
    return session.scalars(query).one_or_none()


def steps_of(session: Session, reward: Reward) -> list[Step]:
    """Return its steps, oldest first."""
    return list(session.scalars(select(Step).where(Step.reward_id == reward.id).order_by(Step.id)))


def key_of(*parts: object) -> str:
    """Return the key under which the same proposal is the same record."""
    return sha256(" ".join(map(str, parts)).encode()).hexdigest()


def propose(session: Session, proposal: Proposal, *, key: str) -> Reward:
    """Propose one, as the acting person; returns the one record, also when the same form is sent again."""
    if not proposal.why:
        raise StepRefused(_("Say why. Everybody reads it when it is published."))
    if not 0 < proposal.amount <= MOST_YUAN:
        raise StepRefused(_("The amount lies between 0.01 and %(most)s yuan.", most=f"{MOST_YUAN:,}"))
    if proposal.person_id is not None and proposal.person_id == current_person().id and proposal.kind == "reward":
        raise StepRefused(_("Nobody proposes a reward for themselves."))
    key = key_of(current_person().id, proposal.node_id, key)
    known = select(Reward).where(Reward.key == key)
    if sent := session.scalars(known).one_or_none():
        return sent
    try:
        with session.begin_nested():
            reward = _add(session, [(proposal, key)])[0]
    except IntegrityError:
        return session.scalars(known).one()  # a second tap at the same moment
    messages.tell(session, reward, "propose")
    return reward


def propose_all(session: Session, proposals: Iterable[tuple[Proposal, str]]) -> list[Reward]:
    """Propose what a rule has found, each under its key; what is there already stays as it is."""
    wanted = {key: proposal for proposal, key in proposals}
    known = set(session.scalars(select(Reward.key).where(Reward.key.in_(wanted))))
    return _add(session, [(proposal, key) for key, proposal in wanted.items() if key not in known])


def _add(session: Session, proposals: list[tuple[Proposal, str]]) -> list[Reward]:
    person_id = current_person().id
    rewards = [
        Reward(**vars(proposal), key=key, state=states.next_state(None, "propose"), proposed_by=person_id)
        for proposal, key in proposals
    ]
    session.add_all(rewards)
    session.flush()
    for reward in rewards:
        write_step(session, reward, "propose", reward.why)
    session.flush()
    return rewards


def write_step(session: Session, reward: Reward, event: str, reason: str = "") -> None:
    """Add the step that has led to the present state: who, when, why."""
    session.add(Step(
        reward_id=reward.id, event=event, state=reward.state, amount=reward.amount, reason=reason, by=current_person().id, at=clock.now(),
    ))  # fmt: skip


def take_step(session: Session, reward: Reward, event: str, reason: str = "", *, amount: Decimal | None = None) -> None:
    """Take one step with a reward or penalty that was found `for_update`.

    Raises `StepRefused` when the table, the person or the time does not allow it.
    """
    if _was_just_done(session, reward, event) and amount in (None, reward.amount):
        return
    _check(reward, event, reason, amount)
    following = states.next_state(reward.state, event)
    person_id, now = current_person().id, clock.now()
    reward.state = following
    if event == "approve":
        reward.approved_by, reward.appeal_ends = person_id, appeal_end(now, reward.appeal_days)
    elif event == "appeal":
        reward.appealed_by = person_id
    elif event == "change" and amount is not None:
        reward.amount = amount
    if following == states.EFFECTIVE:
        reward.effective_at = now
    with audited_as(reason=reason):
        session.flush()
    write_step(session, reward, event, reason)
    session.flush()
    messages.tell(session, reward, event, reason)


def appeal_end(now: datetime, days: int) -> datetime:
    """Return until when an appeal is taken: the end of the last of `days` whole days after the publication."""
    return clock.at(clock.local(now).date() + timedelta(days=days + 1), time())


def _was_just_done(session: Session, reward: Reward, event: str) -> bool:
    query = select(Step.event, Step.by).where(Step.reward_id == reward.id).order_by(Step.id.desc()).limit(1)
    last = session.execute(query).first()
    return last is not None and tuple(last) == (event, current_person().id)


def _check(reward: Reward, event: str, reason: str, amount: Decimal | None) -> None:
    person_id = current_person().id
    is_proposer = person_id is not None and person_id == reward.proposed_by
    concerned = person_id is not None and person_id == reward.person_id
    if event == "appeal":
        _check_appeal_time(reward)
    states.next_state(reward.state, event)
    if event in ("approve", "reject") and (is_proposer or concerned):
        raise StepRefused(_("Nobody decides on their own proposal, or on themselves: somebody else does."))
    if event == "take_back" and not is_proposer:
        raise StepRefused(_("Only who proposed it can take it back."))
    if reward.state == states.APPEALED:
        if person_id is not None and person_id == reward.approved_by:
            raise StepRefused(_("You approved it. Somebody else looks at the appeal."))
        if is_proposer or concerned or (person_id is not None and person_id == reward.appealed_by):
            raise StepRefused(_("You proposed it or appealed. Somebody else looks at the appeal."))
    if event not in ("take_back", "take_effect") and not reason:
        raise StepRefused(_("Say why, so that everybody concerned understands."))
    if event == "change":
        _check_change(reward, amount)


def _check_appeal_time(reward: Reward) -> None:
    if reward.appeal_ends is None or clock.now() < reward.appeal_ends:
        return
    day = last_appeal_day(reward)
    if reward.state == states.SETTLED:
        raise StepRefused(
            _(
                "The appeal days ended on %(day)s, and it is settled: what is paid is not changed. "
                "If it was wrong, ask your area manager or head office: they propose a correction of it, "
                "which is paid with the next month.",
                day=day,
            )
        )
    if reward.state in (states.PUBLISHED, states.EFFECTIVE):
        raise StepRefused(
            _("The appeal days ended on %(day)s. Head office can still withdraw it until it is settled.", day=day)
        )


def last_appeal_day(reward: Reward) -> date | None:
    """Return the last day on which an appeal is taken."""
    return clock.local(reward.appeal_ends).date() - timedelta(days=1) if reward.appeal_ends else None


def _check_change(reward: Reward, amount: Decimal | None) -> None:
    if amount is None or not 0 < amount <= MOST_YUAN:
        raise StepRefused(_("The amount lies between 0.01 and %(most)s yuan.", most=f"{MOST_YUAN:,}"))
    if amount == reward.amount:
        raise StepRefused(_("This is the amount it has already. Uphold it, or change it."))
    if (amount < reward.amount) != (reward.kind == "penalty"):
        raise StepRefused(_("An appeal never makes it worse: a penalty can only shrink, a reward only grow."))


def propose_correction(session: Session, settled: Reward, amount: Decimal, why: str, *, key: str) -> Reward:
    """Propose an entry of the opposite kind that puts a settled one right; paid with a later month.

    All corrections of one entry together are at most its amount.
    """
    if settled.state != states.SETTLED:
        raise StepRefused(_("Only what is settled is put right by a correction; this can still be withdrawn."))
    gone = select(func.coalesce(func.sum(Reward.amount), 0)).where(
        Reward.corrects_id == settled.id, Reward.state.not_in((states.REJECTED, states.WITHDRAWN)),
        Reward.key != key_of(current_person().id, settled.node_id, key),
    )  # fmt: skip
    left = settled.amount - (session.scalar(gone) or 0)
    if amount > left:
        raise StepRefused(_("At most %(amount)s yuan of it are left to correct.", amount=f"{left:,.2f}"))
    opposite = "reward" if settled.kind == "penalty" else "penalty"
    proposal = Proposal(
        settled.node_id, opposite, _("Correction: %(what)s", what=settled.what)[:120], amount, settled.since, settled.until, why,
        settled.evidence, settled.appeal_days, settled.person_id, corrects_id=settled.id,
    )  # fmt: skip
    return propose(session, proposal, key=key)


def take_effect_due(session: Session) -> int:
    """Put into effect what was published and not appealed in time; returns how many."""
    due = select(Reward).where(Reward.state == states.PUBLISHED, Reward.appeal_ends <= clock.now())
    rewards = session.scalars(due.order_by(Reward.id).limit(EFFECT_AT_ONCE).with_for_update(skip_locked=True)).all()
    for reward in rewards:
        take_step(session, reward, "take_effect")
    return len(rewards)
