"""The letters that the database folds and pronounces when it writes a search text."""

from sqlalchemy import Text
from sqlalchemy.orm import Mapped, mapped_column

from core.db import Base


class Letter(Base):
    """A sign with its plain form, its pinyin in full-width letters, and the first letter of that; filled by the migration."""

    __tablename__ = "search_letter"
    __scope__ = "global"
    __audit__ = False
    __table_args__ = {"sqlite_with_rowid": False}

    letter: Mapped[str] = mapped_column(Text().with_variant(Text(collation="C"), "postgresql"), primary_key=True)
    plain: Mapped[str] = mapped_column(Text)
    wide: Mapped[str] = mapped_column(Text)
    initial: Mapped[str | None] = mapped_column(Text, default=None)
