"""The skills' pages under `/day/skills/`: the people of a place, noted with a thumb, and the gaps of its stores."""

import re
from typing import Any

from flask import abort, jsonify, redirect, render_template, request, url_for
from sqlalchemy import select

from core.api import Node, _, criteria, current_person, gettext, requires, session, stores_below
from plugins.daily_reports.pages.addresses import back_url, blueprint, node_by, reaches, wants_json
from plugins.daily_reports.skills import overview, services
from plugins.daily_reports.skills.models import LEVELS
from plugins.daily_reports.skills.rollups import counts_below, helpers_below, team_of

READ, UPDATE = "daily_reports:person_skill:read", "daily_reports:person_skill:update"
WITH_PEOPLE = ("store", "department")
NOTE = re.compile(r"(\d{1,18})-(\d{1,18})-([0-3])", re.ASCII)
"""What a chip sends: person, skill and level."""


def page_of(node: Node) -> str:
    """Return the address of a place's skills."""
    return url_for("daily_reports.skills_page", code=node.code)


@blueprint.route("/skills/")
@requires(READ)
def skills_here() -> Any:
    """Open the skills of one's own place: the store's for its people, the area's or the chain's for those above."""
    person = current_person()
    ids = [place.node_id for place in person.places]
    mine = select(Node).where(Node.id.in_(ids), Node.deleted_at.is_(None), criteria(Node, person, READ))
    node = session.scalars(mine.order_by(Node.parent_id.is_not(None), Node.id).limit(1)).one_or_none()
    return redirect(page_of(node or abort(404)))


@blueprint.route("/skills/at/<path:code>/")
@requires(READ)
def skills_page(code: str) -> Any:
    """Show who of a place can do what, or what the stores below an area, a region or the chain lack."""
    node = node_by(code, READ)
    return _show_place(node) if node.kind in WITH_PEOPLE else _show_stores(node)


def _show_place(node: Node) -> Any:
    skills, team = services.skills_in_use(session), team_of(session, node)
    return render_template(
        "daily_reports/skills/place.html", page_title=_("Who can do what"), place_name=node.name, back_url=_up(node),
        node=node, skills=skills, team=team, levels=_level_names(), may_write=reaches(UPDATE, node),
        lacking=[skill for skill in skills if not any(skill.name in mate.skills for mate in team)] if team else [],
    )  # fmt: skip


def _show_stores(node: Node) -> Any:
    skills, stores, counts = services.skills_in_use(session), stores_below(session, node), counts_below(session, node)
    gaps = overview.gaps_of(skills, stores, counts)
    is_area = node.kind == "area"
    if is_area and gaps:
        helpers = overview.who_can_help(helpers_below(session, node, [gap.skill.id for gap in gaps]))
        for gap in gaps:
            gap.helpers = [helper for helper in helpers if helper.skill_id == gap.skill.id][: overview.HELPERS_SHOWN]
    groups = [(store, [store]) for store in stores] if is_area else overview.by_area(session, stores)
    return render_template(
        "daily_reports/skills/stores.html", page_title=_("Who can do what"), place_name=node.name, back_url=_up(node),
        node=node, is_area=is_area, skills=skills, stores=stores, names={store.id: store.name for store in stores},
        gaps=gaps, rows=overview.rows_of(skills, groups, counts), levels=_level_names(), page_of=page_of,
    )  # fmt: skip


def _level_names() -> dict[int, str]:
    return {level: gettext(title) for level, title in LEVELS.items()}


def _up(node: Node) -> str:
    """Return the address of the skills one level up that the person may read, else of the day."""
    above = select(Node).where(Node.id == node.parent_id, criteria(Node, current_person(), READ))
    parent = session.scalars(above).one_or_none()
    return page_of(parent) if parent else back_url()


@blueprint.route("/skills/at/<path:code>/note", methods=("POST",))
@requires(UPDATE)
def note_skill(code: str) -> Any:
    """Note one skill of one person of the place at the level a chip says."""
    node = node_by(code, UPDATE)
    meant = NOTE.fullmatch(request.form.get("note", "")) or abort(400)
    person_id, skill_id, level = map(int, meant.groups())
    knows_person = any(mate.id == person_id for mate in team_of(session, node))
    knows_skill = any(skill.id == skill_id for skill in services.skills_in_use(session))
    if node.kind not in WITH_PEOPLE or not knows_person or not knows_skill:
        abort(404)
    services.note(session, person_id, skill_id, level)
    return jsonify({"level": level}) if wants_json() else redirect(f"{page_of(node)}#person-{person_id}")
