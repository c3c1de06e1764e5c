"""The database: one engine, one session a request, shared MetaData, and the house's column types.

SQLite and PostgreSQL are equals. A request that only reads gets a session that cannot block a
writer; one that may write takes SQLite's write lock at its first statement (`BEGIN IMMEDIATE`),
because a read lock that is upgraded later fails at once with "database is locked".
"""

import sys
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, TypeVar

from sqlalchemy import BigInteger, DateTime, Engine, Executable, Integer, MetaData, Numeric, Table, create_engine, event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidRequestError
from sqlalchemy.orm import DeclarativeBase, Mapped, Mapper, Session, mapped_column, registry
from sqlalchemy.types import TypeDecorator

from core import clock
from core.model_facts import forget_model_facts

S = TypeVar("S", bound=Executable)
metadata = MetaData(
    naming_convention={
        "ix": "ix_%(table_name)s_%(column_0_N_name)s",
        "uq": "uq_%(table_name)s_%(column_0_N_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_N_name)s",
        "pk": "pk_%(table_name)s",
    }
)
LOCK_SECONDS_SQLITE, LOCK_SECONDS_POSTGRESQL = 15, 10
"""How long a statement waits for somebody else's lock before the person is told to try again."""
Id = BigInteger().with_variant(Integer, "sqlite")
"""Type of a primary or foreign key: SQLite counts only an INTEGER up by itself."""


class Money(TypeDecorator[Decimal]):
    """Yuan as Decimal in Python, fen as BIGINT in the table (SQLite would sum a DECIMAL as float)."""

    impl = BigInteger
    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> int | None:
        return None if value is None else int((Decimal(value) * 100).to_integral_value())

    def process_result_value(self, value: Any, dialect: Any) -> Decimal | None:
        return None if value is None else Decimal(value).scaleb(-2)


class Instant(TypeDecorator[datetime]):
    """A point in time: aware in Python, UTC in the table."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


def whole_numbers_of(type_: Any) -> tuple[int, int]:
    """Return the smallest and the largest whole number that a column of this type holds on every database."""
    if isinstance(type_, Numeric) and type_.precision:
        largest = 10 ** (type_.precision - (type_.scale or 0)) - 1
        return -largest, largest
    bits = 63 if isinstance(type_, BigInteger) else 31
    return -(2**bits), 2**bits - 1


class Base(DeclarativeBase):
    """Base of core's own tables."""

    metadata = metadata
    __abstract__ = True


plugin_registries: dict[str, registry] = {}


def mappers() -> Iterator[Mapper[Any]]:
    """Return the mapper of every table of core and of every loaded plugin."""
    for each in (Base.registry, *plugin_registries.values()):
        yield from each.mappers


def tables_of(plugin: str | None) -> list[Table]:
    """Return the tables of a loaded plugin, or core's own for None."""
    owner = Base.registry if plugin is None else plugin_registries.get(plugin)
    return [mapper.local_table for mapper in owner.mappers] if owner else []  # type: ignore[misc]


def tables_named_after(name: str) -> list[Table]:
    """Return every table in memory that bears a plugin's name, mapped to a class or not.

    `sales_extra_line` belongs to the plugin `sales_extra` where there is one, else to `sales`.
    """
    longer = tuple(f"{other}_" for other in plugin_registries if other.startswith(f"{name}_"))
    return [
        table for table in metadata.tables.values()
        if table.name.startswith(f"{name}_") and not table.name.startswith(longer)
    ]  # fmt: skip


def forget_plugin(name: str) -> None:
    """Take the tables of a plugin that failed to load out of this process."""
    tables = {*tables_of(name), *tables_named_after(name)}
    if plugin_registry := plugin_registries.pop(name, None):
        with suppress(InvalidRequestError):  # another registry leans on it; out of sight is enough
            plugin_registry.dispose()
    for table in tables:
        metadata.remove(table)
    forget_model_facts()


def plugin_base(name: str) -> type[DeclarativeBase]:
    """Return the declarative base of plugin `name`.

    It has a registry of its own on the shared MetaData, and refuses a table whose name does not
    begin with the plugin's (`sales_order` for plugin `sales`). Raises ValueError for a name that is taken.
    """
    if name in plugin_registries:
        raise ValueError(f"plugin_base({name!r}) was called before: a plugin has one base, under its own name")
    plugin_registry = plugin_registries[name] = registry(metadata=metadata)

    def refuse_foreign_prefix(cls: type[DeclarativeBase], **options: Any) -> None:
        table = cls.__dict__.get("__tablename__")
        if table and not table.startswith(f"{name}_"):
            raise TypeError(f"plugin {name}: table {table} of {cls.__name__} must be named {name}_…")
        super(base, cls).__init_subclass__(**options)

    base = type(
        f"{name.title().replace('_', '')}Base",
        (DeclarativeBase,),
        {
            "__abstract__": True,
            "registry": plugin_registry,
            "__module__": f"plugins.{name}.models",
            "__init_subclass__": classmethod(refuse_foreign_prefix),
        },
    )
    return base


class Row:
    """What every business table has: a number, when it was made and changed, and its version."""

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    updated_at: Mapped[datetime] = mapped_column(Instant, default=clock.now, onupdate=clock.now)
    version: Mapped[int] = mapped_column(Integer, default=1)
    __table_args__: Any = {"sqlite_autoincrement": True}
    __mapper_args__: Any = {"version_id_col": version}


class Deletable:
    """A row that goes to the recycle bin instead of away."""

    deleted_at: Mapped[datetime | None] = mapped_column(Instant, default=None)


class Database:
    """The engine of one installation and the sessions on it."""

    def __init__(self, url: str, session_class: type[Session]) -> None:
        self.url = make_url(url)
        self.is_sqlite = self.url.get_backend_name() == "sqlite"
        self.engine = self._sqlite() if self.is_sqlite else self._postgres()
        # Who only reads holds nothing from one statement to the next.
        by_statement = {"begins": False} if self.is_sqlite else {"isolation_level": "AUTOCOMMIT"}
        self._reading = self.engine.execution_options(**by_statement)
        self._writing = self.engine.execution_options(writes=True)
        self._session_class = session_class
        self.info: dict[str, Any] = {"people": OrderedDict()}
        """What every session carries along: the people known with their rights, the host of the plugins."""

    def _sqlite(self) -> Engine:
        engine = create_engine(
            self.url,
            hide_parameters=True,  # a log keeps no mobile number
            connect_args={"timeout": LOCK_SECONDS_SQLITE, "check_same_thread": False},
        )

        @event.listens_for(engine, "connect")
        def prepare(connection: Any, _record: Any) -> None:
            connection.isolation_level = None
            for pragma in (
                "journal_mode=WAL",
                "synchronous=FULL",
                "foreign_keys=ON",
                f"busy_timeout={LOCK_SECONDS_SQLITE * 1000}",
            ):
                connection.execute(f"PRAGMA {pragma}")

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            options = connection.get_execution_options()
            if not options.get("begins", True):
                return
            patience = options.get("patience", LOCK_SECONDS_SQLITE)
            if patience != LOCK_SECONDS_SQLITE:
                connection.exec_driver_sql(f"PRAGMA busy_timeout={patience * 1000:.0f}")
            try:
                connection.exec_driver_sql("BEGIN IMMEDIATE" if options.get("writes") else "BEGIN")
            finally:
                if patience != LOCK_SECONDS_SQLITE:
                    connection.exec_driver_sql(f"PRAGMA busy_timeout={LOCK_SECONDS_SQLITE * 1000}")

        return engine

    def _postgres(self) -> Engine:
        engine = create_engine(
            self.url,
            hide_parameters=True,
            pool_size=5,
            max_overflow=5,
            pool_timeout=3,
            use_native_hstore=False,  # no table has one: nothing to ask each database for at its first connection
            connect_args={
                "connect_timeout": 3,
                # Nothing is prepared unasked: a plan kept for any value does not know how deep a cursor points.
                "prepare_threshold": sys.maxsize,
                "options": f"-c timezone=UTC -c lock_timeout={LOCK_SECONDS_POSTGRESQL}s",
            },
        )

        @event.listens_for(engine, "do_execute")
        def execute(cursor: Any, statement: str, values: Any, context: Any) -> bool:
            is_planned_once = context.execution_options.get("planned_once", False)
            if is_planned_once:
                cursor.execute(statement, values, prepare=True)
            return is_planned_once

        @event.listens_for(engine, "begin")
        def begin(connection: Any) -> None:
            patience = connection.get_execution_options().get("patience")
            if patience is not None:
                connection.exec_driver_sql(f"SET LOCAL lock_timeout = {patience * 1000:.0f}")

        return engine

    def session(self, *, writes: bool, patience: float | None = None) -> Session:
        """Return a new session; one that `writes` is transactional from its first statement.

        `patience` is how many seconds it waits for a lock when not as long as usual; then OperationalError.
        """
        engine = self._writing if writes else self._reading
        if patience is not None:
            engine = engine.execution_options(patience=patience)
        info = {**self.info, "writes": writes, "dialect": self.engine.dialect.name}
        return self._session_class(bind=engine, expire_on_commit=False, info=info)

    @contextmanager
    def transaction(self, *, patience: float | None = None) -> Iterator[Session]:
        """Give a writing session of its own, current inside the block: committed at the end, or nothing of it."""
        with self.session(writes=True, patience=patience) as session, current_session(session):
            yield session
            session.commit()

    def dispose(self) -> None:
        """Close every pooled connection."""
        self.engine.dispose()


def planned_once(statement: S) -> S:
    """Return a statement whose best plan does not hang on its values, such as one row by its key.

    PostgreSQL plans it once a connection; any other statement it plans anew each time, for the values it has.
    """
    return statement.execution_options(planned_once=True)


def dialect_of(session: Session) -> str:
    """Return `sqlite` or `postgresql`, without a way to the bare engine."""
    return session.info["dialect"]


_session: ContextVar[Session | None] = ContextVar("session", default=None)


@contextmanager
def current_session(session: Session) -> Iterator[None]:
    """Make `session` the one `db.session` speaks to inside the block."""
    token = _session.set(session)
    try:
        yield
    finally:
        _session.reset(token)


class _CurrentSession:
    """Stands for the session of the request, command or job that is running."""

    def __getattr__(self, name: str) -> Any:
        session = _session.get()
        if session is None:
            raise RuntimeError("no database session here: open one with database.transaction() or in a request")
        return getattr(session, name)


session: Session = _CurrentSession()  # type: ignore[assignment]


def open_session() -> Session | None:
    """Return the session of the request, command or job that is running, or None where there is none."""
    return _session.get()


def use_session(value: Session | None) -> None:
    """Set the session of this request (None when it ends)."""
    _session.set(value)
