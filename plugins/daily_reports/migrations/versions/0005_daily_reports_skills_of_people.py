"""Skills of people"""

import sqlalchemy as sa
from alembic import op

revision = "0005_daily_reports"
down_revision = "0004_daily_reports"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "daily_reports_skill",
        sa.Column("name", sa.String(length=20), nullable=False),
        sa.Column("retired", sa.Boolean(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_reports_skill")),
        sa.UniqueConstraint("name", name=op.f("uq_daily_reports_skill_name")),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "daily_reports_person_skill",
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("skill_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("level", sa.Integer(), nullable=False),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("noted_by", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["org_person.id"], name=op.f("fk_daily_reports_person_skill_person_id")),
        sa.ForeignKeyConstraint(
            ["skill_id"], ["daily_reports_skill.id"], name=op.f("fk_daily_reports_person_skill_skill_id")
        ),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_daily_reports_person_skill")),
        sa.UniqueConstraint("person_id", "skill_id", name=op.f("uq_daily_reports_person_skill_person_id_skill_id")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("daily_reports_person_skill", schema=None) as batch_op:
        batch_op.create_index("ix_daily_reports_person_skill_skill_id", ["skill_id", "level"], unique=False)


def downgrade() -> None:
    with op.batch_alter_table("daily_reports_person_skill", schema=None) as batch_op:
        batch_op.drop_index("ix_daily_reports_person_skill_skill_id")

    op.drop_table("daily_reports_person_skill")
    op.drop_table("daily_reports_skill")
