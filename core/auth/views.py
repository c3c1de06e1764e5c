"""Roles, their grants, and who holds them."""

from typing import Any

from flask import abort, current_app, redirect, request, url_for
from sqlalchemy import select

from core.access.permissions import ACTIONS, LEVELS
from core.access.person import Forbidden, current_person
from core.access.scope import criteria
from core.admin.columns import Column
from core.admin.fields import Field
from core.admin.model_view import ModelView
from core.admin.toasts import toast
from core.admin.view import allowed, expose
from core.auth import accounts
from core.auth.models import Assignment, Grant, Role
from core.auth.rights import rights_changed
from core.db import session
from core.language import N_, _, gettext
from core.org.models import Node, Person
from core.org.places import name_of_node, names_of_nodes

LEVEL_TITLES = {"own": N_("One's own"), "node": N_("One's place and below"), "all": N_("The whole chain")}


def names_of_people(ids: set[int]) -> dict[int, str]:
    """Return `{person id: name}` of people in scope."""
    return dict(session.execute(select(Person.id, Person.name).where(Person.id.in_(ids))).all()) if ids else {}  # type: ignore[arg-type]


def names_of_roles(ids: set[int]) -> dict[int, str]:
    """Return `{role id: name}`."""
    found = session.execute(select(Role.id, Role.name).where(Role.id.in_(ids))) if ids else []
    return {role_id: gettext(name) for role_id, name in found}


class Assignments(ModelView):
    """Who holds which role where."""

    model = Assignment
    resource = "auth.assignment"
    title = N_("Who holds which role")
    lead = N_("A stand-in gets a role with an end date.")
    row_title = N_("assignment")
    actions = ("list", "read", "create", "delete", "export")
    columns = [
        Column("id", N_("Number"), "number", sortable=True),
        Column("person_id", N_("Person"), names=names_of_people),
        Column("role_id", N_("Role"), names=names_of_roles),
        Column("node_id", N_("Place"), names=names_of_nodes, export=name_of_node(Assignment.node_id)),
        Column("from_day", N_("From")),
        Column("to_day", N_("To")),
    ]
    fields = [
        Field("person_id", N_("Person"), lookup="org.person", required=True),
        Field("role_id", N_("Role"), lookup="auth.role", required=True),
        Field("node_id", N_("Place"), lookup="org.node", required=True),
        Field("from_day", N_("From")),
        Field("to_day", N_("To"), help=N_("Leave empty when it has no end.")),
    ]

    def conditions(self, action: str, *, in_bin: bool = False) -> list[Any]:
        """As far as the place of the assignment is in reach."""
        nodes = select(Node.id).where(criteria(Node, current_person(), f"{self.permission}:{action}"))
        return [Assignment.node_id.in_(nodes)]

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A role is held once at a place."""
        problem = accounts.held_already(session, values["person_id"], values["role_id"], values["node_id"])
        return {"role_id": problem} if problem else {}

    def name_of(self, row: Any) -> str:
        """The person's name."""
        return names_of_people({row.person_id}).get(row.person_id, str(row.id))

    def fill(self, row: Any, values: dict[str, Any], *, is_new: bool) -> None:
        """Ranks and reach are checked by the service that also ends the person's sessions."""
        super().fill(row, values, is_new=is_new)
        person, role, node = (
            session.get(model, values[name]) or abort(404)
            for model, name in ((Person, "person_id"), (Role, "role_id"), (Node, "node_id"))
        )
        accounts.assign(session, current_person(), row, person, role, node)

    def bin(self, row: Any) -> None:
        """Take the role away."""
        accounts.unassign(session, current_person(), session.get(Person, row.person_id) or abort(404), row)


class Roles(ModelView):
    """What people may do."""

    model = Role
    resource = "auth.role"
    title = N_("Roles")
    lead = N_("A role is a set of rights. It is given to a person at a place.")
    row_title = N_("role")
    actions = ("list", "read", "create", "update", "export")
    columns = [
        Column("name", N_("Name")),
        Column("code", N_("Code"), "code", sortable=True),
        Column(
            "rank",
            N_("Rank"),
            "number",
            sortable=True,
            help=N_("Nobody changes a person whose rank is not below their own."),
        ),
    ]
    fields = [
        Field("code", N_("Code"), required=True, maximum=40, only_new=True),
        Field("name", N_("Name"), required=True, maximum=60),
        Field("rank", N_("Rank"), required=True, minimum=1, maximum=99),
    ]
    search = ("code", "name")
    default_order = ("rank", True)

    def name_of(self, row: Any) -> str:
        """The role's name in the person's language."""
        return gettext(row.name)

    def check(self, values: dict[str, Any], row: Any) -> dict[str, str]:
        """A role ranks below the person who makes or changes it."""
        person = current_person()
        if row and row.everything:
            return {"name": _("The system administrator's role stays as it is.")}
        if not person.everything and ((values.get("rank") or 0) >= person.rank or (row and row.rank >= person.rank)):
            return {"rank": _("A role must rank below yours (%(rank)s).", rank=person.rank)}
        twin = session.scalars(select(Role.id).where(Role.code == values.get("code"))).one_or_none()
        return {"code": _("This code is taken.")} if row is None and twin else {}

    def after_save(self, row: Any, *, is_new: bool) -> None:
        """Everybody's rights are read again."""
        rights_changed(session)

    def row_actions(self, row: Any, *, in_bin: bool = False) -> list[dict[str, Any]]:
        """Besides the usual: the rights of the role."""
        actions = super().row_actions(row, in_bin=in_bin)
        if not row.everything and self.offers("update"):
            actions.append(
                {"title": _("Rights of this role"), "url": url_for(".grants_view", id=row.id), "method": "get"}
            )
        return actions

    @expose("/grants/", methods=("GET", "POST"))
    @allowed("auth:role:update")
    def grants_view(self) -> Any:
        """Show and change what a role grants; nobody grants what they lack."""
        role = self.one(request.args.get("id"), "update")
        declared = current_app.extensions["backoffice"].permissions
        held = {grant.permission: grant for grant in session.scalars(select(Grant).where(Grant.role_id == role.id))}
        if request.method == "POST":
            self._save_grants(role, declared, held)
            toast(_("The rights of “%(name)s” are saved.", name=gettext(role.name)), "good")
            return redirect(url_for(".details_view", id=role.id))
        groups: dict[str, list[dict[str, Any]]] = {}
        for permission in declared.values():
            action = permission.name.split(":")[2]
            groups.setdefault(permission.name.rsplit(":", 1)[0], []).append({
                "name": permission.name, "title": gettext(permission.title), "action": gettext(ACTIONS.get(action, permission.title)),
                "level": held[permission.name].level if permission.name in held else "", "may_give": current_person().may(permission.name),
            })  # fmt: skip
        return self.render(
            "backoffice/grants.html", page_title=gettext(role.name), crumbs=self.crumbs(gettext(role.name)), groups=groups,
            levels=[(level, gettext(title)) for level, title in LEVEL_TITLES.items()], cancel_url=url_for(".details_view", id=role.id),
        )  # fmt: skip

    def _save_grants(self, role: Role, declared: dict[str, Any], held: dict[str, Grant]) -> None:
        person = current_person()
        if role.everything or (not person.everything and role.rank >= person.rank):
            raise Forbidden("auth:role:update", _("This role's rank is not below yours."))
        for name in declared:
            level = request.form.get(name, "")
            if level == (held[name].level if name in held else ""):
                continue
            if level not in ("", *LEVELS) or not accounts.may_give(person, name, level):
                raise Forbidden(name, _("You cannot give a right that you do not have yourself."))
            grant = held.get(name)
            if not level:
                session.delete(grant)
            elif grant:
                grant.level = level
            else:
                session.add(Grant(role_id=role.id, permission=name, level=level))
        session.flush()
        rights_changed(session)
