"""What a chain may set of its customers."""

from core.api import N_, Setting, WholeSetting

SETTINGS: list[Setting] = [
    WholeSetting(
        "important_visits", N_("Important from"), 4, N_("So many days with a visit in a year make a customer important."),
        minimum=1, maximum=365, unit=N_("days"),
    ),
    WholeSetting(
        "vip_visits", N_("VIP from"), 10, N_("So many days with a visit in a year make a customer a VIP."),
        minimum=1, maximum=365, unit=N_("days"),
    ),
    WholeSetting(
        "lookups_an_hour", N_("Look-ups by number in an hour"), 60,
        N_("So many numbers beyond the own stores a person may look up in an hour; then they wait, and head office is told."),
        minimum=1, maximum=1000, unit=N_("numbers"),
    ),
]  # fmt: skip
