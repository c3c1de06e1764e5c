"""The root every organisation hangs on."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from core.org.models import Node

ROOT_CODE = "CHAIN"


def ensure_chain(session: Session, name: str = "总部") -> Node:
    """Return the chain's node, made when it is not there yet."""
    node = session.scalars(select(Node).where(Node.kind == "chain")).one_or_none()
    if node is None:
        node = Node(kind="chain", code=ROOT_CODE, name=name)
        session.add(node)
        session.flush()
    return node
