"""An invoice title as it is compared: without brackets, spaces, width and case."""

import re
import unicodedata


def plain(text: str) -> str:
    """Return the signs of an invoice title that mean something."""
    return re.sub(r"[\W_]", "", unicodedata.normalize("NFKC", text).casefold())
