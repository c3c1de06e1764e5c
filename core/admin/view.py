"""What every page of the desk has in common: its place in the menu, its guard, its look."""

from collections.abc import Callable
from typing import Any, TypeVar

import flask_admin
from flask import render_template
from flask_admin import expose

from core.access.guards import Guard
from core.access.person import CurrentPerson, Forbidden, current_person

F = TypeVar("F", bound=Callable[..., Any])
__all__ = ["Page", "View", "allowed", "expose"]


def allowed(permission: str) -> Callable[[F], F]:
    """Let an address of a view need another permission than the view's usual one."""

    def mark(function: F) -> F:
        function.__guard__ = Guard("permission", permission)  # type: ignore[attr-defined]
        return function

    return mark


class View(flask_admin.BaseView):
    """The part `Page` and `ModelView` share. The host sets `plugin` when it registers the view."""

    title: str = ""
    """The name in the menu and at the top (marked with `N_`)."""
    lead: str = ""
    """One sentence under the title that says what this page is for."""
    in_menu: bool = True
    menu_part: str = ""
    """Under which heading the menu keeps it among the pages of its plugin (marked with `N_`); without one it stands above them."""
    plugin: str = ""

    def is_for(self, person: CurrentPerson) -> bool:
        """Say whether the menu offers it to a person who has the right to it; asked once for each set of rights."""
        return True

    def guard(self, method: str) -> Guard:
        """Return what a caller of `method` needs."""
        raise NotImplementedError

    def _handle_view(self, name: str, /, **arguments: Any) -> None:
        """Check the right a second time, behind the route's guard: a view may be called past its route."""
        guard = self.guard(name)
        if guard.kind == "permission" and not current_person().may(guard.permission):
            raise Forbidden(guard.permission)

    def _run_view(self, function: Any, /, *arguments: Any, **named: Any) -> Any:
        # Flask-Admin calls a view again without `self` when it raises TypeError, and hides the error.
        return function(self, *arguments, **named)

    def render(self, template: str, **context: Any) -> str:
        """Render a template of ours; Flask-Admin's own would bring its menu macros."""
        return render_template(template, view=self, **context)


class Page(View):
    """A page that is not a model's. Declare `permission`, `title`, and addresses with `@expose`."""

    permission: str = ""

    def __init__(self, endpoint: str, url: str) -> None:
        super().__init__(name=self.title, endpoint=endpoint, url=url)

    def guard(self, method: str) -> Guard:
        """Return the guard marked on the method, else the page's own permission."""
        marked = getattr(getattr(self, method), "__guard__", None)
        return marked or Guard("permission", self.permission)
