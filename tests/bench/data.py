"""The chain the measurements run on: 1,115 stores, the same rows every time, made by a few large statements."""

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

from flask import Flask
from sqlalchemy import Column, Connection, Date, Integer, MetaData, Table, insert, select, text

from core import clock
from core.db import Instant
from core.testing.factories import acting, enable_plugins, sign_in

SECRET_KEY = "the-bench-signs-with-this-key-and-nobody-else-does"
NOW = "2025-06-30T19:00:00+08:00"
"""When every server of a run believes to be: in the evening of the last day of the data."""
TODAY = date(2025, 6, 30)
STORES, AREAS, REGIONS, DAYS = 1115, 56, 6, 730
FEWEST_DAYS = 60
DISTRICTS = ("福田", "罗湖", "南山", "盐田", "宝安", "龙岗", "龙华", "坪山", "光明", "大鹏")
FORMATS = ("flagship", "district", "community", "operator", "shop_in_shop", "service_point")

DAY_REPORTS = """
INSERT INTO daily_reports_day (
  created_at, updated_at, version, node_id, area_id, region_id, day, state, imported, target_amount, target_units,
  suggested_amount, target_at, target_late_minutes, amount, units, visitors, buyers, tenders, gap_reasons, gap_note,
  reflection, tomorrow, reported_at, report_late_minutes, review_comment)
SELECT target_at, target_at, 1, node_id, area_id, region_id, day,
  CASE WHEN number > 2 THEN 'locked' WHEN number > 0 AND dice < 700 THEN 'read'
       WHEN number = 0 AND dice < 400 THEN 'target_set' ELSE 'reported' END,
  false, target, 20 + dice % 15, target - 5000, target_at, CASE WHEN dice % 10 = 0 THEN dice / 10 ELSE 0 END,
  CASE WHEN reports THEN target * (700 + other_dice % 600) / 1000 END, CASE WHEN reports THEN 15 + other_dice % 20 END,
  CASE WHEN reports THEN 80 + dice % 90 END, CASE WHEN reports THEN 12 + other_dice % 30 END, '{{}}',
  CASE WHEN reports AND other_dice % 600 < 150 THEN '["few_visitors", "weather"]'{json} ELSE '[]'{json} END, '', '', '',
  CASE WHEN reports THEN reported_at END, CASE WHEN reports THEN 0 END, ''
FROM (
  SELECT *, 800000 + (node_id % 50) * 40000 + dice * 100 AS target, number > 0 OR dice >= 400 AS reports
  FROM (
    SELECT d.number, d.day, d.target_at, d.reported_at, n.id AS node_id, n.area_id, n.region_id,
      (n.id * 7919 + d.number * 1047) % 1000 AS dice, (n.id * 104729 + d.number * 7583) % 1000 AS other_dice
    FROM bench_day AS d CROSS JOIN org_node AS n WHERE n.kind = 'store'
  ) AS thrown
) AS wanted
WHERE number > 0 OR dice >= 200
ORDER BY number DESC, node_id
"""
AUDIT = """
INSERT INTO audit_entry (at, person_name, resource, row_id, node_id, area_id, region_id, action, changes, reason)
SELECT created_at, 'somebody', 'daily_reports:day', {row_id}, node_id, area_id, region_id, 'created',
  '{{"state": [null, "target_set"], "target_amount": [null, "12000.00"], "imported": [null, false]}}', ''
FROM daily_reports_day ORDER BY id
"""
PLAN_LINES = """
INSERT INTO daily_reports_plan_line (created_at, updated_at, version, report_id, position, what, who, due, done, carried)
SELECT created_at, created_at, 1, id, 0, '给上月的二十位客户打电话', '店长', '18:00', id % 3 > 0, 0
FROM daily_reports_day WHERE day > :since
"""
MONTH_TARGETS = """
INSERT INTO daily_reports_month_target (created_at, updated_at, version, node_id, area_id, region_id, month, amount, weight)
SELECT d.target_at, d.target_at, 1, n.id, n.area_id, n.region_id, d.day, 30000000 + (n.id % 50) * 1000000, 1
FROM bench_day AS d CROSS JOIN org_node AS n WHERE n.kind = 'store' AND d.is_first = 1 ORDER BY d.day, n.id
"""
MESSAGES = """
INSERT INTO inbox_message (person_id, key, title, text, url, sent_by, sent_at, read_at)
SELECT p.id, 'bench:' || d.number, '今天的目标还没有提交', '', '/day/', 'somebody', d.target_at,
  CASE WHEN d.number > 1 THEN d.reported_at END
FROM bench_day AS d CROSS JOIN org_person AS p WHERE d.number < 20
"""


@dataclass
class Chain:
    """What the measurements need to know of the data."""

    url: str
    folder: Path
    environment: dict[str, str]
    days: int = 0
    rows: int = 0
    cookies: dict[str, str] = field(default_factory=dict)
    """The signed-in cookie of each person that asks."""
    area_id: int = 0
    """The area of `area`, the person with some of the stores."""
    node_id: int = 0
    """A store in that area, and in the middle of the chain."""
    code: str = ""
    waiting: list[tuple[int, str]] = field(default_factory=list)
    """Id and code of the stores that have not set today's target."""

    @property
    def is_sqlite(self) -> bool:
        """Whether the data is in a SQLite file."""
        return self.url.startswith("sqlite")


def make_chain(url: str, folder: Path, scale: float) -> tuple[Chain, Flask]:
    """Fill an empty database; `scale` 1 is two years. Returns the chain and the application that made it."""
    from config.settings import Settings
    from core.app import create_app
    from core.migrate import upgrade_everything
    from core.org.setup import ensure_chain

    app = create_app(Settings(env="testing", database_url=url, data_dir=folder, secret_key=SECRET_KEY, pretend_now=NOW))
    house = app.extensions["backoffice"]
    upgrade_everything(house.database, house.host)
    with acting(app) as session:
        root = ensure_chain(session)
        enable_plugins(session, house.host)
    chain = Chain(url, folder, {
        "BACKOFFICE_ENV": "testing", "BACKOFFICE_DATABASE_URL": url, "BACKOFFICE_DATA_DIR": str(folder),
        "BACKOFFICE_SECRET_KEY": SECRET_KEY, "BACKOFFICE_PRETEND_NOW": NOW, "BENCH_DATABASE_URL": url,
    }, days=max(FEWEST_DAYS, round(DAYS * scale)))  # fmt: skip
    with house.database.engine.execution_options(writes=True).begin() as connection:
        _make_places(connection, root.id)
        _make_people(connection, root.id)
        _make_days(connection, chain)
    if not chain.is_sqlite:
        with house.database.engine.execution_options(isolation_level="AUTOCOMMIT").connect() as connection:
            connection.execute(text("VACUUM ANALYZE"))
    _look(app, chain)
    return chain, app


def _make_places(connection: Connection, root: int) -> None:
    from core.org.models import Node

    table: Any = Node.__table__
    connection.execute(insert(table), [
        {"kind": "region", "code": f"R{n}", "name": f"第{n}大区", "parent_id": root} for n in range(1, REGIONS + 1)
    ])  # fmt: skip
    connection.execute(text("UPDATE org_node SET region_id = id WHERE kind = 'region'"))
    regions = connection.scalars(select(table.c.id).where(table.c.kind == "region").order_by(table.c.code)).all()
    connection.execute(insert(table), [
        {"kind": "area", "code": f"A{n:02}", "name": f"{DISTRICTS[n % 10]}{n}区", "parent_id": regions[n % REGIONS], "region_id": regions[n % REGIONS]}
        for n in range(1, AREAS + 1)
    ])  # fmt: skip
    connection.execute(text("UPDATE org_node SET area_id = id WHERE kind = 'area'"))
    areas = connection.execute(
        select(table.c.id, table.c.region_id).where(table.c.kind == "area").order_by(table.c.code)
    ).all()
    connection.execute(insert(table), [
        {
            "kind": "store", "code": f"S{n:04}", "name": f"{DISTRICTS[n % 10]}手机卖场{n}店", "parent_id": areas[n % AREAS].id,
            "area_id": areas[n % AREAS].id, "region_id": areas[n % AREAS].region_id, "format": FORMATS[n % 6],
            "peer_group": f"{FORMATS[n % 6]}-{n % 30 // 6}", "size_m2": 40 + n % 200, "address": f"深圳市{DISTRICTS[n % 10]}区人民路{n}号",
            "opens": time(9, 30), "closes": time(21, 30),
        }
        for n in range(1, STORES + 1)
    ])  # fmt: skip
    closed = connection.scalars(select(table.c.id).where(table.c.kind == "store").order_by(table.c.code).limit(3)).all()
    connection.execute(
        text("INSERT INTO org_calendar_day (created_at, updated_at, version, node_id, day, closed, reason) "
             "SELECT created_at, created_at, 1, id, :day, true, '装修' FROM org_node WHERE id = :id"),
        [{"id": node_id, "day": _bound(connection, TODAY)} for node_id in closed],
    )  # fmt: skip


def _bound(connection: Connection, day: date) -> Any:
    return day.isoformat() if connection.dialect.name == "sqlite" else day


def _make_people(connection: Connection, root: int) -> None:
    from core.auth.models import Assignment, Role
    from core.org.models import Node, Person

    roles = dict(connection.execute(select(Role.code, Role.id)).all())  # type: ignore[arg-type]
    nodes = connection.execute(
        select(Node.id, Node.kind, Node.code, Node.area_id, Node.region_id).order_by(Node.id)
    ).all()
    places = {node.code: node for node in nodes}
    wanted = [("admin", places["CHAIN"], "system_administrator"), ("office", places["CHAIN"], "head_office")]
    wanted += [(f"area.{node.code}", node, "area_manager") for node in nodes if node.kind == "area"]
    for store in (node for node in nodes if node.kind == "store"):
        wanted += [
            (f"manager.{store.code}", store, "store_manager"),
            *((f"clerk{n}.{store.code}", store, "clerk") for n in range(3)),
        ]
    connection.execute(insert(Person), [
        {
            "username": username, "name": f"{'王李张刘陈杨黄赵'[number % 8]}{'伟芳娜敏静丽强磊'[number // 8 % 8]}", "mobile": f"+8613{number:09}",
            "node_id": node.id, "area_id": node.area_id, "region_id": node.region_id, "active": True,
        }
        for number, (username, node, _role) in enumerate(wanted)
    ])  # fmt: skip
    people = dict(connection.execute(select(Person.username, Person.id)).all())  # type: ignore[arg-type]
    held = [
        {"person_id": people[username], "role_id": roles[role], "node_id": node.id} for username, node, role in wanted
    ]
    held.append({"person_id": people["area.A02"], "role_id": roles["area_manager"], "node_id": places["A03"].id})
    connection.execute(insert(Assignment), held)


def _make_days(connection: Connection, chain: Chain) -> None:
    days = Table(
        "bench_day", MetaData(), Column("number", Integer), Column("day", Date), Column("is_first", Integer),
        Column("target_at", Instant), Column("reported_at", Instant), prefixes=["TEMPORARY"],
    )  # fmt: skip
    days.create(connection)
    span = [TODAY - timedelta(days=number) for number in range(chain.days)]
    connection.execute(insert(days), [
        {
            "number": number, "day": day, "is_first": int(day.day == 1), "target_at": clock.at(day, time(9, 12)),
            "reported_at": clock.at(day, time(21, 40)),
        }
        for number, day in enumerate(span)
    ])  # fmt: skip
    row_id, json = ("CAST(id AS TEXT)", "") if chain.is_sqlite else ("id::text", "::json")
    connection.execute(text(DAY_REPORTS.format(json=json)))
    connection.execute(text(AUDIT.format(row_id=row_id).replace(": [", r"\: [")))
    connection.execute(text(PLAN_LINES), {"since": _bound(connection, TODAY - timedelta(days=30))})
    connection.execute(text(MONTH_TARGETS))
    connection.execute(text(MESSAGES))
    days.drop(connection)


def _look(app: Flask, chain: Chain) -> None:
    from core.org.models import Person

    with acting(app) as session:
        people = {
            p.username: p
            for p in session.scalars(
                select(Person).where(Person.username.in_(["admin", "office", "area.A01", "area.A02", "manager.S0056"]))
            )
        }
        chain.area_id = people["area.A01"].node_id
    names = {"admin": "admin", "chain": "office", "some": "area.A01", "two": "area.A02", "store": "manager.S0056"}
    for name, username in names.items():
        chain.cookies[name] = cookie_of(app, people[username])
    with app.extensions["backoffice"].database.engine.connect() as connection:
        chain.rows = connection.scalar(text("SELECT count(*) FROM daily_reports_day"))
        chain.code = "S0056"
        chain.node_id = connection.scalar(text("SELECT id FROM org_node WHERE code = 'S0056'"))
        chain.waiting = [tuple(row) for row in connection.execute(text(
            "SELECT id, code FROM org_node AS n WHERE kind = 'store' AND NOT EXISTS (SELECT 1 FROM daily_reports_day AS d WHERE d.node_id = n.id AND d.day = :day)"
            " AND NOT EXISTS (SELECT 1 FROM org_calendar_day AS c WHERE c.node_id = n.id AND c.day = :day) ORDER BY code"
        ), {"day": _bound(connection, TODAY)})]  # fmt: skip


def cookie_of(app: Flask, person: Any) -> str:
    """Sign a person in and return the value of the cookie."""
    client = sign_in(app.test_client(), person)
    cookie = client.get_cookie("session")
    assert cookie is not None
    return cookie.value


def in_the_evening() -> datetime:
    """Return the instant at which every server starts."""
    return datetime.fromisoformat(NOW)
