"""The count that is kept, and what filters are answered by"""

import sqlalchemy as sa
from alembic import op

revision = "0007_customers"
down_revision = "0006_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "customers_counted",
        sa.Column("up_to_id", number, autoincrement=False, nullable=False),
        sa.Column("records", sa.Integer(), nullable=False),
        sa.Column("reached_id", number, nullable=False),
        sa.PrimaryKeyConstraint("up_to_id", name=op.f("pk_customers_counted")),
    )
    _level_index(include=["credit", "party"])
    _present("ix_customers_customer_company", "id", only="kind = 'company' AND ")


def downgrade() -> None:
    op.drop_index("ix_customers_customer_company", table_name="customers_customer")
    _level_index(include=[])
    op.drop_table("customers_counted")


def _level_index(include: list[str]) -> None:
    """Make it anew where it can hold other columns beside; SQLite knows none."""
    if op.get_bind().dialect.name == "postgresql":
        op.drop_index("ix_customers_customer_level", table_name="customers_customer")
        _present("ix_customers_customer_level", "level", "id", include=include)


def _present(name: str, *columns: str, only: str = "", include: list[str] | None = None) -> None:
    where = sa.text(f"{only}deleted_at IS NULL AND merged_into_id IS NULL")
    op.create_index(
        name, "customers_customer", list(columns), postgresql_where=where, sqlite_where=where, postgresql_include=include or []
    )  # fmt: skip
