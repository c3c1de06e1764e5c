"""What a customer is found by besides the mobile number: e-mail, WeCom, the title of their invoices.

Each is read the way people type it, and shown so that it can be recognised but not taken away.
"""

import re
import unicodedata
from collections.abc import Callable

from core.api import _, typed

ONE_EACH = ("mobile", "email", "wecom")
"""Of these a customer has one at a time, which also stands on their own row; of titles they may have several."""
OFFERED = ("email", "wecom", "invoice_title")
"""What the page of a customer's identities asks for; a mobile number is changed with the record."""
_PART = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_EMAIL = re.compile(
    rf"(?!\.)(?!.*\.\.)[a-z0-9.!#$%&'*+/=?^_`{{|}}~-]{{1,64}}(?<!\.)@(?:{_PART}\.)+[a-z]{{2,63}}", re.ASCII
)
_WECOM = re.compile(r"[A-Za-z0-9_@.\-]{1,64}", re.ASCII)
_TAX_NUMBER = re.compile(r"[0-9A-Z]{15}|[0-9A-Z]{17,18}|[0-9A-Z]{20}", re.ASCII)


def read_email(text: str) -> str:
    """Return the address in small letters, as RFC 5321 allows it to be written; BadValue when it is none."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", typed.text(text, 120))).casefold()
    if not _EMAIL.fullmatch(plain):
        raise typed.BadValue(
            _("“%(text)s” is not an e-mail address. Write it like zhang@example.com.", text=plain[:40])
        )
    return plain


def read_wecom(text: str) -> str:
    """Return the id WeCom gives a contact, 1 to 64 letters, digits and _ - @ . ; BadValue when it is none."""
    plain = unicodedata.normalize("NFKC", typed.text(text, 120))
    if not _WECOM.fullmatch(plain):
        raise typed.BadValue(_("A WeCom id has up to 64 letters, digits, dots or dashes, without spaces."))
    return plain


def read_title(text: str) -> str:
    """Return an invoice title on one line; BadValue for one that is too short to be a name."""
    plain = " ".join(typed.text(text, 100).split())
    if len(plain) < 2:
        raise typed.BadValue(_("Please write the invoice title in full, as it stands on the licence."))
    return plain


def read_tax_number(text: str) -> str:
    """Return a taxpayer's number, 15, 17, 18 or 20 digits and capitals (18 since 2015, GB 32100); "" for none."""
    plain = re.sub(r"\s", "", unicodedata.normalize("NFKC", typed.text(text, 60))).upper()
    if plain and not _TAX_NUMBER.fullmatch(plain):
        raise typed.BadValue(
            _("A tax number has 15, 17, 18 or 20 digits and letters; this one has %(count)s.", count=len(plain))
        )
    return plain


READERS: dict[str, Callable[[str], str]] = {"email": read_email, "wecom": read_wecom, "invoice_title": read_title}


def masked(kind: str, value: str) -> str:
    """Return an identity as it may be shown: z****@example.com, zha****n007; an invoice title is no secret."""
    if kind == "invoice_title":
        return value
    if kind == "email":
        name, _at, domain = value.partition("@")
        return f"{name[:1]}****@{domain}"
    return typed.mask_mobile(value)
