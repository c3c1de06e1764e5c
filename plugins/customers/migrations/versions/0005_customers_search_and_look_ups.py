"""Search, and the look-ups by number"""

import sqlalchemy as sa
from alembic import op

revision = "0005_customers"
down_revision = "0004_customers"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
SEARCHED = ("customers_customer", "customers_contact")
PRESENT = {
    "level": ["level", "id"], "party": ["party", "id"], "credit": ["credit", "id"], "node_id": ["node_id", "id"],
    "node_id_level": ["node_id", "level", "id"],
}  # fmt: skip
BEFORE = ("level", "node_id")


def upgrade() -> None:
    for table in SEARCHED:
        op.add_column(table, sa.Column("search_text", sa.Text(), server_default="", nullable=False))
        op.create_search(table, names=["name"])
    for name in BEFORE:
        op.drop_index(f"ix_customers_customer_{name}", "customers_customer")
    there = sa.text("deleted_at IS NULL AND merged_into_id IS NULL")
    for name, columns in PRESENT.items():
        op.create_index(
            f"ix_customers_customer_{name}", "customers_customer", columns, postgresql_where=there, sqlite_where=there
        )
    op.create_table(
        "customers_lookup",
        sa.Column("id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_lookup")),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_customers_lookup_person_id_at", "customers_lookup", ["person_id", "at"])


def downgrade() -> None:
    op.drop_table("customers_lookup")
    for name in PRESENT:
        op.drop_index(f"ix_customers_customer_{name}", "customers_customer")
    for name in BEFORE:
        op.create_index(f"ix_customers_customer_{name}", "customers_customer", PRESENT[name])
    for table in SEARCHED:
        op.drop_search(table)
        op.drop_column(table, "search_text")
