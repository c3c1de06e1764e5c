"""Failed upgrades"""

import sqlalchemy as sa
from alembic import op

revision = "0005_core"
down_revision = "0004_core"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registry_failed_upgrade",
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("revision", sa.String(length=80), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("traceback", sa.Text(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("plugin", name=op.f("pk_registry_failed_upgrade")),
    )


def downgrade() -> None:
    op.drop_table("registry_failed_upgrade")
