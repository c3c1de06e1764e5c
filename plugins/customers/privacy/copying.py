"""A copy of everything about a person, to hand to them: as JSON for a machine, as a workbook for people."""

import json
from datetime import datetime
from io import BytesIO
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from sqlalchemy.orm import Session

from core.api import N_, _, clock, current_person, record, write_xlsx
from plugins.customers.models import Customer
from plugins.customers.privacy.forgetting import everything_about

TYPES = {"json": "application/json", "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"}


def copy_of(session: Session, customer: Customer, kind: str, reason: str) -> BytesIO:
    """Return the file; who took it and why is kept first. Raises `MustFailed` when a plugin cannot answer."""
    parts = everything_about(session, customer)
    record(
        session, resource="customers:customer", row_id=customer.id, action=N_("data copied"), reason=reason,
        changes={"kind": [None, kind]},
    )  # fmt: skip
    session.flush()
    return _as_json(customer, parts) if kind == "json" else _as_xlsx(parts)


def _as_json(customer: Customer, parts: list[Any]) -> BytesIO:
    document = {
        "code": customer.code,
        "made_at": clock.local(clock.now()).isoformat(timespec="seconds"),
        "made_by": current_person().name,
        "data": [{"module": plugin, "title": part.title, "rows": part.rows} for plugin, part in parts],
    }
    return BytesIO(json.dumps(document, ensure_ascii=False, indent=2, default=_as_text).encode())


def _as_text(value: Any) -> str:
    return clock.local(value).isoformat(timespec="seconds") if isinstance(value, datetime) else str(value)


def _as_xlsx(parts: list[Any]) -> BytesIO:
    rows = (
        (part.title, number, heading, value)
        for _plugin, part in parts
        for number, row in enumerate(part.rows, start=1)
        for heading, value in row.items()
        if value not in (None, "")
    )
    headings = (_("Part of the data"), _("Number"), _("Field"), _("Value"))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "copy.xlsx"
        write_xlsx(path, headings, rows, _("Everything about a person"))
        return BytesIO(path.read_bytes())
