"""What an import of stores or people must keep in order, a chunk of rows at a time."""

from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from core import clock
from core.access.person import current_person
from core.access.scope import unscoped
from core.auth import sessions
from core.auth.models import Assignment, Role
from core.auth.rights import rights_changed
from core.exchange.hooks import ImportHooks, Values
from core.exchange.models import ImportBatch
from core.language import DEFAULT_LOCALE, _
from core.org import tree
from core.org.models import PARENTS, Node


class ImportedPlaces(ImportHooks):
    """A place is called by its code until it gets a name, and hangs below the chain until it gets an area."""

    _kind: Any

    def import_values(self, session: Session, values: list[Values], options: dict[str, str]) -> list[Values]:
        """Give a place the levels of what it stands under."""
        levels = tree.levels_of(session, {row["parent_id"] for row in values if row.get("parent_id")})
        for row in values:
            if row.get("parent_id"):
                row["area_id"], row["region_id"] = levels[row["parent_id"]]
        return values

    def import_defaults(self, session: Session, values: list[Values], options: dict[str, str]) -> list[Values]:
        """Name and place what is new."""
        everywhere = current_person().reach(f"{self.permission}:import").everything
        root = tree.chain(session).id if everywhere else None
        for row in values:
            row["kind"] = self._kind()
            row["name"] = row.get("name") or row.get("code")
            row["parent_id"] = row.get("parent_id") or root
        return values

    def import_check(self, session: Session, values: list[Values], ids: list[int | None]) -> dict[int, tuple[str, str]]:
        """A place stands where its kind may stand."""
        parents = {row["parent_id"] for row in values if row.get("parent_id")}
        kinds = dict(session.execute(select(Node.id, Node.kind).where(Node.id.in_(parents))).all())  # type: ignore[arg-type]
        wrong = {node_id for node_id, kind in kinds.items() if kind not in PARENTS[self._kind()]}
        return {
            i: ("parent_id", _("It cannot stand there."))
            for i, row in enumerate(values)
            if row.get("parent_id") in wrong
        }

    def after_import(self, session: Session, batch: ImportBatch, options: dict[str, str]) -> None:
        """The rows of a place that moved follow it."""
        for rows in self.imported_rows(session, batch, "updated"):
            moved = [row.row_id for row in rows if "parent_id" in row.before]
            with unscoped("rows follow their node"):
                for node in session.scalars(select(Node).where(Node.id.in_(moved))):
                    tree.move(session, node, session.get(Node, node.parent_id))  # type: ignore[arg-type]
        rights_changed(session)

    def after_revert(self, session: Session, batch: ImportBatch) -> None:
        """They follow it back."""
        self.after_import(session, batch, {})


class ImportedPeople(ImportHooks):
    """Nobody changes a person of equal or higher rank, by an import either; who moves signs in anew."""

    def after_import(self, session: Session, batch: ImportBatch, options: dict[str, str]) -> None:
        """Sessions of people who stand at another place now end."""
        for rows in self.imported_rows(session, batch, "updated"):
            for row in rows:
                if "node_id" in row.before:
                    sessions.end(session, row.row_id)
        rights_changed(session)

    def after_revert(self, session: Session, batch: ImportBatch) -> None:
        """They move back, and sign in anew as well."""
        self.after_import(session, batch, {})

    def import_defaults(self, session: Session, values: list[Values], options: dict[str, str]) -> list[Values]:
        """Who is new reads the house's language."""
        return [
            {"locale": DEFAULT_LOCALE} | {name: value for name, value in row.items() if value is not None}
            for row in values
        ]

    def import_check(self, session: Session, values: list[Values], ids: list[int | None]) -> dict[int, tuple[str, str]]:
        """Refuse people whose rank is not below one's own, and oneself."""
        actor = current_person()
        if actor.everything:
            return {}
        query = (
            select(Assignment.person_id, func.max(Role.rank))
            .join(Role, Role.id == Assignment.role_id)
            .where(
                Assignment.person_id.in_([row_id for row_id in ids if row_id]),
                func.coalesce(Assignment.to_day, clock.working_day()) >= clock.working_day(),
            )
            .group_by(Assignment.person_id)
        )
        ranks = dict(session.execute(query).all())  # type: ignore[arg-type]
        return {
            i: ("username", _("This person's rank is not below yours."))
            for i, row_id in enumerate(ids)
            if row_id and (row_id == actor.id or ranks.get(row_id, 0) >= actor.rank)
        }
