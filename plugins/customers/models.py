"""A person is one record of the whole chain; what belongs to them hangs on it, and visits say who sees it."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from sqlalchemy import (
    JSON,
    Boolean,
    CheckConstraint,
    Date,
    Float,
    ForeignKey,
    Index,
    String,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.orm import Mapped, mapped_column

from core.api import Deletable, Id, InNode, Instant, Money, Row, clock, plugin_base, search_column

Base = plugin_base("customers")


def _customer(**options: Any) -> Any:
    return mapped_column(Id, ForeignKey("customers_customer.id", ondelete="CASCADE"), **options)


def _only_current(name: str, *columns: str, where: str) -> Index:
    return Index(name, *columns, unique=True, postgresql_where=text(where), sqlite_where=text(where))


def _present(name: str, *columns: str, beside: tuple[str, ...] = (), only: str = "") -> Index:
    """An index of those that lists show: with it alone the database follows a filter beside the walk of a place.

    `beside` are columns it holds for another filter on top; `only` is for a rare value, so that it costs writes nothing.
    """
    where = text(f"{only}deleted_at IS NULL AND merged_into_id IS NULL")
    return Index(name, *columns, postgresql_where=where, sqlite_where=where, postgresql_include=beside)


class Customer(Row, Deletable, Base):
    """Somebody, or a company, the chain deals with. Seen by the stores they have visited."""

    __tablename__ = "customers_customer"
    __scope__ = ("through", "customers_visitor.customer_id")
    __resource__ = "customers:customer"
    __table_args__ = (
        Index("uq_customers_customer_code", "code", unique=True),
        Index("uq_customers_customer_external_id", "external_id", unique=True),
        Index("ix_customers_customer_mobile", "mobile"),
        *(_present(f"ix_customers_customer_{name}", name, "id") for name in ("party", "credit", "node_id")),
        _present("ix_customers_customer_level", "level", "id", beside=("credit", "party")),
        _present("ix_customers_customer_company", "id", only="kind = 'company' AND "),
        _present("ix_customers_customer_node_id_level", "node_id", "level", "id"),
        _present("ix_customers_customer_year_profit", "year_profit", "id"),
        Index(
            "ix_customers_customer_merged_into_id", "merged_into_id",
            postgresql_where=text("merged_into_id IS NOT NULL"), sqlite_where=text("merged_into_id IS NOT NULL"),
        ),
        Index(
            "ix_customers_customer_in_bin", "id",
            postgresql_where=text("deleted_at IS NOT NULL"), sqlite_where=text("deleted_at IS NOT NULL"),
        ),
        {"sqlite_autoincrement": True},
    )  # fmt: skip

    code: Mapped[str] = mapped_column(String(14))
    name: Mapped[str] = mapped_column(String(60))
    kind: Mapped[str] = mapped_column(String(10), default="person")
    party: Mapped[str] = mapped_column(String(12), default="consumer")
    mobile: Mapped[str | None] = mapped_column(String(20), default=None, info={"personal": "mobile"})
    email: Mapped[str | None] = mapped_column(String(120), default=None, info={"personal": "mobile"})
    wecom: Mapped[str | None] = mapped_column(String(64), default=None, info={"personal": "mobile"})
    """The mobile number, e-mail and WeCom id that are theirs now; the dated ones are identities."""
    node_id: Mapped[int | None] = mapped_column(Id, ForeignKey("org_node.id"), default=None)
    """The place that looks after them: where they were first recorded, unless it was changed."""
    level: Mapped[str] = mapped_column(String(10), default="ordinary")
    level_reason: Mapped[str] = mapped_column(String(200), default="")
    """Why the level was set by hand; empty: the rule sets it."""
    credit: Mapped[str] = mapped_column(String(10), default="unknown")
    credit_note: Mapped[str] = mapped_column(String(200), default="")
    address: Mapped[str] = mapped_column(String(200), default="", info={"personal": "text"})
    tags: Mapped[str] = mapped_column(String(200), default="")
    """Words separated by a 、, each once."""
    preferences: Mapped[str] = mapped_column(Text, default="")
    external_id: Mapped[str | None] = mapped_column(String(60), default=None)
    """Their number in the system they were imported from."""
    search_text: Mapped[str] = search_column(names=("name",))
    year_profit: Mapped[Decimal] = mapped_column(Money, default=Decimal(0), server_default="0", info={"counted": True})
    """Gross profit of the last twelve full months, with that of the records merged into this one: `contribution.rollups`."""
    merged_into_id: Mapped[int | None] = mapped_column(Id, ForeignKey("customers_customer.id"), default=None)
    """The record that stands for this person now, always the last one of a chain of merges; None: this one does."""


for _index in (
    Index("ix_customers_customer_person", func.coalesce(Customer.merged_into_id, Customer.id)),
    Index(
        "ix_customers_customer_external_id_lower", func.lower(Customer.external_id).label("external_id"),
        postgresql_ops={"external_id": "text_pattern_ops"},  # the only order of letters that serves LIKE
    ),
):  # fmt: skip
    _index.ddl_if(dialect="postgresql")  # SQLite compares a column with an expression, and answers LIKE, by no index


class Visitor(Row, InNode, Base):
    """A customer is known at a place: one row for the two, whose index drives the place's list."""

    __tablename__ = "customers_visitor"
    __scope__ = "node"
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (
        UniqueConstraint("customer_id", "node_id"),
        Index("ix_customers_visitor_node_id_customer_id", "node_id", "customer_id"),
        Index("ix_customers_visitor_area_id_customer_id", "area_id", "customer_id"),
        Index("ix_customers_visitor_region_id_customer_id", "region_id", "customer_id"),
        {"sqlite_autoincrement": True},
    )

    customer_id: Mapped[int] = _customer()
    first_on: Mapped[date] = mapped_column(Date)
    last_on: Mapped[date] = mapped_column(Date)
    is_shared: Mapped[bool] = mapped_column(Boolean, default=False)
    """The place knows another record of the same person; it goes when the merge is undone."""


class Visit(Base):
    """A customer was dealt with at a place on a day: by whom, why. Who sees the customer sees all their visits."""

    __tablename__ = "customers_visit"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __table_args__ = (
        UniqueConstraint("customer_id", "node_id", "day", "reason"),
        Index("ix_customers_visit_node_id_day", "node_id", "day"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = _customer()
    node_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"))
    day: Mapped[date] = mapped_column(Date)
    reason: Mapped[str] = mapped_column(String(40))
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    by: Mapped[int | None] = mapped_column(Id, default=None)


class Identity(Row, Deletable, Base):
    """What a customer is found by, and from when to when it was theirs: operators give a number out again."""

    __tablename__ = "customers_identity"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __table_args__ = (
        _only_current(
            "uq_customers_identity_kind_value", "kind", "value", where="until IS NULL AND deleted_at IS NULL"
        ),
        Index("ix_customers_identity_customer_id", "customer_id"),
        Index("ix_customers_identity_tail", "tail", "customer_id"),
        {"sqlite_autoincrement": True},
    )

    customer_id: Mapped[int] = _customer()
    kind: Mapped[str] = mapped_column(String(16))
    value: Mapped[str] = mapped_column(String(120), info={"personal": "mobile"})
    tail: Mapped[str] = mapped_column(String(4), default="", info={"personal": "text"})
    """The last four digits of a mobile number."""
    tax_number: Mapped[str] = mapped_column(String(20), default="", server_default="")
    """With an invoice title."""
    verified: Mapped[bool] = mapped_column(Boolean, default=False)
    since: Mapped[date] = mapped_column(Date, default=clock.today)
    until: Mapped[date | None] = mapped_column(Date, default=None)
    """The day on which it was theirs no more."""


class Contact(Row, Deletable, Base):
    """Somebody to talk to about a customer: the buyer of a company, a daughter who decides."""

    __tablename__ = "customers_contact"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:contact"
    __table_args__ = (
        Index("ix_customers_contact_customer_id", "customer_id"),
        Index("ix_customers_contact_person_id", "person_id"),
        {"sqlite_autoincrement": True},
    )

    customer_id: Mapped[int] = _customer()
    name: Mapped[str] = mapped_column(String(60))
    search_text: Mapped[str] = search_column(names=("name",))
    role: Mapped[str] = mapped_column(String(40), default="")
    mobile: Mapped[str | None] = mapped_column(String(20), default=None, info={"personal": "mobile"})
    note: Mapped[str] = mapped_column(String(200), default="")
    person_id: Mapped[int | None] = mapped_column(Id, ForeignKey("customers_customer.id"), default=None)
    """Their own record, when they are a customer too."""
    binned_with_customer: Mapped[bool] = mapped_column(Boolean, default=False)
    """It went into the recycle bin with its customer, and comes back with them."""


class Consent(Base):
    """A yes to one purpose by one channel: to which text, when, by whom asked; and when it was withdrawn."""

    __tablename__ = "customers_consent"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __table_args__ = (
        _only_current("uq_customers_consent_given", "customer_id", "purpose", "channel", where="withdrawn_at IS NULL"),
        Index("ix_customers_consent_customer_id", "customer_id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    customer_id: Mapped[int] = _customer()
    purpose: Mapped[str] = mapped_column(String(16))
    channel: Mapped[str] = mapped_column(String(16))
    text_version: Mapped[str] = mapped_column(String(16))
    text_id: Mapped[int | None] = mapped_column(Id, ForeignKey("customers_consent_text.id"), default=None)
    """The words themselves; None for a yes from before they were kept."""
    how: Mapped[str] = mapped_column(String(16), default="counter")
    given_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    given_by: Mapped[int | None] = mapped_column(Id, default=None)
    withdrawn_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    withdrawn_by: Mapped[int | None] = mapped_column(Id, default=None)
    withdrawn_how: Mapped[str] = mapped_column(String(16), default="", server_default="")


class Submission(Base):
    """A form that was sent, by the key it was opened with: sending it again gives the same record."""

    __tablename__ = "customers_submission"
    __scope__ = ("via", "customer_id")
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (Index("ix_customers_submission_customer_id", "customer_id"),)

    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    customer_id: Mapped[int] = _customer()
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)


class Merge(Base):
    """Two records were found to be one person; taken back, both stand as before.

    The row that is not undone is the edge from the record that is gone to the one it was merged into; following
    the edges leads to the record that stands for the person. What happened is told in the audit of both records.
    """

    __tablename__ = "customers_merge"
    __scope__ = ("via", "kept_id")
    __resource__ = "customers:merge"
    __audit__ = False
    __table_args__ = (
        _only_current("uq_customers_merge_gone_id", "gone_id", where="undone_at IS NULL"),
        Index("ix_customers_merge_kept_id", "kept_id"),
        Index("ix_customers_merge_at", "at", "id"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    kept_id: Mapped[int] = _customer()
    gone_id: Mapped[int] = _customer()
    how: Mapped[str] = mapped_column(String(12))
    """One of `MERGED_HOW`."""
    score: Mapped[float | None] = mapped_column(Float, default=None)
    """The probability, 0 to 1, that both are one person; None: nobody computed one."""
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    by: Mapped[int | None] = mapped_column(Id, default=None)
    undone_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    undone_by: Mapped[int | None] = mapped_column(Id, default=None)


class Pair(Base):
    """Two records that may be one person, and what somebody said about it; asked once."""

    __tablename__ = "customers_pair"
    __scope__ = ("via", "first_id")
    __resource__ = "customers:customer"
    __audit__ = False
    __table_args__ = (
        UniqueConstraint("first_id", "second_id"),
        Index("ix_customers_pair_answer_score", "answer", "score", "id"),
        Index("ix_customers_pair_second_id", "second_id"),
        Index("ix_customers_pair_answered_by", "answered_by", "answered_at"),
        Index("ix_customers_pair_merge_id", "merge_id"),
        CheckConstraint("first_id < second_id", name="ordered"),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    first_id: Mapped[int] = _customer()
    second_id: Mapped[int] = _customer()
    score: Mapped[float] = mapped_column(Float)
    """The probability, 0 to 1, that both are one person."""
    reasons: Mapped[dict[str, float]] = mapped_column(JSON, default=dict)
    """`{what was compared, one of COMPARED: its weight in bits}`; above 0 speaks for one person, below against."""
    found_at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    answer: Mapped[str] = mapped_column(String(10), default="open")
    """`open`, `same` or `different`."""
    answered_at: Mapped[datetime | None] = mapped_column(Instant, default=None)
    answered_by: Mapped[int | None] = mapped_column(Id, default=None)
    """Who said so; None for an answer by rule, and while nobody was asked."""
    merge_id: Mapped[int | None] = mapped_column(
        Id, ForeignKey("customers_merge.id", ondelete="SET NULL"), default=None
    )
    """The merge that made both one person, also when another pair led to it; its undoing opens the question again."""
