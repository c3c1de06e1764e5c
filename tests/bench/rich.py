"""What a full page can cost at best: a session, the person's row, SQLAlchemy Core, an estimated count, a flat template."""

import os
from datetime import date
from typing import Any

from flask import Flask, abort, render_template, request, session
from sqlalchemy import (
    Column,
    Date,
    Engine,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    literal,
    select,
    text,
    tuple_,
)

from core.auth.sessions import token_hash
from tests.bench import sql
from tests.bench.data import SECRET_KEY

URL = os.environ["BENCH_DATABASE_URL"]
IS_SQLITE = URL.startswith("sqlite")
app = Flask("rich", static_folder=None, root_path=os.path.dirname(__file__))
app.config["SECRET_KEY"] = SECRET_KEY
metadata = MetaData()
numbers = (
    "node_id",
    "area_id",
    "target_amount",
    "amount",
    "visitors",
    "buyers",
    "target_late_minutes",
    "report_late_minutes",
)
reports = Table(
    "daily_reports_day", metadata, Column("id", Integer), Column("day", Date), Column("state", String),
    *(Column(name, Integer) for name in numbers),
)  # fmt: skip
nodes = Table(
    "org_node",
    metadata,
    *(Column(name, Integer) for name in ("id",)),
    *(Column(name, String) for name in ("kind", "code", "name")),
)
_choices: list[Any] = []
ACTIONS = ("details", "edit", "delete")


def _engine() -> Engine:
    if not IS_SQLITE:
        return create_engine(URL, isolation_level="AUTOCOMMIT")
    engine = create_engine(URL)
    event.listen(engine, "connect", lambda connection, _record: setattr(connection, "isolation_level", None))
    return engine


engine = _engine()


@app.route("/up")
def up() -> str:
    """Say that it is up."""
    return "up"


@app.route("/list")
def rows() -> str:
    """Show a page of day reports to a person who is signed in."""
    with engine.connect() as connection:
        person = connection.execute(text(
            "SELECT p.id, p.name FROM auth_session AS s JOIN org_person AS p ON p.id = s.person_id WHERE s.token_hash = :token AND p.active"
        ), {"token": token_hash(session.get("_user_id", ""))}).one_or_none() or abort(401)  # fmt: skip
        query = select(
            reports.c.id, reports.c.day, nodes.c.name, reports.c.state, *(reports.c[name] for name in numbers[2:])
        ).join(nodes, nodes.c.id == reports.c.node_id)
        for name in sql.NARROWING:
            if name in request.args:
                query = query.where(reports.c[name] == request.args.get(name, type=str if name == "state" else int))
        if "day" in request.args:
            place = tuple_(literal(date.fromisoformat(request.args["day"])), literal(int(request.args["id"])))
            query = query.where(tuple_(reports.c.day, reports.c.id) < place)
        found = connection.execute(query.order_by(reports.c.day.desc(), reports.c.id.desc()).limit(51)).all()
        count = connection.scalar(text(
            "SELECT max(id) FROM daily_reports_day" if IS_SQLITE else "SELECT reltuples::bigint FROM pg_class WHERE relname = 'daily_reports_day'"
        ))  # fmt: skip
        if not _choices:
            _choices.extend(
                connection.execute(
                    select(nodes.c.id, nodes.c.name).where(nodes.c.kind == "store").order_by(nodes.c.code).limit(200)
                ).all()
            )
    return render_template(
        "rich.html", person=person, names=sql.LIST_NAMES, rows=found[:50], last=found[49] if len(found) > 50 else None, count=count,
        choices=_choices, actions=ACTIONS,
    )  # fmt: skip
