"""The first page of the desk: everything this person may open, by plugin."""

from typing import Any

from core.access.guards import Guard
from core.access.person import current_person
from core.admin.menu import menu_of
from core.admin.pins import pinned
from core.admin.view import Page, expose
from core.db import session
from core.language import N_, _


class DeskHome(Page):
    """`/admin/`: the map of the desk."""

    title = N_("Desk")
    in_menu = False

    def __init__(self, endpoint: str, url: str) -> None:
        super().__init__(endpoint, url)
        self.static_folder = "static"

    def guard(self, method: str) -> Guard:
        """Everybody who is signed in sees the doors that are open to them."""
        return Guard("signed_in", reason="it shows only what one may open")

    @expose("/")
    def index(self) -> Any:
        """Show the doors, and which of them stand on one's home."""
        person = current_person()
        return self.render(
            "backoffice/doors.html", page_title=_("Desk"), groups=menu_of(person), pinned=set(pinned(session, person)),
            page_lead=_("Press the star of what you use every day: it then stands on your home."),
        )  # fmt: skip
