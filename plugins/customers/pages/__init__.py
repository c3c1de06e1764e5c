"""The pages of the counter under `/customers/`: parse, ask a service, answer."""

from plugins.customers.gifts import pages as gifts
from plugins.customers.pages import card, counter, known_by, me, splitting
from plugins.customers.pages.addresses import blueprint
from plugins.customers.prospects import pages as prospects

__all__ = ["blueprint", "card", "counter", "gifts", "known_by", "me", "prospects", "splitting"]
