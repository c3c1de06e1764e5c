"""Settings of plugins"""

import sqlalchemy as sa
from alembic import op

revision = "0003_core"
down_revision = "0002_core"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "registry_setting_change",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("plugin", sa.String(length=60), nullable=False),
        sa.Column("name", sa.String(length=60), nullable=False),
        sa.Column("node_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("before", sa.JSON(), nullable=True),
        sa.Column("after", sa.JSON(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("person_name", sa.String(length=60), nullable=False),
        sa.ForeignKeyConstraint(["node_id"], ["org_node.id"], name=op.f("fk_registry_setting_change_node_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_registry_setting_change")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("registry_setting_change", schema=None) as batch_op:
        batch_op.create_index("ix_registry_setting_change_plugin", ["plugin", "id"], unique=False)

    with op.batch_alter_table("registry_plugin", schema=None) as batch_op:
        batch_op.add_column(sa.Column("changed_by", sa.String(length=60), server_default="", nullable=False))


def downgrade() -> None:
    with op.batch_alter_table("registry_plugin", schema=None) as batch_op:
        batch_op.drop_column("changed_by")

    with op.batch_alter_table("registry_setting_change", schema=None) as batch_op:
        batch_op.drop_index("ix_registry_setting_change_plugin")

    op.drop_table("registry_setting_change")
