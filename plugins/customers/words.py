"""The words of the customers: what a kind, a level or an identity is called, and which colour it has."""

from core.api import N_

KINDS = {"person": N_("Private person"), "company": N_("Company")}
PARTIES = {
    "consumer": N_("Consumer"),
    "distributor": N_("Distributor"),
    "partner": N_("Partner"),
    "supplier": N_("Supplier"),
}
LEVELS = {"ordinary": N_("Ordinary"), "important": N_("Important"), "vip": N_("VIP")}
LEVEL_MEANINGS = {"ordinary": "none", "important": "good", "vip": "good"}
CREDITS = {
    "unknown": N_("Not known"),
    "good": N_("Good credit"),
    "watch": N_("Look twice"),
    "stopped": N_("No credit"),
}
CREDIT_MEANINGS = {"unknown": "none", "good": "good", "watch": "watch", "stopped": "bad"}
IDENTITIES = {
    "mobile": N_("Mobile"),
    "wecom": N_("WeCom"),
    "email": N_("E-mail"),
    "invoice_title": N_("Invoice title"),
}
REASONS = {
    "recorded": N_("Recorded here for the first time"),
    "came": N_("Came to the store"),
    "taken_on": N_("Taken on from another store"),
    "imported": N_("Imported"),
}
"""Why there is a visit."""
MERGED_HOW = {"by_hand": N_("By a person"), "by_rule": N_("By rule")}
COMPARED = {
    "name": N_("Full name"),
    "number": N_("Mobile number"),
    "account": N_("WeCom or e-mail"),
    "address": N_("Address"),
    "title": N_("Invoice title"),
    "store": N_("Store"),
}
"""What may speak for or against one person, by the keys of `Pair.reasons`."""
DOUBLES, OVERVIEW, GIFTS, RULES = N_("Double records"), N_("Overview"), N_("Gifts"), N_("Rules and proofs")
"""Headings in the menu."""
