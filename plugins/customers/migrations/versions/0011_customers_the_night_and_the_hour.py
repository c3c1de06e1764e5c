"""How far the night has come, and how many people there were at the hour"""

import sqlalchemy as sa
from alembic import op

revision = "0011_customers"
down_revision = "0010_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers_walked",
        sa.Column(
            "up_to_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), autoincrement=False, nullable=False
        ),
        sa.PrimaryKeyConstraint("up_to_id", name=op.f("pk_customers_walked")),
    )
    op.add_column("customers_counted", sa.Column("people", sa.JSON(), nullable=True))


def downgrade() -> None:
    op.drop_column("customers_counted", "people")
    op.drop_table("customers_walked")
