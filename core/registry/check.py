"""Does a plugin start? Asked in a process of its own: what breaks there breaks nobody here.

`python -m core.registry.check NAME [FOLDER]` is that process.
"""

import subprocess
import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from config.settings import Settings
from core.language import _
from core.registry.host import Host
from core.registry.switching import PluginRefused, loaded

CHECK_SECONDS = 20


def must_start(host: Host, name: str) -> None:
    """Load a plugin in a process of its own. It takes a second or two.

    Raises `PluginRefused` with what that process says. Call it while no lock is held.
    """
    loaded(host, name)
    command = [sys.executable, "-m", "core.registry.check", name, str(host.plugins_dir)]
    try:
        run = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, timeout=CHECK_SECONDS, check=False, cwd=Path(__file__).parents[2]
        )
    except subprocess.TimeoutExpired as error:
        raise PluginRefused(
            _("%(name)s did not start within %(seconds)s seconds in a fresh process.", name=name, seconds=CHECK_SECONDS)
        ) from error
    if run.returncode:
        raise PluginRefused(
            _("%(name)s does not start in a fresh process: %(reason)s", name=name, reason=run.stderr.strip()[-400:])
        )


def main(name: str, plugins_dir: Path) -> int:
    """Return 0 when the plugin loads and all it brings can be served; nothing of the installation is touched."""
    from core.app import create_app

    with TemporaryDirectory() as folder:
        settings = Settings(
            env="development", database_url="sqlite://", data_dir=Path(folder), plugins_dir=plugins_dir, safe_mode=False
        )
        plugin = create_app(settings).extensions["backoffice"].host.plugins.get(name)
    if plugin is None or not plugin.is_loaded:
        print(plugin.failure if plugin else f"no plugin named {name}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], Path(sys.argv[2]) if len(sys.argv) > 2 else Settings().plugins_dir))
