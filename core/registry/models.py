"""What is stored about plugins: intent only. Everything else each process observes for itself."""

from datetime import datetime

from sqlalchemy import Boolean, ForeignKey, Integer, String
from sqlalchemy.orm import Mapped, mapped_column

from core import clock
from core.db import Base, Id, Instant


class Revision(Base):
    """The single row every request reads: a counter for rights and one for plugins.

    Processes cache what they know under these numbers; a change raises one, in its own transaction.
    """

    __tablename__ = "registry_revision"
    __scope__ = "global"
    __audit__ = False

    id: Mapped[int] = mapped_column(Id, primary_key=True, autoincrement=False)
    rights: Mapped[int] = mapped_column(Integer, default=1)
    plugins: Mapped[int] = mapped_column(Integer, default=1)


class PluginIntent(Base):
    """Whether a plugin is meant to be on. No nodes beside it means: for the whole chain."""

    __tablename__ = "registry_plugin"
    __scope__ = "global"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    enabled: Mapped[bool] = mapped_column(Boolean, default=False)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=clock.now, onupdate=clock.now)


class PilotNode(Base):
    """A node for whose people an enabled plugin is on, when it is not on for all."""

    __tablename__ = "registry_pilot_node"
    __scope__ = "global"

    plugin: Mapped[str] = mapped_column(ForeignKey("registry_plugin.name"), primary_key=True)
    node_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"), primary_key=True)
