"""What stands in addresses and rows, and which doors are meant to be open: what a plugin's tests add to."""

import importlib.util
import re
from pathlib import Path
from typing import Any

CANARY = "Qz7xw"
CANARY_SEEN = re.compile(r"Qz7xw[0-9a-z]+|987,654|987654\.32")
"""A canary is followed by its number, so that a search for it, echoed in the page, is no sighting."""
PUBLIC = {
    "auth.login": "one signs in here",
    "health.alive": "a balancer asks whether the process is up",
    "health.ready": "a balancer asks whether to send requests",
    "health.metrics": "the monitoring reads it, from the loopback or with its token",
}
SIGNED_IN = {
    "admin.index": "it shows only the doors one may open",
    "auth.account": "one's own account",
    "auth.end_session": "one's own account",
    "auth.language": "one's own account",
    "auth.logout": "everybody may leave",
    "auth.password": "one's own account",
    "home.index": "one's own home",
    "home.change_pin": "one's own home",
    "home.mark_all": "one's own messages",
    "home.mark_message": "one's own messages",
    "home.messages": "one's own messages",
    "home.open_message": "one's own messages",
    "jobs.file": "one's own jobs",
    "jobs.index": "one's own jobs",
    "jobs.job": "one's own jobs",
}
EVERYBODYS = {"auth.role": "a role belongs to no place"}
ROUTE_VALUES: dict[tuple[str, str], Any] = {
    ("*", "export_type"): lambda site, kind: "csv",
    ("home", "message_id"): lambda site, kind: site.messages[kind],
    ("jobs", "job_id"): lambda site, kind: MISSING if kind == "missing" else getattr(site, kind)["jobs_job"][0],
    ("auth", "session_id"): lambda site, kind: site.sessions[kind],
    ("plugins", "name"): lambda site, kind: "nowhere",
    ("plugin_settings", "name"): lambda site, kind: "nowhere",
    ("plugin_upgrade", "name"): lambda site, kind: "nowhere",
    ("plugin_purge", "name"): lambda site, kind: "nowhere",
}
ROW_VALUES: dict[str, dict[str, Any]] = {
    "org_node": {"kind": "store", "format": "community"},
    "org_person": {"locale": "en", "password_hash": None, "active": True},
    "audit_entry": {"action": "updated", "changes": {}, "batch": None},
}
MISSING = 10**9
ATTACKS = ("", "9" * 40, "１", "0", "-1", "abc", "²", "1 or 1=1", "1e3", "0x1", "%00", "1.0")
VOLATILE = {"auth_session", "auth_attempt", "registry_revision"}
"""Tables that every request may write without touching anybody's business."""


def load_values(path: Path) -> None:
    """Take in what the tests of a plugin add, in the file ``access_values.py`` beside them."""
    spec = importlib.util.spec_from_file_location(f"access_values_of_{path.parent.name}", path)
    module = importlib.util.module_from_spec(spec)  # type: ignore[arg-type]
    spec.loader.exec_module(module)  # type: ignore[union-attr]
    for name in ("ROUTE_VALUES", "ROW_VALUES", "EVERYBODYS", "PUBLIC", "SIGNED_IN"):
        globals()[name].update(getattr(module, name, {}))


def route_value(site: Any, endpoint: str, name: str, kind: str) -> Any:
    """Return what stands in an address for a row of one's own, of elsewhere, or of nobody."""
    for key in ((endpoint, name), (endpoint.split(".")[0], name), ("*", name)):
        if key in ROUTE_VALUES:
            return ROUTE_VALUES[key](site, kind)
    raise AssertionError(
        f"{endpoint} takes {name}: put ({endpoint!r}, {name!r}) into ROUTE_VALUES, see core.testing.access_matrix"
    )
