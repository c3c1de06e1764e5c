"""The person of a record, and a number elsewhere by its beginning, are found by an index"""

import sqlalchemy as sa
from alembic import op

revision = "0009_customers"
down_revision = "0008_customers"
branch_labels = None
depends_on = None

INDEXES = {"person": "coalesce(merged_into_id, id)", "external_id_lower": "lower(external_id) text_pattern_ops"}


def upgrade() -> None:
    if op.get_bind().dialect.name == "postgresql":
        for name, expression in INDEXES.items():
            op.create_index(f"ix_customers_customer_{name}", "customers_customer", [sa.text(expression)])


def downgrade() -> None:
    for name in INDEXES:
        op.drop_index(f"ix_customers_customer_{name}", "customers_customer", if_exists=True)
