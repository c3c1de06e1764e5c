"""What is stored about plugins: intent only. Everything else each process observes for itself."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, Boolean, ForeignKey, Index, Integer, String, Text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

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


def everybody_looks_again(session: Session) -> None:
    """Make every process read switches and settings anew as soon as this transaction commits.

    It also holds the row of the revision until then: nobody else switches or sets anything meanwhile.
    """
    session.execute(update(Revision).values(plugins=Revision.plugins + 1))
    session.info.pop("switches", None)
    session.info["switching"] = True


class PluginIntent(Base):
    """Whether a plugin is meant to be on. No nodes beside it means: for the whole chain."""

    __tablename__ = "registry_plugin"
    __scope__ = "global"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    enabled: Mapped[bool] = mapped_column(Boolean, default=False)
    changed_at: Mapped[datetime] = mapped_column(Instant, default=clock.now, onupdate=clock.now)
    changed_by: Mapped[str] = mapped_column(String(60), default="", server_default="")


class PilotNode(Base):
    """A node for whose people an enabled plugin is on, when it is not on for all."""

    __tablename__ = "registry_pilot_node"
    __scope__ = "global"

    plugin: Mapped[str] = mapped_column(ForeignKey("registry_plugin.name"), primary_key=True)
    node_id: Mapped[int] = mapped_column(Id, ForeignKey("org_node.id"), primary_key=True)


class FailedUpgrade(Base):
    """Why the last upgrade of a plugin's tables failed; the next one that works takes it away."""

    __tablename__ = "registry_failed_upgrade"
    __scope__ = "global"
    __audit__ = False

    plugin: Mapped[str] = mapped_column(String(60), primary_key=True)
    revision: Mapped[str] = mapped_column(String(80))
    """The step that failed."""
    reason: Mapped[str] = mapped_column(Text)
    traceback: Mapped[str] = mapped_column(Text)
    """As far as it lies in the plugin."""
    at: Mapped[datetime] = mapped_column(Instant)


class SettingChange(Base):
    """One change of one setting, for the chain (no node) or for a place. The newest of each is what holds.

    `after` is None when the place follows what is above it again.
    """

    __tablename__ = "registry_setting_change"
    __scope__ = "global"
    __resource__ = "registry:setting"
    __append_only__ = True
    __table_args__ = (Index("ix_registry_setting_change_plugin", "plugin", "id"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    plugin: Mapped[str] = mapped_column(String(60))
    name: Mapped[str] = mapped_column(String(60))
    node_id: Mapped[int | None] = mapped_column(Id, ForeignKey("org_node.id"), default=None)
    before: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True, default=None)
    after: Mapped[Any] = mapped_column(JSON(none_as_null=True), nullable=True, default=None)
    at: Mapped[datetime] = mapped_column(Instant, default=clock.now)
    person_name: Mapped[str] = mapped_column(String(60))
