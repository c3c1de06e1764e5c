"""The states of a day report, as a table: (state, event) → next state.

A transition that is not in the table is refused with the reason. `docs/` draws the picture from here.
"""

from core.api import N_, _, gettext

TARGET_SET = "target_set"
REPORTED = "reported"
READ = "read"
RETURNED = "returned"
LOCKED = "locked"

STATES = {
    TARGET_SET: N_("Target set"),
    REPORTED: N_("Reported"),
    READ: N_("Reviewed"),
    RETURNED: N_("Returned"),
    LOCKED: N_("Locked"),
}
MEANINGS = {TARGET_SET: "none", REPORTED: "good", READ: "good", RETURNED: "watch", LOCKED: "none"}

TRANSITIONS: dict[tuple[str | None, str], str] = {
    (None, "set_target"): TARGET_SET,
    (TARGET_SET, "set_target"): TARGET_SET,
    (None, "report"): REPORTED,  # the morning was missed, and counts as missed
    (TARGET_SET, "report"): REPORTED,
    (RETURNED, "report"): REPORTED,
    (REPORTED, "read"): READ,
    (REPORTED, "return"): RETURNED,
    (READ, "return"): RETURNED,  # reopened, with a reason
    (REPORTED, "correct"): REPORTED,
    (READ, "correct"): READ,
    (LOCKED, "correct"): LOCKED,
    (TARGET_SET, "lock"): LOCKED,
    (REPORTED, "lock"): LOCKED,
    (READ, "lock"): LOCKED,
    (RETURNED, "lock"): LOCKED,
    (None, "import"): LOCKED,
}

EVENT_TITLES = {
    "set_target": N_("set the target"),
    "report": N_("send the report"),
    "read": N_("mark it as read"),
    "return": N_("return it"),
    "correct": N_("correct it"),
    "lock": N_("lock it"),
    "import": N_("import it"),
}


class TransitionRefused(ValueError):
    """The table does not hold this step; the message says where the report stands."""


def next_state(state: str | None, event: str) -> str:
    """Return the state after `event`; raise `TransitionRefused` when the table has no such step."""
    try:
        return TRANSITIONS[state, event]
    except KeyError:
        where = gettext(STATES[state]) if state else _("not begun")
        raise TransitionRefused(
            _("You cannot %(event)s now: the day is “%(state)s”.", event=gettext(EVENT_TITLES[event]), state=where)
        ) from None
