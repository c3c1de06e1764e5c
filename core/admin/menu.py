"""The side navigation: what this person may open, by plugin; worked out once per set of rights."""

from collections import Counter
from itertools import groupby
from operator import itemgetter
from typing import Any

from flask import current_app, g, request

from core.language import current_locale, gettext

MOST_KEPT = 1000


def menu_of(person: Any) -> list[dict[str, Any]]:
    """Return groups of links for `person`, the one of this request marked active."""
    house = current_app.extensions["backoffice"]
    key = (person, g.plugins_revision, current_locale())
    groups = house.menus.get(key)
    if groups is None:
        groups = house.menus[key] = _build(house, person)
        if len(house.menus) > MOST_KEPT:
            house.menus.popitem(last=False)
    endpoint = request.endpoint or ""
    shown = [
        group | {"items": [item | {"active": endpoint.startswith(f"{item['endpoint']}.")} for item in group["items"]]}
        for group in groups
    ]
    return [group | {"parts": _parts(group["items"])} for group in shown]


def _parts(items: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Return (heading, links) in the order of the links; those without a heading have an empty one."""
    return [(heading, list(found)) for heading, found in groupby(items, itemgetter("part"))]


def _build(house: Any, person: Any) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for view in house.menu_views:
        if not house.host.is_on(view.plugin, g.switches, person):
            continue
        guard = view.guard(view._default_view)
        if (guard.kind == "permission" and not person.may(guard.permission)) or not view.is_for(person):
            continue
        title, icon = house.plugin_title(view.plugin)
        group = groups.setdefault(view.plugin, {"title": gettext(title), "icon": icon, "items": []})
        group["items"].append({
            "title": gettext(view.title), "url": f"{view.url}/", "endpoint": view.endpoint, "badge": None,
            "part": gettext(view.menu_part) if view.menu_part else "",
        })  # fmt: skip
    for group in groups.values():
        sizes = Counter(item["part"] for item in group["items"])
        for item in group["items"]:
            item["part"] = item["part"] if sizes[item["part"]] > 1 else ""  # a heading over a single link says nothing
        parts = list(dict.fromkeys(["", *(item["part"] for item in group["items"])]))
        group["items"].sort(key=lambda item: parts.index(item["part"]))
    return list(groups.values())
