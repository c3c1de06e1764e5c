"""A number as people type it, and what to say when it is none."""

import re
import unicodedata

from core.api import _, typed

_LANDLINE = re.compile(r"(?:(?:\+|00)?86)?(?:0\d{2,3})?[2-8]\d{6,7}", re.ASCII)
_SHORTEST_BEGINNING = 7
"""So many digits of a number are enough to look for; fewer fit too many people."""


def read_mobile(text: str) -> str:
    """Return the mobile number that `text` means; raise `BadValue` with what is wrong with it and what to do."""
    try:
        return typed.mobile(text)
    except typed.BadValue:
        digits = digits_of(text)
        if not digits:
            raise
        if _LANDLINE.fullmatch(digits):
            raise typed.BadValue(_("This is a landline. Please ask for a mobile number.")) from None
        if re.fullmatch(r"1\d*", digits, re.ASCII) and len(digits) != 11:
            raise typed.BadValue(
                _("A mobile number has 11 digits; this one has %(count)s. Please read it back.", count=len(digits))
            ) from None
        raise


def wrong_already(text: str) -> str:
    """Return what is wrong with a number that typing on cannot mend, a digit too many or a landline; else nothing."""
    if re.fullmatch(r"1\d{11,}|0[1-9]\d{9,}", digits_of(text)):
        try:
            read_mobile(text)
        except typed.BadValue as error:
            return str(error)
    return ""


def read_telephone(text: str) -> str:
    """Return the mobile number or landline (0755-26001234) that `text` means; BadValue when it is neither."""
    try:
        return typed.mobile(text)
    except typed.BadValue:
        digits = re.sub(r"^(?:0086|86)(?=0?\d{10})", "", digits_of(text))
        if not _LANDLINE.fullmatch(digits):
            raise
        return re.sub(r"^(010|02\d|0\d{3})(?=\d{7,8}$)", r"\1-", digits)


def digits_of(text: str) -> str:
    """Return the digits of what was typed, also full-width ones, without a leading country code; "" for words."""
    plain = re.sub(r"[\s()\-+\u200b-\u200f\u202a-\u202e\u2066-\u2069]", "", unicodedata.normalize("NFKC", text))
    if not plain.isascii() or not plain.isdigit():
        return ""
    return re.sub(r"^(0086|86|0)(?=1[3-9]\d{3})", "", plain)  # 0136 and 8613 are ends of numbers


def beginning_of(text: str) -> tuple[str, str] | None:
    """Return the first and the last mobile number that begin as typed, for a range; None when it is too short."""
    digits = digits_of(text)
    if not re.fullmatch(r"1[3-9]\d*", digits) or not _SHORTEST_BEGINNING <= len(digits) <= 11:
        return None
    return digits.ljust(11, "0"), digits.ljust(11, "9")


def ending_of(text: str) -> str:
    """Return the last four digits of a number when these alone were typed, else nothing."""
    digits = digits_of(text)
    return digits if len(digits) == 4 else ""


def mask_name(name: str) -> str:
    """Return a name of which only the beginning is shown: 张* for 张三."""
    return f"{name[:1]}{'*' * min(max(len(name) - 1, 1), 3)}"
