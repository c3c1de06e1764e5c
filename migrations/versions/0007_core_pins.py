"""Pages people put on their own home"""

import sqlalchemy as sa
from alembic import op

revision = "0007_core"
down_revision = "0006_core"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "desk_pin",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("person_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("endpoint", sa.String(length=120), nullable=False),
        sa.ForeignKeyConstraint(["person_id"], ["org_person.id"], name=op.f("fk_desk_pin_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_desk_pin")),
        sqlite_autoincrement=True,
    )
    with op.batch_alter_table("desk_pin", schema=None) as batch_op:
        batch_op.create_index("uq_desk_pin_person_id_endpoint", ["person_id", "endpoint"], unique=True)


def downgrade() -> None:
    with op.batch_alter_table("desk_pin", schema=None) as batch_op:
        batch_op.drop_index("uq_desk_pin_person_id_endpoint")

    op.drop_table("desk_pin")
