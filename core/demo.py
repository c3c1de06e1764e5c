"""The demonstration chain: a believable organisation, and what the plugins add to it.

The same seed, sizes and day give the same rows on every database; only the passwords come from the
system's secure source. Rows are written in sets, with one audit entry for the whole. A plugin takes part
by implementing `backoffice_sample_data`, and is switched on when it has filled its tables.
"""

import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from sqlalchemy import select
from sqlalchemy.orm import Session

from core import audit, clock
from core.access.person import current_person
from core.access.scope import unscoped
from core.auth.passwords import hash_password, one_time_password
from core.auth.rights import rights_changed
from core.commands.context import Shell
from core.demo_people import Hire, Post, make_people, make_roles, plan_hires
from core.demo_places import Frame, Places, make_calendar, make_places
from core.language import _
from core.org.models import Node, Person
from core.org.setup import ensure_chain
from core.registry import switching
from core.registry.host import Host

HOOK = "backoffice_sample_data"
WORDS = Path(__file__).with_name("demo.toml")


class DemoRefused(click.ClickException):
    """The demonstration chain cannot be loaded here; the message says why."""


@dataclass(frozen=True)
class Login:
    """Somebody who can sign in to the demonstration, with the password made for this run."""

    role: str
    username: str
    password: str
    place: str


def load_demo(shell: Shell, *, stores: int, days: int, seed: int) -> list[Login]:
    """Load a chain of `stores` stores with `days` days up to yesterday; return a login for each shipped role.

    The organisation is loaded whole or not at all; a plugin whose sample data fails is left out and named.
    Raises `DemoRefused` when the database already has places, or the person may not do everything.
    """
    if sys.stderr.isatty():
        click.echo(f"Loading {stores} stores with {days} days …", err=True)
    frame = Frame(tomllib.loads(WORDS.read_text("utf-8")), stores, days, seed, clock.today())
    with shell.work() as session, unscoped("a demonstration chain is written in sets"):
        _check(session, frame)
        logins = _load_organisation(session, shell.house, frame)
        left_out = _fill_plugins(session, shell.house, frame)
        session.flush()
    for problem in left_out:
        click.echo(problem, err=True)
    return logins


def _check(session: Session, frame: Frame) -> None:
    if not current_person().everything:
        raise DemoRefused(_("Only a system administrator loads the demonstration chain."))
    if frame.stores < 1 or frame.days < 0:
        raise DemoRefused(_("The demonstration chain has at least 1 store, and 0 days or more."))
    if session.scalar(select(Node.id).where(Node.kind != "chain").limit(1)) is not None:
        raise DemoRefused(_("This database already has places; the demonstration chain goes into an empty one."))


def _load_organisation(session: Session, house: Any, frame: Frame) -> list[Login]:
    chain = ensure_chain(session)
    places = make_places(session, chain, frame)
    make_calendar(session, places, frame)
    roles = make_roles(session, frame, list(house.permissions.values()))
    hires = plan_hires(places, frame)
    logins = _choose_logins(session, hires, places, frame)
    signing_in = {
        number: {"username": login.username, "password_hash": hash_password(login.password)}
        for number, login in logins.items()
    }
    make_people(session, hires, roles, frame, signing_in)
    rights_changed(session)
    audit.record(
        session, resource="org:node", row_id=chain.id, action="imported",
        reason=_("Demonstration chain, seed %(seed)s", seed=frame.seed),
        changes={"stores": [None, frame.stores], "people": [None, len(hires)], "days": [None, frame.days]},
    )  # fmt: skip
    return list(logins.values())


def _choose_logins(session: Session, hires: list[Hire], places: Places, frame: Frame) -> dict[int, Login]:
    """Return a login for each role by the person's place in `hires`; those of a shop share a usual one."""
    shop = places.usual_shop()
    area = next(area for area in places.areas if area.id == shop.area_id)
    near = sorted(places.open_stores(), key=lambda node: (node is not shop, node.area_id != area.id, node.id))
    nodes = {"area_manager": [area]} | dict.fromkeys(("store_manager", "deputy", "clerk"), near)
    nodes["technician"] = sorted(near, key=lambda node: node.format != "service_point")
    holders = {hire.posts[0]: number for number, hire in enumerate(hires) if len(hire.posts) == 1}
    taken = set(session.scalars(select(Person.username)))
    logins = {}
    for role, username in frame.words["logins"].items():
        place = next((node for node in nodes.get(role, [places.chain]) if Post(role, node) in holders), None)
        if place is None:
            continue
        while username in taken:
            username += "2"
        logins[holders[Post(role, place)]] = Login(role, username, one_time_password(), place.name)
    return logins


def _fill_plugins(session: Session, house: Any, frame: Frame) -> list[str]:
    """Switch on and fill every plugin that knows how; return a line for each that could not."""
    host: Host = house.host
    size = {"stores": frame.stores, "days": frame.days, "today": frame.today}
    problems: list[str] = []
    for name, plugin in host.plugins.items():
        if not plugin.is_loaded or not hasattr(plugin.module, HOOK):
            continue
        kept = session.begin_nested()
        try:
            for each in _with_requirements(host, name):
                switching.enable(session, house, each)
            if name not in dict(host.collect(HOOK, only={name}, size=size, seed=frame.seed)):
                raise switching.PluginRefused(host.hooks.counts[name][HOOK].last_error.strip().splitlines()[-1])
            kept.commit()
        except switching.PluginRefused as refusal:
            kept.rollback()
            problems.append(f"{name}: {refusal}")
    return problems


def _with_requirements(host: Host, name: str) -> list[str]:
    manifest = host.plugins[name].installed.manifest
    required = manifest.requires if manifest else ()
    return [*dict.fromkeys(each for other in required for each in _with_requirements(host, other)), name]
