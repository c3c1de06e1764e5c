"""The organisation at the desk."""

from typing import Any

from flask import abort, request, url_for
from sqlalchemy import select

from core import audit, typed
from core.access.person import current_person
from core.admin.columns import Cell, Column
from core.admin.fields import Field
from core.admin.model_view import ModelView
from core.admin.view import allowed, expose
from core.auth import accounts, sessions
from core.auth.models import Assignment, Role
from core.auth.rights import rights_changed
from core.db import session
from core.language import LOCALES, N_, _, gettext
from core.org import tree
from core.org.imports import ImportedPeople, ImportedPlaces
from core.org.models import FORMATS, KINDS, CalendarDay, Node, Person
from core.org.places import name_of_node, names_of_nodes

REASON_LENGTH = 400
"""How long the reason for showing a number may be: what the audit holds."""


def names_of_calendars(ids: set[int]) -> dict[int, str]:
    """Return `{node id: code and name}`."""
    found = session.execute(select(Node.id, Node.code, Node.name).where(Node.id.in_(ids))) if ids else []
    return {node_id: f"{code} {name}" for node_id, code, name in found}


class Nodes(ModelView):
    """Every place: areas, departments, stores."""

    model = Node
    resource = "org.node"
    title = N_("Areas and departments")
    lead = N_("The tree everybody's rights hang on. A place that moves takes its records along.")
    row_title = N_("place")
    columns = [
        Column("code", N_("Code"), "code", sortable=True),
        Column("name", N_("Name")),
        Column("kind", N_("Kind"), choices=KINDS, filter="select"),
        Column("parent_id", N_("Belongs to"), names=names_of_nodes, export=name_of_node(Node.parent_id)),
    ]
    fields = [
        Field("kind", N_("Kind"), choices={k: v for k, v in KINDS.items() if k not in ("chain", "store")}, required=True, only_new=True),
        Field("code", N_("Code"), required=True, maximum=40, help=N_("Short, unique in the whole chain, never used again.")),
        Field("name", N_("Name"), required=True, maximum=80),
        Field("parent_id", N_("Belongs to"), lookup="org.node", required=True),
    ]  # fmt: skip
    search = ("search_text",)
    search_hint = N_("Code, name or initials")
    default_order = ("code", False)
    title_column = "name"

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A code is used once, ever; a place stands where its kind may stand."""
        problems = {}
        if row is None or values.get("code", row.code) != row.code:
            twin = session.scalars(select(Node).where(Node.code == values.get("code"))).one_or_none()
            if twin:
                problems["code"] = _("This code is already used by “%(name)s”.", name=twin.name)
        if row is not None and values.get("parent_id", row.parent_id) == row.parent_id:
            return problems
        parent = session.get(Node, values["parent_id"]) if values.get("parent_id") else None
        kind = values.get("kind") or (row.kind if row else self._kind())
        if parent and kind != "chain" and parent.kind not in tree.PARENTS.get(kind, ()):
            problems["parent_id"] = _("It cannot stand there.")
        elif parent and row is not None and self._is_below(parent, row):
            problems["parent_id"] = _("A place cannot stand below itself.")
        return problems

    def _kind(self) -> str:
        return "area"

    @staticmethod
    def _is_below(node: Node | None, other: Node) -> bool:
        while node is not None:
            if node.id == other.id:
                return True
            node = session.get(Node, node.parent_id) if node.parent_id else None
        return False

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Place the node in the tree; its levels follow."""
        parent_id = values.pop("parent_id", row.parent_id)
        if (parent_id, values.get("name", row.name)) != (row.parent_id, row.name):
            rights_changed(session)  # people carry the names and levels of their places with them
        super().fill(row, values, is_new=is_new)
        if is_new:
            row.kind = row.kind or self._kind()
            session.add(row)
            session.flush()
        if is_new or parent_id != row.parent_id:
            parent = session.get(Node, parent_id) if parent_id else tree.chain(session)
            if row.kind != "chain":
                tree.move(session, row, parent)  # type: ignore[arg-type]

    def bin(self, row: Any) -> None:
        """A place with something below it stays."""
        if session.scalar(select(Node.id).where(Node.parent_id == row.id, Node.deleted_at.is_(None)).limit(1)):
            raise typed.BadValue(_("Other places stand below this one. Move them first."))
        super().bin(row)


class Stores(ImportedPlaces, Nodes):
    """The shops."""

    resource = "org.store"
    title = N_("Stores")
    lead = N_("Every shop of the chain, with its hours and the group it is compared with.")
    row_title = N_("store")
    columns = [
        Column("code", N_("Code"), "code", sortable=True),
        Column("name", N_("Name")),
        Column("parent_id", N_("Area"), names=names_of_nodes, export=name_of_node(Node.parent_id)),
        Column("format", N_("Format"), choices=FORMATS, filter="select"),
        Column("peer_group", N_("Peer group"), filter="text", help=N_("Stores that are compared with each other.")),
        Column("opens", N_("Opens"), "time"),
        Column("closes", N_("Closes"), "time"),
        Column("size_m2", N_("Size (m²)"), "number", shown=False),
        Column("address", N_("Address"), shown=False),
        Column("opened_on", N_("Opened on"), shown=False),
        Column("closed_on", N_("Closed on"), shown=False),
    ]
    fields = [
        Field("code", N_("Code"), required=True, maximum=40, help=N_("Short, unique in the whole chain, never used again.")),
        Field("name", N_("Name"), required=True, maximum=80),
        Field("parent_id", N_("Area"), lookup="org.node", required=True),
        Field("format", N_("Format"), choices=FORMATS, bulk=True),
        Field("peer_group", N_("Peer group"), maximum=40, bulk=True),
        Field("opens", N_("Opens"), bulk=True),
        Field("closes", N_("Closes"), bulk=True),
        Field("size_m2", N_("Size (m²)"), minimum=1, maximum=100_000),
        Field("address", N_("Address"), maximum=200),
        Field("opened_on", N_("Opened on")),
        Field("closed_on", N_("Closed on"), help=N_("From this day on nothing is expected from the store.")),
    ]  # fmt: skip
    import_key = ("code",)
    empty_text = N_("Import the list of stores from a sheet, or add the first one.")

    def conditions(self, action: str, *, in_bin: bool = False) -> list[Any]:
        """Only the stores among the places."""
        return [*super().conditions(action, in_bin=in_bin), Node.kind == "store"]

    def _kind(self) -> str:
        return "store"


class CalendarDays(ModelView):
    """Days on which a place is closed."""

    model = CalendarDay
    resource = "org.calendar"
    title = N_("Closed days")
    lead = N_("A closed day is not missing in any report. A day of the chain or an area holds for every store below.")
    row_title = N_("closed day")
    columns = [
        Column("day", N_("Day"), sortable=True, filter="date"),
        Column("node_id", N_("Place"), names=names_of_calendars),
        Column("closed", N_("Closed"), filter="boolean"),
        Column("reason", N_("Reason")),
    ]
    fields = [
        Field("day", N_("Day"), required=True),
        Field("node_id", N_("Place"), lookup="org.node", required=True),
        Field("closed", N_("Closed"), help=N_("Untick to open a store on a day that is closed above it.")),
        Field("reason", N_("Reason"), maximum=80),
    ]
    default_order = ("day", True)
    empty_text = N_("Add the holidays on which the chain is closed.")

    def conditions(self, action: str, *, in_bin: bool = False) -> list[Any]:
        """A calendar reaches as far as the place it belongs to."""
        from core.access.scope import criteria

        nodes = select(Node.id).where(criteria(Node, current_person(), f"{self.permission}:{action}"))
        return [CalendarDay.node_id.in_(nodes)]

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """One entry a place and day, within the person's reach."""
        twin = session.scalars(
            select(CalendarDay).where(CalendarDay.node_id == values["node_id"], CalendarDay.day == values["day"])
        ).one_or_none()
        return {"day": _("There is already an entry for this place and day.")} if twin and twin is not row else {}

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Keep empty reasons as empty text."""
        super().fill(row, values | {"reason": values.get("reason") or ""}, is_new=is_new)


class People(ImportedPeople, ModelView):
    """Everybody who works for the chain."""

    model = Person
    resource = "org.person"
    title = N_("People")
    lead = N_("A person sees and does what their roles at their places allow.")
    row_title = N_("person")
    columns = [
        Column("username", N_("User name"), "code", sortable=True),
        Column("name", N_("Full name")),
        Column("node_id", N_("Place"), names=names_of_nodes, export=name_of_node(Person.node_id)),
        Column("mobile", N_("Mobile"), "mobile"),
        Column("active", N_("Active"), filter="boolean", meanings={False: "none"}),
    ]
    fields = [
        Field("username", N_("User name"), required=True, maximum=60),
        Field("name", N_("Full name"), required=True, maximum=60),
        Field("node_id", N_("Place"), lookup="org.node", required=True),
        Field("mobile", N_("Mobile"), "mobile"),
        Field("locale", N_("Language"), choices=LOCALES, required=True),
    ]
    search = ("search_text",)
    search_hint = N_("User name, name or initials")
    default_order = ("username", False)
    title_column = "name"
    import_key = ("username",)

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A user name is used once, ever; nobody edits a person of equal or higher rank."""
        from core.access.scope import unscoped

        with unscoped("user names are unique in the chain"):
            twin = session.scalars(select(Person.id).where(Person.username == values["username"])).one_or_none()
        if twin and (row is None or twin != row.id):
            return {"username": _("This user name is taken.")}
        return {}

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Check ranks before anything is changed."""
        if not is_new:
            accounts.require_rank_above(session, current_person(), row)
            if values.get("node_id", row.node_id) != row.node_id:
                sessions.end(session, row.id)  # who moves to another place signs in anew
        super().fill(row, values, is_new=is_new)

    def bin(self, row: Any) -> None:
        """A person who leaves cannot sign in any more; the last administrator stays."""
        accounts.disable(session, current_person(), row)
        super().bin(row)

    def restore(self, row: Any) -> None:
        """A person who comes back may sign in again."""
        accounts.require_rank_above(session, current_person(), row)
        row.active = True
        super().restore(row)

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Besides the usual: a one-time password, and roles."""
        actions = super().row_actions(row, in_bin=in_bin)
        if not in_bin and current_person().may("org:person:reset_password"):
            actions.append(
                self._post(
                    _("Give a one-time password"), "reset_password_view",
                    confirm=_("The present password and every open session of this person end."), id=row.id,
                )
            )  # fmt: skip
        if not in_bin and current_person().may("auth:assignment:create"):
            actions.append(
                {
                    "title": _("Add a role"),
                    "url": url_for("auth_assignment.create_view", person_id=row.id),
                    "method": "get",
                }
            )
        return actions

    @expose("/reset-password/", methods=("POST",))
    @allowed("org:person:reset_password")
    def reset_password_view(self) -> Any:
        """Make a one-time password and show it once."""
        row = self.one(request.args.get("id"), "reset_password")
        password = accounts.reset_password(session, current_person(), row)
        audit.record(session, resource="org:person", row_id=row.id, action="password reset")
        session.flush()
        return self.render(
            "backoffice/one_time.html",
            page_title=row.name,
            crumbs=self.crumbs(row.name),
            username=row.username,
            password=password,
            hours=24,
        )

    @expose("/unmask/", methods=("POST",))
    @allowed("org:person:unmask")
    def unmask_view(self) -> Any:
        """Show a number in full; who, when and why is kept before it is shown."""
        row = self.one(request.args.get("id"), "unmask")
        try:
            reason = typed.text(request.form.get("reason", ""), REASON_LENGTH)
        except typed.BadValue:
            abort(400)
        if not reason:
            abort(400)
        audit.record(session, resource="org:person", row_id=row.id, action="number shown", reason=reason)
        session.flush()
        # On a page of its own: a message to the next page would travel in the cookie, where it can be read.
        back = url_for(".details_view", id=row.id)
        return self.render(
            "backoffice/number.html",
            page_title=row.name,
            crumbs=self.crumbs(row.name),
            mobile=row.mobile,
            back_url=back,
        )

    def facts(self, row: Any) -> list[dict[str, Any]]:
        """Offer to show the number."""
        facts = super().facts(row)
        if row.mobile and current_person().may("org:person:unmask"):
            next(fact for fact in facts if fact["name"] == "mobile")["reveal_url"] = url_for(".unmask_view", id=row.id)
        return facts

    def children(self, row: Any) -> list[Any]:
        """The roles the person holds, and where."""
        found = session.execute(
            select(Assignment, Role.name, Node.name)
            .join(Role, Role.id == Assignment.role_id)
            .join(Node, Node.id == Assignment.node_id)
            .where(Assignment.person_id == row.id)
        )
        columns = [
            {"title": _("Role"), "kind": "text"},
            {"title": _("Place"), "kind": "text"},
            {"title": _("From"), "kind": "date"},
            {"title": _("To"), "kind": "date"},
        ]
        rows = [
            {"url": url_for("auth_assignment.details_view", id=a.id) if current_person().may("auth:assignment:read") else None,
             "cells": [Cell(gettext(role)), Cell(node), Cell(str(a.from_day or "")), Cell(str(a.to_day or ""))]}
            for a, role, node in found
        ]  # fmt: skip
        return [(_("Roles"), columns, rows)]
