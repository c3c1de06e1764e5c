"""Errors as a person meets them: what happened, what was kept, what to do."""

from typing import Any

import structlog
from flask import Flask, current_app, g, jsonify, render_template, request
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from core.access.guard import ScopeViolation, StatementRefused
from core.access.person import Forbidden
from core.language import N_, gettext

log = structlog.get_logger("errors")
TEXTS = {
    400: (N_("This request cannot be read"), N_("Go back and try once more; what you typed is still in the form.")),
    401: (N_("You are signed out"), N_("Sign in again; what you typed is kept on this device.")),
    403: (N_("You may not do this"), N_("Ask your manager or head office for the right named below.")),
    404: (N_("There is no such page"), N_("It may have been removed, or it is not in your part of the chain.")),
    405: (N_("This cannot be done here"), N_("Go back to the page you came from.")),
    409: (N_("Somebody else was faster"), N_("Nothing was overwritten. Look at the new state and try again.")),
    413: (N_("This file is too large"), N_("Split it and send the parts one after the other.")),
    429: (N_("Too many attempts"), N_("Wait a few minutes and try again.")),
    500: (N_("Something went wrong on our side"), N_("Nothing was half saved. IT can see what happened.")),
    503: (N_("The database does not answer"), N_("Nothing was lost. Wait a moment and send the form again.")),
}


def add_to(app: Flask) -> None:
    """Answer every error with a page (or JSON for a script) in the person's language."""

    @app.errorhandler(Forbidden)
    def forbidden(error: Forbidden) -> Any:
        return error_page(403, _reason(error))

    @app.errorhandler(StatementRefused)
    def unguarded(error: StatementRefused) -> Any:
        log.exception("a statement that knows no scope was refused: this is a fault in the code", path=request.path)
        return error_page(404)

    @app.errorhandler(ScopeViolation)
    def outside(error: ScopeViolation) -> Any:
        log.warning("scope violation", error=str(error), path=request.path)
        return error_page(404)

    @app.errorhandler(CSRFError)
    def stale(error: CSRFError) -> Any:
        return error_page(400, gettext(N_("The page was open too long, or the sign-in has changed. Load it again.")))

    @app.errorhandler(DataError)
    def unreadable(error: DataError) -> Any:
        log.warning("a value the database cannot hold", error=str(error.orig), path=request.path)
        return error_page(400)

    @app.errorhandler(IntegrityError)
    @app.errorhandler(StaleDataError)
    def overtaken(error: Exception) -> Any:
        log.warning("somebody else was faster", error=str(error), path=request.path)
        return error_page(409)

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Any:
        if error.code is not None and error.code < 400:
            return error
        if isinstance(getattr(error, "original_exception", None), OperationalError | PoolTimeout):
            return database_away(error)
        return error_page(error.code or 500)

    @app.errorhandler(OperationalError)
    @app.errorhandler(PoolTimeout)
    def database_away(error: Exception) -> Any:
        log.error("database away", error=str(error))
        return error_page(503)

    @app.errorhandler(Exception)
    def broken(error: Exception) -> Any:
        if isinstance(error, DBAPIError) and error.connection_invalidated:
            return database_away(error)
        log.exception("request failed", path=request.path)
        house = app.extensions["backoffice"]
        owner = house.owners.get((request.endpoint or "").split(".")[0])
        if owner:
            house.host.hooks.note(owner, f"page {request.endpoint}")
        if app.testing:
            raise error
        return error_page(500)


def _reason(error: Forbidden) -> str:
    """Return the refusal's own words, else the title and name of the right that is missing."""
    permission = current_app.extensions["backoffice"].permissions.get(error.permission)
    if str(error) != error.permission or permission is None:
        return str(error)
    return f"{gettext(permission.title)} ({permission.name})"


def error_page(code: int, detail: str = "") -> Any:
    """Return the page for an error; a 404 is the same whatever its reason."""
    if "session" in g:
        g.session.rollback()
    title, text = TEXTS.get(code, TEXTS[400])
    if request.headers.get("X-Requested-With") or request.accept_mimetypes.best == "application/json":
        return jsonify({"error": gettext(title), "text": gettext(text), "detail": detail}), code
    page = render_template(
        "backoffice/error.html", code=code, title=gettext(title), text=gettext(text), what_to_do=detail
    )
    return page, code
