"""What a setting of a plugin may be: a kind, a default, a range, and what each text typed for it means.

A plugin returns its settings from `backoffice_settings()`; the form, the checks and the command come from
the declaration. What is stored is JSON; what the plugin reads with `setting("plugin.name")` is a Python value.
"""

import re
from dataclasses import dataclass, field
from datetime import time
from decimal import Decimal
from typing import Any, ClassVar

from core import typed
from core.language import _, gettext


@dataclass(frozen=True)
class Setting:
    """What all kinds share. `default` holds until somebody says otherwise; `per_node` lets each place differ."""

    kind: ClassVar[str] = "text"
    """How a form asks for it."""

    name: str
    title: str
    default: Any
    help: str = ""
    per_node: bool = field(default=False, kw_only=True)

    def __post_init__(self) -> None:
        if not re.fullmatch(r"[a-z][a-z0-9_]{0,59}", self.name):
            raise ValueError(f"setting {self.name!r}: use small letters, digits and _")
        try:
            fits = self.loaded(self.stored(self.default)) == self.default
        except (ValueError, TypeError, AttributeError, ArithmeticError) as error:
            raise ValueError(f"setting {self.name}: its default {self.default!r} is refused: {error}") from error
        if not fits:
            raise ValueError(f"setting {self.name}: its default {self.default!r} is of another kind")

    def read(self, text: str) -> Any:
        """Return the value that a text means; raise `BadValue` with a message for the person."""
        raise NotImplementedError

    def stored(self, value: Any) -> Any:
        """Return a value as JSON keeps it."""
        return value

    def loaded(self, stored: Any) -> Any:
        """Return the value that is stored; raise ValueError when it does not fit this declaration any more."""
        return self.read(str(stored))

    def written(self, value: Any) -> str:
        """Return a value as a form shows it; `read` takes it back."""
        return str(self.stored(value))

    def shown(self, value: Any) -> str:
        """Return a value as a sentence shows it."""
        return self.written(value)

    def asked(self) -> dict[str, Any]:
        """Return what else a form needs to ask for it (see fields.html)."""
        return {}


@dataclass(frozen=True)
class TextSetting(Setting):
    """A line of text; left empty it is the default."""

    maximum: int = field(default=200, kw_only=True)

    def read(self, text: str) -> str:
        """Return the line."""
        return typed.text(text, self.maximum)

    def asked(self) -> dict[str, Any]:
        """Return the longest text that fits."""
        return {"maxlength": self.maximum}


@dataclass(frozen=True)
class WholeSetting(Setting):
    """A whole number between `minimum` and `maximum`, in `unit` (minutes, days, pieces)."""

    kind: ClassVar[str] = "number"
    minimum: int = field(default=0, kw_only=True)
    maximum: int = field(default=1_000_000, kw_only=True)
    unit: str = field(default="", kw_only=True)

    def read(self, text: str) -> int:
        """Return the number."""
        return typed.integer(text, self.minimum, self.maximum)

    def shown(self, value: Any) -> str:
        """Return the number with its unit."""
        return f"{value:,} {gettext(self.unit)}".strip()

    def asked(self) -> dict[str, Any]:
        """Return the unit and the keyboard for digits."""
        return {"unit": gettext(self.unit), "inputmode": "numeric"}


@dataclass(frozen=True)
class AmountSetting(Setting):
    """An amount in yuan, a Decimal, between `minimum` and `maximum`."""

    kind: ClassVar[str] = "money"
    minimum: Decimal | int = field(default=0, kw_only=True)
    maximum: Decimal | int = field(default=100_000_000, kw_only=True)

    def read(self, text: str) -> Decimal:
        """Return the amount."""
        return typed.money(text, self.minimum, self.maximum)

    def stored(self, value: Any) -> str:
        """Return the amount as text: JSON has floats only."""
        return str(Decimal(value))

    def written(self, value: Any) -> str:
        """Return the amount with thousands apart."""
        return typed.show_money(value)

    def shown(self, value: Any) -> str:
        """Return the amount with its sign."""
        return f"¥{typed.show_money(value)}"


@dataclass(frozen=True)
class ChoiceSetting(Setting):
    """One of `choices`, `{value: title}`."""

    kind: ClassVar[str] = "select"
    choices: dict[str, str] = field(default_factory=dict, kw_only=True, hash=False)

    def read(self, text: str) -> str:
        """Return the value that is named by itself or by its title."""
        text = typed.text(text)
        for value, title in self.choices.items():
            if text in (value, title, gettext(title)):
                return value
        raise typed.BadValue(
            _(
                "“%(text)s” is not one of the choices: %(choices)s.",
                text=text[:40],
                choices="、".join(gettext(title) for title in self.choices.values()),
            )
        )

    def shown(self, value: Any) -> str:
        """Return the title of the choice."""
        return gettext(self.choices[value])

    def asked(self) -> dict[str, Any]:
        """Return the choices."""
        return {"options": [(value, gettext(title)) for value, title in self.choices.items()]}


@dataclass(frozen=True)
class YesNoSetting(Setting):
    """Yes or no."""

    kind: ClassVar[str] = "select"

    def read(self, text: str) -> bool:
        """Return whether the text says yes."""
        return typed.boolean(text)

    def written(self, value: Any) -> str:
        """Return the word a form sends."""
        return "yes" if value else "no"

    def shown(self, value: Any) -> str:
        """Return the word for a person."""
        return _("Yes") if value else _("No")

    def asked(self) -> dict[str, Any]:
        """Return both words."""
        return {"options": [("yes", _("Yes")), ("no", _("No"))]}


@dataclass(frozen=True)
class TimeSetting(Setting):
    """A time of day in Shanghai, to the minute."""

    kind: ClassVar[str] = "time"

    def read(self, text: str) -> time:
        """Return the time."""
        return typed.time(text)

    def stored(self, value: time) -> str:
        """Return the time as HH:MM."""
        return value.strftime("%H:%M")


SETTING_TYPES = (TextSetting, WholeSetting, AmountSetting, ChoiceSetting, YesNoSetting, TimeSetting)
