"""What a chain may set of its customers."""

from core.api import N_, Setting, TextSetting, WholeSetting

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
        "merge_from", N_("Merge by itself from"), 95,
        N_("So sure must the comparison be that two records are one person, to merge them at night; below, somebody is asked."),
        minimum=90, maximum=100, unit="%",
    ),
    WholeSetting(
        "ask_from", N_("Ask from"), 50, N_("So likely must two records be one person, for the question to be put."),
        minimum=1, maximum=100, unit="%",
    ),
    WholeSetting(
        "contacts_most", N_("Offers at most"), 2, N_("So often a person who agreed to offers is contacted with one within the days below."),
        minimum=0, maximum=100, unit=N_("times"),
    ),
    WholeSetting("contacts_days", N_("Offers within"), 30, N_("The days in which offers to a person are counted."), minimum=1, maximum=365, unit=N_("days")),
    WholeSetting(
        "link_hours", N_("Link to the own page"), 24, N_("So long a customer may open their own page by the link a store gave them."),
        minimum=1, maximum=168, unit=N_("hours"),
    ),
    WholeSetting(
        "lookups_an_hour", N_("Look-ups by number in an hour"), 60,
        N_("So many numbers beyond the own stores a person may look up in an hour; then they wait, and head office is told."),
        minimum=1, maximum=1000, unit=N_("numbers"),
    ),
    TextSetting(
        "offered_words", N_("Words for what customers like"), "爱拍照、玩游戏、看重续航、大屏、国产、苹果、给老人、给孩子",
        N_("Offered for a tap at the counter and on the card, a comma between them. Other words may be typed."),
    ),
]  # fmt: skip
