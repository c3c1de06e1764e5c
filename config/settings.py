"""What may differ between two installations, read from the environment.

Every setting is `BACKOFFICE_<NAME>`; none has to be set for a first run.
"""

import os
import secrets
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import Literal

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """The installation's settings; values given to the constructor win over the environment."""

    model_config = SettingsConfigDict(env_prefix="BACKOFFICE_", extra="ignore")

    env: Literal["development", "production", "testing"] = "development"
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
    work_minutes: int = Field(default=30, ge=1, le=60)
    """A job or a task is ended after so long, unless it says itself how long it may take."""
    page_size: int = Field(default=50, ge=10, le=200)

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
