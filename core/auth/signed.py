"""What a browser carries and sends back, signed: the cookie of its session, the token of its forms, and whatever else."""

import hashlib
import json
import os
import time
from functools import lru_cache, partial
from typing import Any

from flask import current_app, g, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from itsdangerous import BadSignature, URLSafeSerializer, URLSafeTimedSerializer

KEPT_COOKIES = 3000
SECONDS_OF_TRUST = 3600
"""A cookie that is known is looked at again after this time, so that one which is too old is noticed."""


class PlainJSON:
    """What writes a session: texts, yes and no, lists of them. Flask's own would ask each whether it is a date, a tuple, …"""

    dumps = staticmethod(partial(json.dumps, separators=(",", ":")))
    loads = staticmethod(json.loads)


class Cookies(SecureCookieSessionInterface):
    """Flask's sessions in a signed cookie. A person comes back with the same one: each is verified once a process."""

    serializer = PlainJSON  # type: ignore[assignment]

    def __init__(self) -> None:
        self._verified = lru_cache(maxsize=KEPT_COOKIES)(self._verify)
        # Making what signs takes as long as signing.
        self.get_signing_serializer = lru_cache(maxsize=1)(super().get_signing_serializer)  # type: ignore[method-assign]

    def open_session(self, app: Any, request: Any) -> SecureCookieSession:
        """Return what the cookie holds; nothing when it was not signed by us."""
        cookie = request.cookies.get(self.get_cookie_name(app))
        if not cookie:
            return self.session_class()
        try:
            text = self._verified(app, cookie, time.time() // SECONDS_OF_TRUST)
        except BadSignature:
            return self.session_class()
        return self.session_class(self.serializer.loads(text))

    def _verify(self, app: Any, cookie: str, _hour: float) -> str:
        held = self.get_signing_serializer(app).loads(  # type: ignore[union-attr]
            cookie, max_age=int(app.permanent_session_lifetime.total_seconds())
        )
        return self.serializer.dumps(held)  # as text: what one request does with a value changes no other's


@lru_cache(maxsize=500)
def signer(secret: str, salt: str) -> URLSafeSerializer:
    """Return what signs and reads values for one purpose, its `salt`; kept, because making it takes as long as signing."""
    return URLSafeSerializer(secret, salt=salt)


@lru_cache
def _forms(secret: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(secret, salt="wtf-csrf-token")


def form_token() -> str:
    """Return the token of this session's forms, signed as Flask-WTF reads it; once a request."""
    held = g.get("csrf_token")
    if held is None:
        if "csrf_token" not in session:
            session["csrf_token"] = hashlib.sha1(os.urandom(64)).hexdigest()
        held = g.csrf_token = _forms(current_app.secret_key).dumps(session["csrf_token"])
    return held
