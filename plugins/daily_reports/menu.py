"""Under which headings the menu keeps the pages of this plugin."""

from core.api import N_

THE_WEEK, REWARDS, STORES = N_("The week"), N_("Rewards and penalties"), N_("Stores and people")
