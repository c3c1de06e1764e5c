"""What a list's address asks for, read once."""

from typing import TYPE_CHECKING, Any

from werkzeug.datastructures import MultiDict

from core import typed
from core.admin import listing
from core.admin.columns import Column
from core.db import Deletable
from core.language import gettext

if TYPE_CHECKING:
    from core.admin.model_view import ModelView


class ListQuestion:
    """What a list's address asks for, read once and kept: bad values become messages, not errors."""

    def __init__(self, view: "ModelView", arguments: Any) -> None:
        self.view = view
        self.arguments: MultiDict[str, str] = arguments
        self.in_bin = arguments.get("bin") == "1" and issubclass(view.model, Deletable)
        self.words = typed.text(arguments.get("search", ""))[:60]
        self.problems: list[str] = []
        self.columns = view.offered_columns()
        name = arguments.get("sort", view.default_order[0])
        column = next((column for column in self.columns if column.name == name), None)
        usable = column is not None and column.sortable
        self.order = listing.Order(
            column if usable else (view.by_name.get(view.default_order[0]) or Column("id", "")),  # type: ignore[arg-type]
            (arguments.get("desc") == "1") if usable and "sort" in arguments else view.default_order[1],
        )
        self.filters: dict[str, tuple[str, str]] = {}
        self.narrowing: list[Any] = []
        self._read_filters()

    def _read_filters(self) -> None:
        for column in self.columns:
            if not column.filter:
                continue
            try:
                conditions, value, text = listing.filter_conditions(self.view.model, column, self.arguments)
            except typed.BadValue as error:
                self.problems.append(f"{gettext(column.title)}: {error}")
                continue
            self.filters[column.name] = (value, text)
            self.narrowing += conditions
        if self.words and self.view.search:
            self.narrowing.append(self.view.search_condition(self.words))

    def conditions(self, action: str) -> list[Any]:
        """Return scope, bin, filters and search as conditions."""
        return [*self.view.conditions(action, in_bin=self.in_bin), *self.narrowing]

    def shown_columns(self) -> list[Column]:
        """Return the columns that were chosen, else those shown at first; the first one always."""
        chosen = set(self.arguments.getlist("columns"))
        return [
            column
            for position, column in enumerate(self.columns)
            if position == 0 or (column.name in chosen if chosen else column.shown)
        ]
