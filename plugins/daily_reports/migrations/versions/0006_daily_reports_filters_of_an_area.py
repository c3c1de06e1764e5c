"""Filters of an area's days by state and by store"""

from alembic import op

revision = "0006_daily_reports"
down_revision = "0005_daily_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("daily_reports_day", schema=None) as batch_op:
        batch_op.create_index("ix_daily_reports_day_area_id_state_day", ["area_id", "state", "day", "id"], unique=False)
        batch_op.create_index(
            "ix_daily_reports_day_area_id_node_id_day", ["area_id", "node_id", "day", "id"], unique=False
        )


def downgrade() -> None:
    with op.batch_alter_table("daily_reports_day", schema=None) as batch_op:
        batch_op.drop_index("ix_daily_reports_day_area_id_node_id_day")
        batch_op.drop_index("ix_daily_reports_day_area_id_state_day")
