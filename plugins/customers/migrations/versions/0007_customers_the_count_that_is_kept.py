"""The count that is kept"""

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


def downgrade() -> None:
    op.drop_table("customers_counted")
