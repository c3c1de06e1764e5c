"""Keys of records that may be one person"""

import sqlalchemy as sa
from alembic import op

revision = "0003_customers"
down_revision = "0002_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    number = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
    op.create_table(
        "customers_block",
        sa.Column("id", number, nullable=False),
        sa.Column("key", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", number, nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers_customer.id"], name=op.f("fk_customers_block_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_block")),
        sa.UniqueConstraint("key", "customer_id", name=op.f("uq_customers_block_key_customer_id")),
    )
    op.create_index("ix_customers_block_customer_id", "customers_block", ["customer_id"], unique=False)
    op.create_table(
        "customers_compared",
        sa.Column("customer_id", number, autoincrement=False, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers_customer.id"],
            name=op.f("fk_customers_compared_customer_id"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customers_compared")),
    )


def downgrade() -> None:
    op.drop_table("customers_compared")
    op.drop_index("ix_customers_block_customer_id", table_name="customers_block")
    op.drop_table("customers_block")
