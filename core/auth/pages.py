"""Signing in and out, one's own password, sessions and language."""

import secrets
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, current_app, g, redirect, render_template, request, url_for
from flask import session as cookie
from flask_login import login_user, logout_user
from itsdangerous import BadSignature, URLSafeTimedSerializer
from sqlalchemy import select

from core import clock
from core.access.guards import public, signed_in
from core.access.person import current_person
from core.access.scope import unscoped
from core.admin.toasts import toast
from core.auth import accounts, sessions
from core.auth.models import UserSession
from core.db import session
from core.language import LOCALES, _
from core.org.models import Person
from core.requests import Account

blueprint = Blueprint("auth", __name__)
DEVICE_COOKIE = "device"
YEAR = 365 * 24 * 3600


def _devices() -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(current_app.secret_key or "", salt="device")


def _known_device(username: str) -> str | None:
    """Return the number of this browser if it has signed in as `username` before."""
    try:
        number, names = _devices().loads(request.cookies.get(DEVICE_COOKIE, ""), max_age=YEAR)
    except (BadSignature, ValueError):
        return None
    return number if username in names else None


def _remember_device(response: Any, username: str) -> None:
    try:
        number, names = _devices().loads(request.cookies.get(DEVICE_COOKIE, ""), max_age=YEAR)
    except (BadSignature, ValueError):
        number, names = secrets.token_hex(8), []
    value = _devices().dumps([number, [username, *(name for name in names if name != username)][:8]])
    response.set_cookie(
        DEVICE_COOKIE, value, max_age=YEAR, httponly=True, samesite="Lax", secure=current_app.config["SESSION_COOKIE_SECURE"]
    )  # fmt: skip


def _safe_next(target: str | None) -> str:
    """Return where to go after signing in: an address of ours, never another host."""
    parts = urlsplit(target or "")
    is_ours = not parts.scheme and not parts.netloc and (target or "").startswith("/") and "\\" not in (target or "")
    return target if is_ours and target and not target.startswith("//") else "/"


@blueprint.route("/login", methods=("GET", "POST"))
@public("one signs in here")
def login() -> Any:
    """Sign in with user name and password."""
    target = _safe_next(request.values.get("next"))
    if request.method == "GET":
        if g.signed_in.person:
            return redirect(target)
        return render_template("backoffice/login.html", error=None, username="", next=target)
    username = request.form.get("username", "").strip()
    outcome = accounts.sign_in(
        session, username, request.form.get("password", ""), device=_known_device(username),
        address=request.remote_addr or "", browser=request.user_agent.string,
    )  # fmt: skip
    if not outcome.token:
        g.keep_writes = True
        page = render_template("backoffice/login.html", error=outcome.error, username=username, next=target)
        return page, 401
    language = cookie.get("locale")
    cookie.clear()
    if language:
        cookie["locale"] = language
    login_user(Account(outcome.token))
    response = redirect(target)
    _remember_device(response, username)
    return response


@blueprint.route("/logout", methods=("POST",))
@signed_in("everybody may leave")
def logout() -> Any:
    """Sign out; a copy of the cookie is worthless from now on."""
    sessions.end(session, current_person().id or 0, only=g.signed_in.session_id)
    logout_user()
    cookie.clear()
    return redirect(url_for("auth.login"))


@blueprint.route("/account/")
@signed_in("one's own account")
def account() -> Any:
    """Show on which devices one is signed in."""
    query = select(UserSession).where(
        UserSession.person_id == current_person().id, UserSession.expires_at > clock.now()
    )
    found = [
        {
            "device": row.device or _("Unknown device"), "address": row.address,
            "started": f"{clock.local(row.started_at):%Y-%m-%d %H:%M}",
            "last_seen": f"{clock.local(row.seen_at):%Y-%m-%d %H:%M}",
            "current": row.id == g.signed_in.session_id, "end_url": url_for("auth.end_session", session_id=row.id),
        }
        for row in session.scalars(query.order_by(UserSession.id.desc()))
    ]  # fmt: skip
    return render_template(
        "backoffice/account.html", page_title=_("My account"), sessions=found, password_url=url_for("auth.password")
    )


@blueprint.route("/account/sessions/<int:session_id>/end", methods=("POST",))
@signed_in("one's own account")
def end_session(session_id: int) -> Any:
    """End one of one's own sessions."""
    sessions.end(session, current_person().id or 0, only=session_id)
    toast(_("That device is signed out."), "good")
    return redirect(url_for("auth.account"))


@blueprint.route("/account/password", methods=("GET", "POST"))
@signed_in("one's own account")
def password() -> Any:
    """Change one's own password."""
    errors: dict[str, str] = {}
    person = current_person()
    if request.method == "POST":
        new = request.form.get("new", "")
        if new != request.form.get("again", ""):
            errors["again"] = _("The two new passwords differ.")
        elif problem := accounts.change_own_password(
            session, person.id or 0, request.form.get("current", ""), new, g.signed_in.session_id
        ):
            errors["current" if problem == _("This is not your present password.") else "new"] = problem
        else:
            toast(_("Your password is changed. Other devices are signed out."), "good")
            return redirect("/")
    page = render_template("backoffice/password.html", errors=errors, must_change=person.must_change_password)
    return page, (422 if errors else 200)


@blueprint.route("/language", methods=("POST",))
@signed_in("one's own account")
def language() -> Any:
    """Show everything in another language from now on."""
    chosen = request.form.get("locale", "")
    if chosen in LOCALES:
        cookie["locale"] = chosen
        with unscoped("one's own account"):
            session.scalars(select(Person).where(Person.id == current_person().id)).one().locale = chosen
            session.flush()
    return redirect(_safe_next(urlsplit(request.referrer or "/").path))
