"""Every address, tried by who has no account, no right or no token, and while its plugin is off."""

from typing import Any

from sqlalchemy import select, update

from core.auth.models import Grant, Role
from core.registry.models import Revision
from core.testing.access_matrix.calling import Caller
from core.testing.access_matrix.values import CANARY_SEEN, PUBLIC, SIGNED_IN
from core.testing.factories import acting, make_person, sign_in


def rules_of(app: Any, plugin: str | None = None) -> list[tuple[Any, str]]:
    """Return each rule with each of its methods, but static files; of one plugin if it is named."""
    return [
        (rule, method)
        for rule in sorted(app.url_map.iter_rules(), key=lambda rule: rule.rule)
        for method in sorted((rule.methods or set()) - {"HEAD", "OPTIONS"})
        if not is_static(app, rule.endpoint) and is_of(app, rule.endpoint, plugin)
    ]


def is_of(app: Any, endpoint: str, plugin: str | None) -> bool:
    return plugin is None or app.extensions["backoffice"].owners.get(endpoint.split(".")[0]) == plugin


def is_static(app: Any, endpoint: str) -> bool:
    """Say whether an endpoint only sends files of a static folder."""
    return getattr(app.view_functions[endpoint], "__name__", "") == "send_static_file"


def plain_url(rule: Any) -> str:
    """Return the address with something in the place of every argument."""
    values = dict.fromkeys(rule.arguments, "1" if "int:" in rule.rule else "x")
    return rule.build(values, append_unknown=False)[1]


def check_public_rules(app: Any, org: Any = None, plugin: str | None = None) -> int:
    """Nothing is open to the world but what is named, with a reason, here and at its route."""
    guards = app.extensions["backoffice"].guards
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    assert endpoints == set(guards), f"without a guard: {endpoints - set(guards)}"
    endpoints = {endpoint for endpoint in endpoints if is_of(app, endpoint, plugin)}
    for endpoint in sorted(endpoints):
        guard = guards[endpoint]
        if guard.kind == "public":
            assert is_static(app, endpoint) or endpoint in PUBLIC, f"{endpoint} is open to the world"
        if guard.kind == "signed_in":
            assert endpoint in SIGNED_IN, f"{endpoint} is open to everybody who is signed in"
        assert guard.permission if guard.kind == "permission" else guard.reason, f"{endpoint}: {guard}"
        assert guard.kind in ("public", "signed_in", "permission") or is_static(app, endpoint), guard
    return len(endpoints)


def check_anonymous(app: Any, org: Any = None, plugin: str | None = None) -> int:
    """Who is not signed in is sent to the login page, or told 401, and learns nothing."""
    guards = app.extensions["backoffice"].guards
    call = Caller(app.test_client())
    tried = 0
    for rule, method in rules_of(app, plugin):
        if guards[rule.endpoint].kind not in ("signed_in", "permission"):
            continue
        for sent in (method, "OPTIONS", "HEAD"):
            if sent == "HEAD" and "GET" not in rule.methods:
                continue
            answer = call(sent, plain_url(rule))
            tried += 1
            if sent in ("GET", "HEAD", "OPTIONS"):
                assert answer.status_code == 302, f"{sent} {rule.rule}: {answer.status_code} for nobody"
                assert answer.headers["Location"].startswith("/login?next="), rule.rule
            else:
                assert answer.status_code == 401, f"{sent} {rule.rule}: {answer.status_code} for nobody"
            assert not CANARY_SEEN.search(answer.text)
        script = call(method, plain_url(rule), headers={"X-Requested-With": "fetch"})
        assert script.status_code == 401, f"{method} {rule.rule}: {script.status_code} for nobody's script"
    return tried


def check_tokens(app: Any, org: Any, plugin: str | None = None) -> int:
    """No form is taken without the token of its page, from anybody."""
    client = sign_in(app.test_client(), org.people["system_administrator"])
    tried = 0
    for rule, method in rules_of(app, plugin):
        if method == "GET":
            continue
        for data in ({}, {"csrf_token": "x"}):
            answer = client.open(plain_url(rule), method=method, data=data)
            tried += 1
            assert answer.status_code == 400, f"{method} {rule.rule} answered {answer.status_code} without a token"
    return tried


def check_signing_out(app: Any, org: Any) -> int:
    """After the logout a copy of the cookie opens nothing."""
    client, thief = sign_in(app.test_client(), org.people["clerk"]), app.test_client()
    assert client.get("/account/").status_code == 200
    thief.set_cookie("session", client.get_cookie("session").value)
    Caller(client)("POST", "/logout")
    for name, browser in (("the browser", client), ("the copy", thief)):
        assert browser.get("/account/").status_code == 302, f"{name} is still signed in after the logout"
    return 2


def check_switched_off(app: Any, org: Any, plugin: str | None = None) -> int:
    """A plugin that is off answers everybody, at each of its addresses, like an address that does not exist."""
    from core.registry.models import PluginIntent

    house = app.extensions["backoffice"]
    with acting(app) as session:
        for intent in session.scalars(select(PluginIntent)):
            intent.enabled = False
        session.flush()
        session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    tried = 0
    for role in ("system_administrator", "store_manager", None):
        call = Caller(sign_in(app.test_client(), org.people[role]) if role else app.test_client())
        for rule, method in rules_of(app, plugin):
            if rule.endpoint.split(".")[0] not in house.owners:
                continue
            answer, unknown = call(method, plain_url(rule)), call(method, "/no/such/address")
            tried += 1
            assert answer.status_code == 404, (
                f"{role}: {method} {rule.rule} of a plugin that is off answered {answer.status_code}"
            )
            assert answer.data == unknown.data, (
                f"{role}: {method} {rule.rule} of a plugin that is off is told from nothing"
            )
        if role:
            menu = call("GET", "/admin/").text
            offered = [
                view.url for view in house.menu_views if view.endpoint in house.owners and f'"{view.url}/"' in menu
            ]
            assert not offered, f"{role}: the menu leads to {offered}"
    return tried


def check_permissions(app: Any, org: Any, plugin: str | None = None) -> int:
    """A person with every right but the one a route needs gets 403, on the very next request."""
    house = app.extensions["backoffice"]
    guards = {endpoint: guard for endpoint, guard in house.guards.items() if is_of(app, endpoint, plugin)}
    needed = sorted({guard.permission for guard in guards.values() if guard.kind == "permission"})
    assert set(needed) <= set(house.permissions)
    with acting(app) as session:
        role = Role(code="all_but_one", name="all but one", rank=70)
        session.add(role)
        session.flush()
        for name in house.permissions:
            session.add(Grant(role_id=role.id, permission=name, level="all"))
        person = make_person(session, "all.but.one", org.chain, "all_but_one")
    call = Caller(sign_in(app.test_client(), person))
    tried = 0
    for name in needed:
        _set_level(app, role.id, name, None)
        for rule, method in rules_of(app, plugin):
            if house.guards[rule.endpoint].permission == name:
                answer = call(method, plain_url(rule))
                tried += 1
                assert answer.status_code == 403, f"{method} {rule.rule}: {answer.status_code} without {name}"
                assert name in answer.text, "the reason is told"
        _set_level(app, role.id, name, "all")
    return tried


def _set_level(app: Any, role_id: int, permission: str, level: str | None) -> None:
    with acting(app) as session:
        grant = session.scalars(
            select(Grant).where(Grant.role_id == role_id, Grant.permission == permission)
        ).one_or_none()
        if grant and not level:
            session.delete(grant)
        if level and not grant:
            session.add(Grant(role_id=role_id, permission=permission, level=level))
        session.flush()
        session.execute(update(Revision).values(rights=Revision.rights + 1))


def check_shipped_roles(app: Any, org: Any, plugin: str | None = None) -> int:
    """Each shipped role is let in exactly where its grants say, and nothing breaks for it."""
    house = app.extensions["backoffice"]
    tried = 0
    for code, person in org.people.items():
        call = Caller(sign_in(app.test_client(), person))
        with acting(app) as session:
            held = set(
                session.scalars(select(Grant.permission).join(Role, Role.id == Grant.role_id).where(Role.code == code))
            )
        for rule, method in rules_of(app, plugin):
            guard = house.guards[rule.endpoint]
            if rule.endpoint in ("auth.logout", "auth.login", "auth.language", "auth.end_session"):
                continue
            answer = call(method, plain_url(rule))
            tried += 1
            if guard.kind == "permission" and guard.permission not in held and code != "system_administrator":
                assert answer.status_code == 403, f"{code}: {method} {rule.rule} answered {answer.status_code}"
            elif guard.kind == "permission":
                # A right held is no right to every row: a service may still refuse, with its own reason.
                assert answer.status_code not in (302, 401) or "login" not in answer.headers.get("Location", "login"), (
                    f"{code}: {method} {rule.rule}"
                )
                assert answer.status_code != 403 or guard.permission not in answer.text, (
                    f"{code}: {method} {rule.rule} refused a right it has"
                )
    return tried
