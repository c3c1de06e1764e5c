"""Which revision of a schema is the newest on disk: the scripts are read and not run.

To run them takes alembic and every script, half the time of a start; a process that only serves needs one word.
"""

import re
from pathlib import Path

from core.failed_migrations import MigrationsFailed

_SAID = re.compile(r"^(revision|down_revision)\b[^=\n]*=(.*)$", re.MULTILINE)
_WORD = re.compile(r"[\"']([^\"']+)[\"']")


def newest_in(folder: Path) -> str | None:
    """Return the revision that no other one follows; None where there are no scripts.

    Raises `MigrationsFailed` when the scripts do not make one line that ends in one revision.
    """
    made: dict[str, Path] = {}
    followed: set[str] = set()
    for script in sorted(folder.glob("[!_.]*.py")):
        said = {name: _WORD.findall(value) for name, value in _SAID.findall(script.read_text("utf-8"))}
        if len(said.get("revision", ())) != 1:
            raise MigrationsFailed(f'{script.name} does not say its revision in one line: revision = "…"')
        revision = said["revision"][0]
        if revision in made:
            raise MigrationsFailed(
                f"{made[revision].name} and {script.name} are both {revision}: number one of them anew"
            )
        made[revision] = script
        followed.update(said.get("down_revision", ()))
    if lost := followed - made.keys():
        raise MigrationsFailed(f"a migration follows {', '.join(sorted(lost))}, which is not there")
    ends = sorted(made.keys() - followed)
    if made and len(ends) != 1:
        raise MigrationsFailed(
            f"its migrations have multiple heads, or none: {', '.join(ends) or 'they go in a circle'}. Let each follow another"
        )
    return ends[0] if ends else None
