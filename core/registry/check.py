"""Load one plugin in a process of its own and say what is wrong with it: `python -m core.registry.check NAME`."""

import sys

from config.settings import Settings
from core.registry.host import Host


def main(name: str) -> int:
    """Return 0 when the plugin loads and answers its start-up hooks."""
    host = Host()
    host.load(Settings().plugins_dir)
    plugin = host.plugins.get(name)
    if plugin is None or not plugin.is_loaded:
        print(plugin.failure if plugin else f"no plugin named {name}", file=sys.stderr)
        return 1
    for hook in ("backoffice_permissions", "backoffice_admin_views", "backoffice_blueprints"):
        host.collect(hook, only={name})
    errors = [count.last_error for count in plugin.counts.values() if count.failures]
    print("\n".join(errors), file=sys.stderr)
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
