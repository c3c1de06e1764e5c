"""Every table of core, so that one import knows them all."""

from core.admin.pins import Pin
from core.audit import AuditEntry
from core.auth.models import Assignment, Grant, LoginAttempt, Role, SeededPermission, UserSession
from core.exchange.models import ImportBatch, ImportRow
from core.inbox import Message
from core.jobs.models import Job
from core.jobs.tasks import TaskRun
from core.org.models import CalendarDay, Node, Person
from core.registry.models import PilotNode, PluginIntent, Revision
from core.search.models import Letter
from core.sequences import CodeSequence

__all__ = [
    "Assignment", "AuditEntry", "CalendarDay", "CodeSequence", "Grant", "ImportBatch", "ImportRow", "Job", "Letter", "LoginAttempt", "Message", "Node",
    "Person", "PilotNode", "Pin", "PluginIntent", "Revision", "Role", "SeededPermission", "TaskRun", "UserSession",
]  # fmt: skip
