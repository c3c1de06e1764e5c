"""Everything of core that a plugin may use; no plugin imports another module of core.

A plugin's models derive from `plugin_base("its_name")` with `Row`, and `InNode` when rows belong to a
place. Its desk pages derive from `ModelView` or `Page`, its other routes are marked with `requires`.
"""

from core import clock, inbox, typed
from core.access.guards import public, requires, signed_in
from core.access.permissions import Permission, resource_permissions
from core.access.person import SYSTEM, CurrentPerson, Forbidden, Reach, acting_as, current_person
from core.access.scope import across_scopes, criteria
from core.admin.columns import Cell, Column, show
from core.admin.fields import Field
from core.admin.home import HomeCard
from core.admin.model_view import ModelView
from core.admin.toasts import toast
from core.admin.view import Page, allowed, expose
from core.audit import audited_as, record
from core.db import Deletable, Id, Instant, Money, Row, planned_once, plugin_base, session
from core.erasure import Emptied, forget_person, hide_values
from core.exchange.bulk import among, insert_rows
from core.exchange.mapping import ImportRefused
from core.exchange.models import ImportRow
from core.exchange.writing import csv_text, write_xlsx
from core.hookspecs import hookimpl, hookspec
from core.jobs.queue import JobKind, JobRefused, Work, ask_for
from core.jobs.tasks import ScheduledTask
from core.language import N_, _, gettext
from core.org.models import FORMATS, CalendarDay, InNode, Node, Person
from core.org.people import names_of_people, people_at, people_who_may
from core.org.places import names_of_nodes
from core.org.tree import add_place, chain, closed_ids, is_closed, stores_below
from core.registry.asking import collect, is_on_at, must, setting
from core.registry.hooks import MustFailed
from core.registry.setting_types import (
    AmountSetting,
    ChoiceSetting,
    Setting,
    TextSetting,
    TimeSetting,
    WholeSetting,
    YesNoSetting,
)
from core.search.columns import found, found_later, found_values, search_column
from core.sequences import chain_codes, document_codes
from core.together import Together

__all__ = [
    "FORMATS", "N_", "SYSTEM", "AmountSetting", "CalendarDay", "Cell", "ChoiceSetting", "Column",
    "CurrentPerson", "Deletable", "Emptied", "Field", "Forbidden", "HomeCard", "Id", "ImportRefused", "ImportRow",
    "InNode", "Instant", "JobKind", "JobRefused", "ModelView", "Money", "MustFailed", "Node", "Page", "Permission",
    "Person", "Reach", "Row", "ScheduledTask", "Setting", "TextSetting", "TimeSetting", "Together", "WholeSetting",
    "Work", "YesNoSetting", "_", "across_scopes", "acting_as", "add_place", "allowed", "among", "ask_for", "audited_as",
    "chain", "chain_codes", "clock", "closed_ids", "collect", "criteria", "csv_text", "current_person",
    "document_codes", "expose", "forget_person", "found", "found_later", "found_values", "gettext", "hide_values", "hookimpl", "hookspec", "inbox", "insert_rows", "is_closed", "is_on_at", "must",
    "names_of_nodes", "names_of_people", "people_at", "people_who_may", "planned_once", "plugin_base", "public", "record", "requires",
    "resource_permissions", "search_column", "session", "setting", "show", "signed_in", "stores_below", "toast", "typed", "write_xlsx",
]  # fmt: skip
