"""The way from the desk to the counter."""

from typing import Any

from flask import redirect, url_for

from core.api import N_, CurrentPerson, Page, expose
from plugins.customers.pages.addresses import COUNTERS, CREATE


class CounterDoor(Page):
    """In the menu of those who stand at a counter; the counter itself is a page of the phone."""

    title = N_("Counter")
    permission = CREATE

    def is_for(self, person: CurrentPerson) -> bool:
        """Who stands at no counter finds none behind it."""
        return any(place.kind in COUNTERS for place in person.places)

    @expose("/")
    def index(self) -> Any:
        """Go there."""
        return redirect(url_for("customers.counter"))
