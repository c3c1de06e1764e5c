"""The version a form was opened with: signed, so that an overtaken form is noticed and none is forged."""

from typing import Any

from flask import current_app
from itsdangerous import BadSignature, URLSafeSerializer

from core.auth.signed import signer


def _versions() -> URLSafeSerializer:
    return signer(str(current_app.secret_key), "version")


def sign_version(view: Any, row: Any) -> str:
    """Return the version a form was opened with, signed for this row."""
    return _versions().dumps([view.resource, row.id, row.version])  # type: ignore[return-value]


def read_version(view: Any, row: Any, text: str | None) -> int | None:
    """Return the version a form was opened with; None when it is missing or not for this row."""
    try:
        resource, row_id, version = _versions().loads(text or "")
    except (BadSignature, ValueError):
        return None
    return version if (resource, row_id) == (view.resource, row.id) else None
