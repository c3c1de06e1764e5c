"""Build the application with one plugin's code in a process of its own: `python -m core.registry.check NAME [FOLDER]`."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from config.settings import Settings


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
