"""What may differ between two installations, read from the environment.

Every setting is `BACKOFFICE_<NAME>`; none has to be set for a first run.
"""

import os
import secrets
import tempfile
from collections.abc import Callable
from contextlib import suppress
from copy import copy
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

PREFIX = "BACKOFFICE_"
ENVIRONMENTS = ("development", "production", "testing")


def _yes(text: str) -> bool:
    if text.lower() not in ("1", "true", "yes", "on", "0", "false", "no", "off"):
        raise ValueError("write 1 or 0")
    return text.lower() in ("1", "true", "yes", "on")


READERS: dict[type, Callable[[str], Any]] = {bool: _yes, int: int, str: str}
"""How a text becomes a value, by the type of the usual one; else it is a path."""


@dataclass(init=False, repr=False)  # no log may show the key, or the password of the database
class Settings:
    """The installation's settings; values given to the constructor win over the environment.

    Raises ValueError, naming the variable, for what a setting cannot be.
    """

    env: str = "development"
    """`development`, `production` or `testing`."""
    database_url: str = ""
    """`sqlite:///…` or `postgresql://…`; empty means SQLite under the data folder."""
    data_dir: Path = Path("var")
    """Folder for the embedded database, uploaded files and the job queue; shared when there are several hosts."""
    secret_key: str = ""
    """Signs cookies and cursors. Kept in the data folder when unset in development; required in production."""
    safe_mode: bool = False
    """Load no plugin at all, for the day when one of them stops the house."""
    plugins_dir: Path = Path(__file__).resolve().parent.parent / "plugins"
    """Folder of the plugins that come with the product."""
    trusted_proxies: int = 0
    """How many proxies stand in front and set `X-Forwarded-*`; 0 believes none."""
    metrics_token: str = ""
    """Opens `/metrics` to a caller outside the loopback."""
    pretend_now: str = ""
    """Testing only: the ISO instant at which the server's clock starts, so that a test can live any hour."""
    product_name: str = "连锁后台"
    work_minutes: int = field(default=30, metadata={"between": (1, 60)})
    """A job or a task is ended after so long, unless it says itself how long it may take."""
    page_size: int = field(default=50, metadata={"between": (10, 200)})

    def __init__(self, **given: Any) -> None:
        usual = {each.name: each.default for each in fields(self)}
        if unknown := given.keys() - usual.keys():
            raise ValueError(f"there is no setting {', '.join(sorted(unknown))}")
        said = {name: os.environ[PREFIX + name.upper()] for name in usual if PREFIX + name.upper() in os.environ}
        for name, value in (usual | said | given).items():
            try:
                setattr(self, name, READERS.get(type(usual[name]), Path)(value) if isinstance(value, str) else value)
            except ValueError as error:
                raise ValueError(f"{PREFIX}{name.upper()} cannot be {value!r}: {error}") from error
        self._check()

    def _check(self) -> None:
        if self.env not in ENVIRONMENTS:
            raise ValueError(f"{PREFIX}ENV cannot be {self.env!r}: it is one of {', '.join(ENVIRONMENTS)}")
        for each in fields(self):
            least, most = each.metadata.get("between", (None, None))
            if least is not None and not least <= getattr(self, each.name) <= most:
                raise ValueError(f"{PREFIX}{each.name.upper()} lies between {least} and {most}")

    def model_copy(self, *, update: dict[str, Any]) -> "Settings":
        """Return these settings with some of them changed."""
        changed = copy(self)
        vars(changed).update(update)
        return changed

    def prepared(self) -> "Settings":
        """Return these settings with data folder, database URL and secret key filled in."""
        data_dir = self.data_dir.absolute()
        data_dir.mkdir(parents=True, exist_ok=True)
        return self.model_copy(
            update={
                "data_dir": data_dir,
                "database_url": self.database_url or f"sqlite:///{data_dir / 'backoffice.sqlite'}",
                "secret_key": self.secret_key or self._kept_secret(data_dir),
            }
        )

    def _kept_secret(self, data_dir: Path) -> str:
        if self.env == "production":
            raise ValueError(
                "BACKOFFICE_SECRET_KEY is not set. Production needs one that all servers share; "
                'make one with: python -c "import secrets; print(secrets.token_hex(32))"'
            )
        path = data_dir / "secret_key"
        if not path.exists():
            handle, draft = tempfile.mkstemp(dir=data_dir)  # readable by this user alone
            with os.fdopen(handle, "w") as file:
                file.write(secrets.token_hex(32))
            # Linked when it is whole: another process that starts now reads all of it, or makes none.
            with suppress(FileExistsError):
                os.link(draft, path)
            os.unlink(draft)
        return path.read_text()
