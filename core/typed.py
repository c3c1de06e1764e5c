"""Understand what a person types and what a file holds.

One function for each kind of value takes text and returns a Python value, or raises BadValue with
a message the person can act on. Full-width digits and punctuation, as Chinese keyboards write
them, count as their plain forms. Nothing is guessed: "1,5" may be 1.5 or a slip, so it is refused.
"""

import datetime
import re
import unicodedata
from decimal import Decimal

from core.clock import local
from core.language import _

LARGEST = 2**63 - 1
"""What a BIGINT column holds."""
LARGEST_AMOUNT = Decimal(LARGEST).scaleb(-2)
"""What a money column holds, in yuan."""
YEARS = range(1900, 2200)

# Zero-width spaces, soft hyphens and marks of writing direction; joiners stay, emoji need them.
_DIRECTIONS = (0x61C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A))
_INVISIBLE = dict.fromkeys((0xAD, 0x200B, 0x2060, 0xFEFF, *_DIRECTIONS))
_CONTROL = dict.fromkeys((*range(0x0A), *range(0x0B, 0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)))
_BREAKS = {0x09: " ", 0x2028: "\n", 0x2029: "\n"}
_FULL_WIDTH = {code: chr(code - 0xFEE0) for code in range(0xFF01, 0xFF5F)} | {0xFFE5: "¥"}
_SPACES = dict.fromkeys((0xA0, 0x2007, 0x2009, 0x202F, 0x3000), " ")
_DASHES = dict.fromkeys((*range(0x2010, 0x2016), 0x2212), "-")
_TO_KEEP = _CONTROL | _BREAKS | _INVISIBLE
_TO_READ = _FULL_WIDTH | _SPACES | _DASHES | _INVISIBLE

_WHOLE = r"(?P<whole>\d{1,3}(?P<group>[, ])\d{3}(?:(?P=group)\d{3})*|\d+)"
_UNITS = {"": 1, "百": 10**2, "千": 10**3, "万": 10**4, "萬": 10**4, "十万": 10**5, "百万": 10**6,
          "千万": 10**7, "亿": 10**8, "億": 10**8}  # fmt: skip
_MONEY = re.compile(
    rf"(?P<minus>[+-]?) ?¥? ?(?P<sign>[+-]?) ?{_WHOLE}(?:\.(?P<part>\d+))?"
    rf" ?(?P<unit>{'|'.join(_UNITS)}) ?(?:元整?|块|圆)?",
    re.ASCII,
)
_INTEGER = re.compile(rf"(?P<sign>[+-]?) ?{_WHOLE}(?:\.0+)?", re.ASCII)
_PERCENT = re.compile(r"([+-]?\d{1,12}(?:\.\d{1,20})?) ?%?", re.ASCII)
_SCIENTIFIC = re.compile(r"[+-]?\d+(\.\d+)?e[+-]?\d+", re.ASCII | re.IGNORECASE)
_DATE = re.compile(
    r"(\d{4})([-/.])(\d{1,2})\2(\d{1,2})|(\d{4})(\d\d)(\d\d)|(\d{4}) ?年 ?(\d{1,2}) ?月 ?(\d{1,2}) ?[日号]?",
    re.ASCII,
)
_TIME_BEHIND = re.compile(r"[T ](?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d(?:\.\d+)?)?$", re.ASCII)
_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d.*(?:Z|[+-]\d\d:?\d\d)", re.ASCII)
_SERIAL = re.compile(r"\d{1,6}(?:\.\d+)?", re.ASCII)
_TIME = re.compile(
    r"(\d{1,2}):(\d{2})(?::(\d{2}))?|(\d{1,2})(\d{2})|(\d{1,2}) ?[点时] ?(?:(\d{1,2}) ?分?|(半))?", re.ASCII
)
_MAINLAND_MOBILE = re.compile(r"(?:(?:\+|00)?86)?0?(1[3-9]\d{9})(?:\.0+)?", re.ASCII)
_YES = {"是", "yes", "y", "true", "1"}
_NO = {"否", "no", "n", "false", "0"}


class BadValue(ValueError):
    """A text does not mean a value of the kind asked for; the message is ready for the person."""


def text(value: str, maximum: int | None = None) -> str:
    """Return `value` composed (Unicode NFC), without control and direction marks, stripped.

    Line breaks stay, as "\\n", and so do emoji. Raises BadValue above `maximum` characters.
    """
    if not (value.isascii() and value.isprintable()):  # else there is nothing to take out and nothing to compose
        value = value.replace("\r\n", "\n").replace("\r", "\n").translate(_TO_KEEP)
        value = unicodedata.normalize("NFC", value)
    value = value.strip()
    if maximum is not None and len(value) > maximum:
        raise BadValue(_("This text has %(count)s characters; at most %(limit)s fit.", count=len(value), limit=maximum))
    return value


def money(text: str, minimum: Decimal | int | None = None, maximum: Decimal | int | None = None) -> Decimal:
    """Return an amount in yuan: "80000", "¥8,000.50", "8.5万", "1.2亿", "８千元".

    `minimum` and `maximum` are in yuan and allowed themselves. Raises BadValue, also for a fraction
    of a fen.
    """
    plain = _plain(text, _("Please enter an amount."))
    found = _MONEY.fullmatch(plain)
    if not found or (found["minus"] and found["sign"]):
        raise _not_a(plain, _("“%(text)s” is not an amount. Write it like 80000, 80,000.50 or 8.5万."))
    part = found["part"] or ""
    fen, rest = divmod(int(_digits(found["whole"]) + part) * _UNITS[found["unit"]] * 100, 10 ** len(part))
    if rest:
        raise _not_a(plain, _("“%(text)s” is finer than a fen. An amount has at most 2 decimals."))
    fen = -fen if "-" in (found["minus"], found["sign"]) else fen
    yuan = Decimal(fen).scaleb(-2)
    if minimum is not None and yuan <= 0 < minimum:
        raise BadValue(_("The amount must be more than 0."))
    low = -LARGEST_AMOUNT if minimum is None else minimum
    high = LARGEST_AMOUNT if maximum is None else maximum
    if yuan < low:
        raise BadValue(_("The amount must be at least %(bound)s yuan.", bound=show_money(low)))
    if yuan > high:
        raise BadValue(
            _(
                "%(amount)s yuan is more than the %(bound)s yuan possible here. Too many zeros?",
                amount=show_money(yuan),
                bound=show_money(high),
            )
        )
    return yuan


def integer(text: str, minimum: int | None = None, maximum: int | None = None) -> int:
    """Return a whole number: "1234", "1,234", "１２３４", "12.0". Raises BadValue."""
    plain = _plain(text, _("Please enter a number."))
    found = _INTEGER.fullmatch(plain)
    if not found:
        raise _not_a(plain, _("“%(text)s” is not a whole number. Write it like 1234."))
    number = int(found["sign"] + _digits(found["whole"]))
    low, high = _bounds(minimum, maximum)
    if number < low:
        raise BadValue(_("The number must be at least %(bound)s.", bound=f"{low:,}"))
    if number > high:
        raise BadValue(_("The number must be at most %(bound)s.", bound=f"{high:,}"))
    return number


def percent(text: str, minimum: int | None = None, maximum: int | None = None) -> Decimal:
    """Return percentage points: 85 for "85" and for "85%", 0.85 for "0.85". Raises BadValue."""
    plain = _plain(text, _("Please enter a percentage."))
    found = _PERCENT.fullmatch(plain)
    if not found:
        raise _not_a(plain, _("“%(text)s” is not a percentage. Write it like 85 or 85%%."))
    points = Decimal(found[1])
    if minimum is not None and points < minimum:
        raise BadValue(_("The percentage must be at least %(bound)s.", bound=minimum))
    if maximum is not None and points > maximum:
        raise BadValue(_("The percentage must be at most %(bound)s.", bound=maximum))
    return points


def date(text: str, serials: bool = False) -> datetime.date:
    """Return a day: "2026-11-21", "2026/11/21", "2026.11.21", "20261121", "2026年11月21日".

    A time behind it (ISO 8601) is dropped; one with an offset from UTC is first put on Shanghai's
    clock. With `serials`, a number counts days as Excel does. Raises BadValue.
    """
    plain = _plain(text, _("Please enter a date."))
    found = _DATE.fullmatch(_TIME_BEHIND.sub("", plain))
    try:
        if found:
            year, month, day = (int(part) for part in found.groups() if part and part.isdigit())
            result = datetime.date(year, month, day)
        elif _INSTANT.fullmatch(plain):
            result = local(datetime.datetime.fromisoformat(plain)).date()
        elif serials and _SERIAL.fullmatch(plain):
            result = _day_of_serial(int(float(plain)))
        else:
            result = datetime.date.min
    except (ValueError, OverflowError) as error:
        raise _not_a(plain, _("There is no day “%(text)s”.")) from error
    if result.year not in YEARS:
        raise _not_a(plain, _("“%(text)s” is not a date. Write it like 2026-11-21."))
    return result


def time(text: str) -> datetime.time:
    """Return a time of day: "8:30", "08：30", "0830", "8点半". Raises BadValue."""
    plain = _plain(text, _("Please enter a time."))
    found = _TIME.fullmatch(plain)
    wrong = _("“%(text)s” is not a time of day. Write it like 8:30.")
    if not found:
        raise _not_a(plain, wrong)
    hour, minute, second = found[1] or found[4] or found[6], found[2] or found[5] or found[7], found[3]
    try:
        return datetime.time(int(hour), 30 if found[8] else int(minute or 0), int(second or 0))
    except ValueError as error:
        raise _not_a(plain, wrong) from error


def mobile(text: str) -> str:
    """Return a mobile number: 11 digits for the mainland, E.164 ("+85291234567") for elsewhere.

    Spaces, dashes, brackets, 0086, +86 and a leading 0 are understood. Mainland numbers go by their
    pattern, the others by the numbering plans in the phonenumbers library. Raises BadValue.
    """
    plain = _plain(text, _("Please enter a mobile number."))
    digits = re.sub(r"[ ()\-]", "", plain)
    mainland = _MAINLAND_MOBILE.fullmatch(digits)
    if mainland:
        return mainland[1]
    wrong = _("“%(text)s” is not a mobile number. Write 11 digits, or + and the country code first.")
    if not re.fullmatch(r"(\+|00)[1-9]\d{5,14}", digits, re.ASCII):
        raise _not_a(plain, wrong)
    import phonenumbers

    try:
        number = phonenumbers.parse(re.sub(r"^00", "+", digits), None)
    except phonenumbers.NumberParseException as error:
        raise _not_a(plain, wrong) from error
    if number.country_code == 86 or not phonenumbers.is_valid_number(number):
        raise _not_a(plain, wrong)
    return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)


def boolean(text: str) -> bool:
    """Return whether the text says yes: 是, yes, true, 1 against 否, no, false, 0. Raises BadValue."""
    plain = _plain(text, _("Please answer yes or no."))
    if plain.casefold() in _YES | _NO:
        return plain.casefold() in _YES
    raise _not_a(plain, _("“%(text)s” is neither yes nor no. Write 是 or 否."))


def show_money(yuan: Decimal | int) -> str:
    """Return an amount of yuan as "1,234.50", and "1,234" when it is whole; `money` reads it back."""
    return f"{yuan:,.0f}" if yuan == int(yuan) else f"{yuan:,.2f}"


def show_wan(yuan: Decimal | int) -> str:
    """Return an amount of yuan short enough for a board: "12.3万" above 100,000, else exact."""
    if abs(yuan) <= 100_000:
        return show_money(yuan)
    thousands = int((abs(yuan) + 500) // 1_000)
    return f"{'-' if yuan < 0 else ''}{thousands // 10:,}" + (f".{thousands % 10}" if thousands % 10 else "") + "万"


def mask_mobile(number: str) -> str:
    """Return a number that may be listed: 13800138000 as 138****8000; at least four digits are hidden."""
    if len(number) < 8:
        return "****"
    return f"{number[: min(3, len(number) - 8)]}****{number[-4:]}"


def _plain(text: str, missing: str) -> str:
    plain = (text if text.isascii() else text.translate(_TO_READ)).strip()
    if not plain:
        raise BadValue(missing)
    if len(plain) > 60:
        raise _not_a(plain, _("“%(text)s” is too long for this field."))
    if _SCIENTIFIC.fullmatch(plain):
        raise _not_a(
            plain,
            _("“%(text)s” is shortened by Excel. Format the column as text and enter the number again."),
        )
    return plain


def _not_a(plain: str, message: str) -> BadValue:
    return BadValue(message % {"text": plain if len(plain) <= 40 else f"{plain[:40]}…"})


def _digits(grouped: str) -> str:
    return grouped.replace(",", "").replace(" ", "")


def _bounds(minimum: int | None, maximum: int | None) -> tuple[int, int]:
    return (-LARGEST if minimum is None else minimum), (LARGEST if maximum is None else maximum)


def _day_of_serial(days: int) -> datetime.date:
    """Excel counts 1900-01-01 as 1 and a 29 February 1900 that never was as 60."""
    if days < 1 or days == 60:
        raise ValueError(days)
    return datetime.date(1899, 12, 31 if days < 60 else 30) + datetime.timedelta(days=days)
