"""The states of a reward or penalty, as a table: (state, event) → next state.

    提议 propose → 审批 approve → 公示 published → (申诉 appeal → 复议 uphold, change or withdraw) → 生效 → 结算

Approving publishes: nothing waits in a drawer between the two. Once it is appealed it stays without effect
until somebody else has looked at it again; their word is final. What is settled is never changed: a mistake
is put right by an entry of the opposite kind, in a later month. A step that is not in the table is refused.
"""

from core.api import N_, _, gettext

PROPOSED = "proposed"
REJECTED = "rejected"
PUBLISHED = "published"
APPEALED = "appealed"
WITHDRAWN = "withdrawn"
EFFECTIVE = "effective"
SETTLED = "settled"

STATES = {
    PROPOSED: N_("Waits for approval"),
    PUBLISHED: N_("Published"),
    APPEALED: N_("Appealed"),
    EFFECTIVE: N_("In effect"),
    SETTLED: N_("Settled"),
    REJECTED: N_("Not approved"),
    WITHDRAWN: N_("Withdrawn"),
}
MEANINGS = {PROPOSED: "watch", PUBLISHED: "none", APPEALED: "watch", EFFECTIVE: "good", SETTLED: "none"}
IN_THE_COLUMN = (PUBLISHED, APPEALED, EFFECTIVE, SETTLED)
"""What everybody may read."""

TRANSITIONS: dict[tuple[str | None, str], str] = {
    (None, "propose"): PROPOSED,
    (PROPOSED, "approve"): PUBLISHED,
    (PROPOSED, "reject"): REJECTED,
    (PROPOSED, "take_back"): WITHDRAWN,
    (PUBLISHED, "appeal"): APPEALED,
    (PUBLISHED, "withdraw"): WITHDRAWN,
    (PUBLISHED, "take_effect"): EFFECTIVE,  # by itself, when the appeal days are over
    (APPEALED, "uphold"): EFFECTIVE,
    (APPEALED, "change"): EFFECTIVE,
    (APPEALED, "withdraw"): WITHDRAWN,
    (EFFECTIVE, "withdraw"): WITHDRAWN,
    (EFFECTIVE, "settle"): SETTLED,
}

EVENT_TITLES = {
    "propose": N_("propose it"),
    "approve": N_("approve it"),
    "reject": N_("refuse it"),
    "take_back": N_("take it back"),
    "appeal": N_("appeal"),
    "uphold": N_("uphold it"),
    "change": N_("change the amount"),
    "withdraw": N_("withdraw it"),
    "take_effect": N_("put it into effect"),
    "settle": N_("settle it"),
}
"""What a person cannot do now, in a refusal."""

STEP_TITLES = {
    "propose": N_("Proposed"),
    "approve": N_("Approved and published"),
    "reject": N_("Not approved"),
    "take_back": N_("Taken back"),
    "appeal": N_("Appealed"),
    "uphold": N_("Looked at again: upheld"),
    "change": N_("Looked at again: amount changed"),
    "withdraw": N_("Withdrawn"),
    "take_effect": N_("In effect: the appeal days are over"),
    "settle": N_("Settled with the payroll"),
}
"""What was done, in the timeline."""


class StepRefused(ValueError):
    """The step cannot be taken; the message says why, and what to do instead where there is a way."""


def next_state(state: str | None, event: str) -> str:
    """Return the state after `event`; raise `StepRefused` when the table has no such step."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        where = gettext(STATES[state]) if state else _("not begun")
        raise StepRefused(
            _("You cannot %(event)s now: it stands at “%(state)s”.", event=gettext(EVENT_TITLES[event]), state=where)
        ) from None
