"""What a person may ask of the chain: their page, how often they are contacted, to be forgotten"""

import sqlalchemy as sa
from alembic import op

revision = "0004_customers"
down_revision = "0003_customers"
branch_labels = None
depends_on = None


def _id(name: str, *, nullable: bool = False) -> sa.Column:
    return sa.Column(name, sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=nullable)


def _moment(name: str) -> sa.Column:
    return sa.Column(name, sa.DateTime(timezone=True), nullable=False)


def _of_a_customer(table: str) -> tuple[sa.Constraint, ...]:
    return (
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f(f"fk_{table}_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f(f"pk_{table}")),
    )


def upgrade() -> None:
    op.create_table(
        "customers_link",
        _id("id"), _id("customer_id"), sa.Column("nonce", sa.String(length=32), nullable=False), _moment("made_at"),
        _id("made_by", nullable=True), *_of_a_customer("customers_link"),
        sa.UniqueConstraint("customer_id", name=op.f("uq_customers_link_customer_id")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_table(
        "customers_wish",
        _id("id"), _id("customer_id"), sa.Column("what", sa.String(length=12), nullable=False),
        sa.Column("about", sa.String(length=60), nullable=False), _moment("at"), *_of_a_customer("customers_wish"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_customers_wish_customer_id_at", "customers_wish", ["customer_id", "at"])
    op.create_table(
        "customers_outreach",
        _id("id"), _id("customer_id"), sa.Column("purpose", sa.String(length=16), nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False), _moment("at"), _id("by", nullable=True),
        *_of_a_customer("customers_outreach"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_customers_outreach_customer_id_at", "customers_outreach", ["customer_id", "at"])
    op.create_table(
        "customers_erasure",
        _id("id"), _id("customer_id"), sa.Column("code", sa.String(length=14), nullable=False), _moment("at"),
        _id("by", nullable=True), sa.Column("by_name", sa.String(length=60), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False), sa.Column("counts", sa.JSON(), nullable=False),
        *_of_a_customer("customers_erasure"),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_customers_erasure_customer_id", "customers_erasure", ["customer_id"])
    op.create_table(
        "customers_erased_value",
        _id("id"), _id("erasure_id"), sa.Column("digest", sa.String(length=64), nullable=False),
        sa.ForeignKeyConstraint(
            ["erasure_id"], ["customers_erasure.id"], name=op.f("fk_customers_erased_value_erasure_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_erased_value")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_customers_erased_value_digest", "customers_erased_value", ["digest"])
    op.create_index("ix_customers_erased_value_erasure_id", "customers_erased_value", ["erasure_id"])
    op.add_column(
        "customers_consent", sa.Column("withdrawn_how", sa.String(length=16), server_default="", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("customers_consent", "withdrawn_how")
    for table in ("erased_value", "erasure", "outreach", "wish", "link"):
        op.drop_table(f"customers_{table}")
