"""What a form asks for: declared once, parsed and checked the same way on a page and in an import."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from sqlalchemy import Text

from core import typed
from core.admin.columns import kind_of, show
from core.db import whole_numbers_of
from core.language import _, gettext
from core.model_facts import model_fact


@dataclass(frozen=True, eq=False)
class Field:
    """One thing a form asks for.

    `lookup` names the resource whose rows may be chosen (`org.node`); the id typed must lie within the
    person's reach. `parse` replaces the parser of the kind; it returns the value or raises `BadValue`.
    """

    name: str
    title: str
    kind: str = ""
    required: bool = False
    help: str = ""
    choices: dict[Any, str] | None = None
    lookup: str = ""
    maximum: int | None = None
    minimum: int | None = None
    only_new: bool = False
    bulk: bool = False
    parse: Callable[[str], Any] | None = None
    aliases: tuple[str, ...] = ()
    """Column headings of a file that mean this field, besides its name and title."""

    def kind_for(self, model: Any) -> str:
        """Return how the field is asked: from the column's type unless it was said."""
        if self.kind:
            return self.kind
        if self.choices:
            return "select"
        if self.lookup:
            return "lookup"
        return kind_of(model, self.name, (Text, "textarea"))

    def value_of(self, text: str, model: Any) -> Any:
        """Return the value that `text` means; raise `BadValue` with a message for the person."""
        return self.reader(model)(text)

    @model_fact
    def reader(self, model: Any) -> Callable[[str], Any]:
        """Return the function from text to value, for who reads a column of many rows; it raises as `value_of`."""
        kind = self.kind_for(model)
        parse = self.parse or (self._chosen if self.choices else self._parser(kind, model))

        def read(text: str) -> Any:
            text = typed.text(text)
            if kind == "boolean":
                return typed.boolean(text) if text else False
            if not text:
                if self.required:
                    raise typed.BadValue(_("Please fill this in."))
                return None
            return parse(text)

        return read

    def _parser(self, kind: str, model: Any) -> Callable[[str], Any]:
        match kind:
            case "money":
                return partial(typed.money, minimum=self.minimum, maximum=self.maximum)
            case "number" | "lookup":
                smallest, largest = whole_numbers_of(getattr(model, self.name).type)
                smallest = smallest if self.minimum is None else self.minimum
                return partial(
                    typed.integer, minimum=smallest, maximum=largest if self.maximum is None else self.maximum
                )
            case "date":
                return typed.date
            case "time":
                return typed.time
            case "mobile":
                return typed.mobile
        longest = self.maximum or getattr(getattr(getattr(model, self.name, None), "type", None), "length", None)
        return partial(typed.text, maximum=longest)

    def _chosen(self, text: str) -> Any:
        for value, title in (self.choices or {}).items():
            if text in (str(value), title, gettext(title)):
                return value
        raise typed.BadValue(_("“%(text)s” is not one of the choices.", text=text))


class TypedField:
    """One field of a form: what was typed, what it means, and what is wrong with it."""

    def __init__(self, declared: Field, model: Any, present: Any) -> None:
        self.declared, self.model, self.data = declared, model, present
        self.typed_text: str | None = None
        self.process_errors: list[str] = []
        self.errors: list[str] = []

    def read(self, text: str) -> None:
        """Read what was typed; a bad value keeps its text, and the reason waits for `Form.validate`."""
        self.typed_text = text
        is_mobile = self.data and self.declared.kind_for(self.model) == "mobile"
        if is_mobile and text.strip() == typed.mask_mobile(self.data):
            return  # the mask was left as it stood, and so is the number
        try:
            self.data = self.declared.value_of(text, self.model)
        except ValueError as error:
            self.process_errors = [str(error)]

    def shown(self) -> str:
        """Return the text for the form: what was typed, else the present value; a mobile number masked."""
        if self.typed_text is not None:
            return self.typed_text
        if self.data is None or isinstance(self.data, bool):
            return "1" if self.data else ""
        kind = self.declared.kind_for(self.model)
        return str(self.data) if kind in ("text", "textarea", "lookup", "number", "select") else show(self.data, kind)


class Form:
    """The fields of one row, filled from what was sent, else from the row.

    It does what this house asks of a form and no more: one of WTForms' takes ten times as long to be made.
    """

    def __init__(self, model: Any, fields: list[Field], sent: Any = None, row: Any = None) -> None:
        self.fields = {f.name: TypedField(f, model, getattr(row, f.name, None)) for f in fields}
        if sent is not None:
            for name, field in self.fields.items():
                field.read(sent.get(name, ""))

    def __getitem__(self, name: str) -> TypedField:
        return self.fields[name]

    def validate(self) -> bool:
        """Say whether all that was typed could be read; from now on each field tells its errors."""
        for field in self.fields.values():
            field.errors = list(field.process_errors)
        return not any(field.errors for field in self.fields.values())
