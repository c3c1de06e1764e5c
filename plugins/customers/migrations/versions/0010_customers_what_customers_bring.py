"""What customers bring, by month and over a year"""

import sqlalchemy as sa
from alembic import op

revision = "0010_customers"
down_revision = "0009_customers"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "customers_contribution",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("customer_id", NUMBER, nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("source", sa.String(length=40), nullable=False),
        sa.Column("revenue", sa.BigInteger(), nullable=False),
        sa.Column("profit", sa.BigInteger(), nullable=False),
        *(sa.Column(name, sa.DateTime(timezone=True), nullable=False) for name in ("created_at", "updated_at")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], ondelete="CASCADE", name=op.f("fk_customers_contribution_customer_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_contribution")),
        sa.UniqueConstraint("customer_id", "month", "source", name=op.f("uq_customers_contribution_customer_id_month_source")),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.create_index("ix_customers_contribution_month", "customers_contribution", ["month", "id"])
    op.create_table(
        "customers_contribution_year",
        sa.Column("id", NUMBER, nullable=False),
        sa.Column("last_month", sa.Date(), nullable=False),
        sa.Column("profit", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_contribution_year")),
    )
    op.add_column("customers_customer", sa.Column("year_profit", sa.BigInteger(), nullable=False, server_default="0"))
    where = sa.text("deleted_at IS NULL AND merged_into_id IS NULL")
    op.create_index(
        "ix_customers_customer_year_profit",
        "customers_customer",
        ["year_profit", "id"],
        postgresql_where=where,
        sqlite_where=where,
    )


def downgrade() -> None:
    op.drop_index("ix_customers_customer_year_profit", table_name="customers_customer")
    op.drop_column("customers_customer", "year_profit")
    op.drop_table("customers_contribution_year")
    op.drop_table("customers_contribution")
