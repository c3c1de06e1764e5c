"""Who acts now, and how far each of their rights reaches."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field

from core.language import gettext


class NoPerson(RuntimeError):
    """Business data was touched where nobody acts; a command or job must say as whom it runs."""


class Forbidden(Exception):
    """The person lacks a permission: 403, with the reason."""

    def __init__(self, permission: str, message: str = "") -> None:
        super().__init__(message or permission)
        self.permission = permission


@dataclass(frozen=True)
class Reach:
    """How far one permission goes: everything, or the named regions, areas and nodes, or one's own rows."""

    everything: bool = False
    regions: frozenset[int] = frozenset()
    areas: frozenset[int] = frozenset()
    nodes: frozenset[int] = frozenset()
    own: bool = False

    def __or__(self, other: "Reach") -> "Reach":
        return Reach(
            self.everything or other.everything,
            self.regions | other.regions,
            self.areas | other.areas,
            self.nodes | other.nodes,
            self.own or other.own,
        )

    def covers(self, other: "Reach") -> bool:
        """Say whether this goes at least as far as another one."""
        return self.everything or self | other == self

    def holds(self, node_id: int | None, area_id: int | None, region_id: int | None) -> bool:
        """Say whether a row of these levels lies within (one's own rows are not judged here)."""
        return self.everything or node_id in self.nodes or area_id in self.areas or region_id in self.regions


EVERYWHERE = Reach(everything=True)
NOWHERE = Reach()


@dataclass(frozen=True)
class Place:
    """A node where a person holds a role."""

    node_id: int
    kind: str
    name: str
    area_id: int | None
    region_id: int | None
    role: str
    role_name: str


@dataclass(frozen=True, eq=False)
class CurrentPerson:
    """The person who acts in this request, command or job; immutable, cached by the rights revision."""

    id: int | None
    username: str
    name: str
    rank: int = 0
    everything: bool = False
    rights: dict[str, Reach] = field(default_factory=dict)
    places: tuple[Place, ...] = ()
    must_change_password: bool = False
    locale: str = "zh_Hans_CN"

    def reach(self, permission: str) -> Reach:
        """Return how far `permission` goes for this person; nowhere when it was not granted."""
        return EVERYWHERE if self.everything else self.rights.get(permission, NOWHERE)

    def may(self, permission: str) -> bool:
        """Say whether the person holds `permission` anywhere."""
        return self.everything or permission in self.rights

    def require(self, permission: str) -> None:
        """Raise `Forbidden` when the person holds `permission` nowhere."""
        if not self.may(permission):
            raise Forbidden(permission)

    @property
    def place_title(self) -> str:
        """The name of the first place, as shown beside the person's name."""
        return self.places[0].name if self.places else ""

    @property
    def role_titles(self) -> str:
        """The names of the roles held, as shown in the person menu."""
        return "、".join(dict.fromkeys(gettext(place.role_name) for place in self.places))


SYSTEM = CurrentPerson(None, "system", "system", rank=1000, everything=True)
NOBODY = CurrentPerson(None, "", "")

_person: ContextVar[CurrentPerson | None] = ContextVar("person", default=None)


def current_person() -> CurrentPerson:
    """Return who acts now; raise `NoPerson` where nobody was named."""
    person = _person.get()
    if person is None:
        raise NoPerson("nobody acts here: wrap the work in acting_as(person)")
    return person


def set_person(person: CurrentPerson | None) -> None:
    """Name who acts for the rest of this request (None when it ends)."""
    _person.set(person)


@contextmanager
def acting_as(person: CurrentPerson) -> Iterator[CurrentPerson]:
    """Let `person` act inside the block."""
    token = _person.set(person)
    try:
        yield person
    finally:
        _person.reset(token)
