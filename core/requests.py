"""What happens around every request: who asks, is the plugin on, may they; session, headers, templates."""

import time
from typing import Any

import structlog
from flask import Flask, Response, abort, g, redirect, request, session, url_for
from flask_login import LoginManager, UserMixin
from sqlalchemy.exc import OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from werkzeug.routing import IntegerConverter

from core import db, language, metrics
from core.access.person import NOBODY, SYSTEM, CurrentPerson, Forbidden, current_person, set_person
from core.admin.menu import navigation
from core.admin.toasts import take_toasts
from core.auth import sessions, signed
from core.exchange.limits import MAX_BYTES
from core.registry import processes
from core.typed import LARGEST

log = structlog.get_logger("request")
FORM_BYTES = 2 * 1024 * 1024
"""The most a form may hold; see `core.exchange.limits` for files."""
READING = {"GET", "HEAD", "OPTIONS"}
FREE_OF_DATABASE = {"health.alive", "health.ready"}
SAFE_HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; object-src 'none'; base-uri 'none'; "
    "form-action 'self'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
}
"""What every answer says unless it says otherwise itself."""
KEPT_BY_NOBODY = SAFE_HEADERS | {"Cache-Control": "no-store"}
"""The same for an answer with what is in the database."""


class Account(UserMixin):
    """Flask-Login's user: its id is the token of the server-side session, not the person's."""

    def __init__(self, token: str) -> None:
        self.token = token

    def get_id(self) -> str:
        """Return what the cookie holds."""
        return self.token


class RowNumber(IntegerConverter):
    """A whole number in an address: one that no column holds leads nowhere."""

    def __init__(self, map: Any, *args: Any, max: int | None = None, **options: Any) -> None:
        super().__init__(map, *args, max=LARGEST if max is None else max, **options)


def add_to(app: Flask, house: Any) -> None:
    """Put the work around a request into the application."""
    app.url_map.converters["int"] = RowNumber
    app.session_interface = signed.Cookies()
    login = LoginManager(app, add_context_processor=False)
    login.session_protection = None  # a phone changes its address between two shops

    @login.user_loader
    def load(token: str) -> Account | None:
        return Account(token) if g.get("signed_in") and g.signed_in.person else None

    @app.before_request
    def open_request() -> Any:
        endpoint = request.endpoint
        g.started = time.monotonic()
        guard = house.guards.get(endpoint)
        if endpoint in FREE_OF_DATABASE or (guard is not None and guard.kind == "static"):
            set_person(NOBODY)
            return None
        g.session = house.database.session(writes=request.method not in READING)
        db.use_session(g.session)
        set_person(NOBODY)
        language.set_locale(session.get("locale") or _browser_locale())
        _read_body(guard)
        return _let_in(house, endpoint, guard)

    @app.after_request
    def close_request(response: Response) -> Response:
        if "session" in g:
            if request.method not in READING and (response.status_code < 400 or g.get("keep_writes")):
                g.session.commit()
            g.session.close()
            processes.tell(house)
        if "started" in g:
            metrics.observe(house, response.status_code)
        return _with_headers(response)

    @app.teardown_request
    def forget_request(_error: BaseException | None) -> None:
        if "session" in g and g.session.in_transaction():  # not where the answer has closed it
            g.session.close()
        db.use_session(None)
        set_person(None)


def _read_body(guard: Any) -> None:
    """Read a form before anything holds a lock, so that a slow sender keeps nobody waiting; only an import may send more."""
    if guard is not None and guard.permission.endswith(":import"):
        request.max_content_length = MAX_BYTES + FORM_BYTES
    if request.method not in READING:
        request.form  # noqa: B018 - parsed and kept


def _browser_locale() -> str:
    return language.best_locale([tag for tag, _quality in request.accept_languages])


def _let_in(house: Any, endpoint: str | None, guard: Any) -> Any:
    asked = g.session
    found = g.signed_in = sessions.identify(asked, session.get("_user_id"))
    g.plugins_revision = found.plugins_revision
    switches = g.switches = asked.info["switches"] = house.host.switches(asked, found.plugins_revision)
    person = found.person or NOBODY
    set_person(person)
    if found.person is not None:
        language.set_locale(person.locale)  # before any refusal: a 404 is the same whatever its reason
    if guard is None:
        abort(404)
    owner = house.owners.get((endpoint or "").split(".")[0])
    # A page for the world has no place that could be a pilot's: it asks for the place of its record itself.
    if owner and not house.host.is_on(owner, switches, SYSTEM if guard.kind == "public" else person):
        abort(404)
    if guard.kind == "public":
        return None
    if found.person is None:
        return _to_login()
    if found.must_touch:
        _touch(house, found.session_id)
    if person.must_change_password and endpoint not in ("auth.password", "auth.logout"):
        return redirect(url_for("auth.password"))
    if guard.kind == "permission" and not person.may(guard.permission):
        raise Forbidden(guard.permission)
    return None


def _touch(house: Any, session_id: int | None) -> None:
    if request.method not in READING:
        # A second writer would wait for this request, which holds SQLite's only write lock.
        sessions.touch(g.session, session_id)
        return
    try:
        with house.database.transaction(patience=0.1) as touching:
            sessions.touch(touching, session_id)
    except (OperationalError, PoolTimeout):
        log.info("not noted that a session was used: somebody else is writing")


def _to_login() -> Any:
    if request.method in READING and request.headers.get("X-Requested-With") is None:
        return redirect(url_for("auth.login", next=request.full_path.rstrip("?")))
    abort(401)


def _with_headers(response: Response) -> Response:
    named = {name.lower() for name, _value in response.headers}
    for name, value in SAFE_HEADERS.items() if "session" not in g else KEPT_BY_NOBODY.items():
        if name.lower() not in named:
            response.headers.add(name, value)
    return response


def template_globals(house: Any) -> dict[str, Any]:
    """Return what every template may speak of besides what its page gives it."""
    person: CurrentPerson = current_person()
    signed_in = person.id is not None
    inside = "switches" in g and signed_in
    return {
        "person": person if signed_in else None,
        "navigation": navigation,
        "unread": g.signed_in.unread if inside else 0,
        "toasts": take_toasts(),
        "product_name": house.settings.product_name,
        "locale": language.current_locale(),
        "csrf_token": signed.form_token,
        "inbox_url": "/inbox/" if signed_in else None,
        "account_url": "/account/" if signed_in else None,
        "language_url": "/language" if signed_in else None,
    }
