"""Style sheets, scripts and icons: served under an address that changes with their content."""

import hashlib
from functools import cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, url_for


def add_to(app: Flask, house: Any) -> None:
    """Serve core's static files and each plugin's; `asset("desk.css")`, `asset("day.js", "daily_reports")`, `bootstrap()`."""
    folders = {"core": Path(__file__).parent / "static"}
    for plugin in house.host.plugins.values():
        folder = plugin.installed.folder / "static"
        if plugin.is_loaded and folder.is_dir():
            folders[plugin.name] = folder
    for name, folder in folders.items():
        app.register_blueprint(
            Blueprint(f"{name}_static", __name__, static_folder=str(folder), static_url_path=f"/static/{name}")
        )

    @cache
    def version(name: str, owner: str) -> str:
        return hashlib.sha256((folders[owner] / name).read_bytes()).hexdigest()[:10]

    @cache
    def address(name: str, owner: str) -> str:
        return url_for(f"{owner}_static.static", filename=name, v=version(name, owner))

    def asset(name: str, owner: str = "core") -> str:
        return address(name, owner) if not app.debug else url_for(f"{owner}_static.static", filename=name)

    @cache
    def bootstrap() -> str:
        return url_for("admin.static", filename="bootstrap/bootstrap4/css/bootstrap.min.css")

    app.jinja_env.globals.update(asset=asset, bootstrap=bootstrap)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 31536000
