"""The words people agreed to"""

import sqlalchemy as sa
from alembic import op

revision = "0008_customers"
down_revision = "0007_customers"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "customers_consent_text",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        *(sa.Column(name, sa.String(length=16), nullable=False) for name in ("purpose", "channel", "text_version")),
        sa.Column("words", sa.String(length=400), nullable=False),
        sa.Column("first_used_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_customers_consent_text")),
        sa.UniqueConstraint(
            "purpose", "channel", "text_version", "words", name=op.f("uq_customers_consent_text_purpose_channel_text_version_words")
        ),
        sqlite_autoincrement=True,
    )  # fmt: skip
    op.add_column(
        "customers_consent",
        sa.Column(
            "text_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            sa.ForeignKey("customers_consent_text.id"),
            nullable=True,
        ),
        inline_references=True,
    )


def downgrade() -> None:
    op.drop_column("customers_consent", "text_id")
    op.drop_table("customers_consent_text")
