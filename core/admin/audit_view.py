"""The audit at the desk: read, filtered, exported; never changed."""

from core.admin.columns import Column
from core.admin.history import ACTION_TITLES
from core.admin.model_view import ModelView
from core.audit import AuditEntry
from core.language import N_


class AuditEntries(ModelView):
    """Who did what."""

    model = AuditEntry
    resource = "audit.entry"
    title = N_("Audit")
    lead = N_("Every change, by whom and when. Nothing here can be changed.")
    row_title = N_("entry")
    actions = ("list", "read", "export")
    columns = [
        Column("id", N_("Number"), "code", sortable=True),
        Column("at", N_("When"), filter="date"),
        Column("person_name", N_("Who"), filter="text"),
        Column("action", N_("What"), choices=ACTION_TITLES, filter="select"),
        Column("resource", N_("Of"), filter="text"),
        Column("row_id", N_("Row"), "code", filter="text"),
        Column("reason", N_("Reason")),
        Column("changes", N_("Changes"), shown=False, exported=False),
    ]
