"""What the shelves tell the house."""

from flask import Blueprint

from core.access.guards import requires
from core.access.permissions import Permission, resource_permissions
from core.hookspecs import hookimpl

EVERYBODY = {"head_office": "all", "leader": "all", "area_manager": "node", "store_manager": "node", "deputy": "node"}

blueprint = Blueprint("shelf", __name__, url_prefix="/shelf")


@blueprint.route("/<int:shelf_id>/")
@requires("shelf:shelf:read")
def shelf_page(shelf_id):
    """Show a shelf by its number."""
    from flask import abort
    from plugins.shelf.models import Shelf
    from sqlalchemy import select

    from core.db import session

    row = session.scalars(select(Shelf).where(Shelf.id == shelf_id)).one_or_none() or abort(404)
    return f"<p>{row.name}</p>"


@hookimpl
def backoffice_permissions():
    """Everybody above the counter works with shelves; a clerk sees the own memos."""
    return [
        *resource_permissions("shelf:shelf", "Shelves", view=EVERYBODY, edit=EVERYBODY),
        *resource_permissions("shelf:item", "Items", view=EVERYBODY, edit=EVERYBODY),
        *resource_permissions(
            "shelf:memo", "Memos", view=EVERYBODY | {"clerk": "own"}, edit=EVERYBODY | {"clerk": "own"}
        ),
        Permission("shelf:shelf:count", "Count shelves", {"clerk": "node"}),
    ]


@hookimpl
def backoffice_admin_views():
    """The three tables."""
    from plugins.shelf.views import Items, Memos, Shelves

    return [Shelves(), Items(), Memos()]


@hookimpl
def backoffice_blueprints():
    """One page outside the desk."""
    return [blueprint]
