"""The side navigation: what this person may open, by plugin; worked out once per set of rights."""

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
    return [
        group | {"items": [item | {"active": endpoint.startswith(f"{item['endpoint']}.")} for item in group["items"]]}
        for group in groups
    ]


def _build(house: Any, person: Any) -> list[dict[str, Any]]:
    groups: dict[str, dict[str, Any]] = {}
    for view in house.menu_views:
        if not house.host.is_on(view.plugin, g.switches, person):
            continue
        guard = view.guard(view._default_view)
        if guard.kind == "permission" and not person.may(guard.permission):
            continue
        title, icon = house.plugin_title(view.plugin)
        group = groups.setdefault(view.plugin, {"title": gettext(title), "icon": icon, "items": []})
        group["items"].append({
            "title": gettext(view.title), "url": f"{view.url}/", "endpoint": view.endpoint, "badge": None,
        })  # fmt: skip
    return list(groups.values())
