"""The tables at the desk, with everything a view can declare."""

from plugins.shelf.models import LEVELS, Item, Memo, Shelf

from core.admin.columns import Column
from core.admin.fields import Field
from core.admin.model_view import ModelView
from core.auth.views import names_of_people
from core.org.views import names_of_nodes
from core.typed import BadValue


class Shelves(ModelView):
    """Rows of a place."""

    model = Shelf
    resource = "shelf.shelf"
    title = "Shelves"
    row_title = "shelf"
    columns = [
        Column("code", "Code", "code", sortable=True, filter="text"),
        Column("name", "Name", sortable=True, filter="text"),
        Column("node_id", "Place", names=names_of_nodes),
        Column("worth", "Worth", sortable=True, filter="range"),
        Column("pieces", "Pieces", sortable=True, filter="range"),
        Column("counted_on", "Counted on", sortable=True, filter="date"),
        Column("counted_at", "Counted at", sortable=True, filter="date"),
        Column("locked", "Bolted", filter="boolean"),
        Column("level", "Level", choices=LEVELS, filter="select"),
        Column("keeper_mobile", "Keeper's mobile", "mobile"),
        Column("keeper_id", "Keeper", names=names_of_people, filter="select", lookup="org.person"),
        Column("note", "Note", shown=False),
    ]
    fields = [
        Field("code", "Code", required=True, maximum=40, only_new=True),
        Field("name", "Name", required=True, maximum=60),
        Field("node_id", "Place", lookup="org.node", required=True),
        Field("worth", "Worth", minimum=0, required=True, bulk=True),
        Field("pieces", "Pieces", minimum=0, maximum=1000, required=True, bulk=True),
        Field("counted_on", "Counted on", required=True, bulk=True),
        Field("locked", "Bolted", bulk=True),
        Field("level", "Level", choices=LEVELS, bulk=True),
        Field("keeper_mobile", "Keeper's mobile", "mobile"),
        Field("keeper_id", "Keeper", lookup="org.person", bulk=True),
        Field("note", "Note"),
    ]
    search = ("code", "name")
    default_order = ("code", False)
    title_column = "name"

    def check(self, values, row):
        """An empty shelf is not full."""
        if values.get("level") == "full" and not values.get("pieces"):
            return {"level": "An empty shelf is not full."}
        return {}

    def fill(self, row, values, *, is_new):
        """Refuse some things only when they are done."""
        super().fill(row, values, is_new=is_new)
        if row.pieces == 666:
            raise BadValue("Not that many, please.")


class Items(ModelView):
    """Rows that hang on a row of a place."""

    model = Item
    resource = "shelf.item"
    title = "Items"
    row_title = "item"
    columns = [
        Column("id", "Number", sortable=True),
        Column("name", "Name", filter="text"),
        Column("shelf_id", "Shelf"),
    ]
    fields = [
        Field("name", "Name", required=True, bulk=True),
        Field("shelf_id", "Shelf", lookup="shelf.shelf", required=True, bulk=True),
    ]
    search = ("name",)
    title_column = "name"


class Memos(ModelView):
    """Rows of one's own."""

    model = Memo
    resource = "shelf.memo"
    title = "Memos"
    row_title = "memo"
    columns = [Column("id", "Number", sortable=True), Column("name", "Name", filter="text")]
    fields = [Field("name", "Name", required=True, bulk=True)]
    search = ("name",)
    title_column = "name"

    def fill(self, row, values, *, is_new):
        """A memo belongs to its author."""
        from core.access.person import current_person

        super().fill(row, values, is_new=is_new)
        if is_new:
            row.author_id = current_person().id
