"""The pages of the counter under `/customers/`: parse, ask a service, answer."""

from plugins.customers.pages import card, counter, me, splitting
from plugins.customers.pages.addresses import blueprint

__all__ = ["blueprint", "card", "counter", "me", "splitting"]
