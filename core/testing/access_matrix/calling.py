"""How the matrix knocks, and what it must not see when a door opens."""

import io
import zipfile
from typing import Any

from core.testing.access_matrix.values import CANARY_SEEN
from core.testing.factories import token


class Caller:
    """A browser that reports what breaks as a failed assertion, and sends the CSRF token with every form."""

    def __init__(self, client: Any) -> None:
        self.client = client
        self.token = token(client)

    def __call__(self, method: str, url: str, data: Any = None, **options: Any) -> Any:
        """Send a request; an answer of 500 or more is a failure whoever asks."""
        try:
            if method == "GET":
                answer = self.client.get(url, **options)
            else:
                answer = self.client.open(
                    url, method=method, data={"csrf_token": self.token, **(data or {})}, **options
                )
        except AssertionError:
            raise
        except Exception as error:
            raise AssertionError(f"{method} {url} broke: {type(error).__name__}: {error}") from error
        assert answer.status_code < 500, f"{method} {url} answered {answer.status_code}"
        return answer


def must_not_show(answer: Any, what: str) -> None:
    text = answer.data.decode(errors="replace")
    if "spreadsheet" in (answer.mimetype or ""):
        book = zipfile.ZipFile(io.BytesIO(answer.data))
        text = " ".join(book.read(name).decode() for name in book.namelist() if name.endswith(".xml"))
    seen = CANARY_SEEN.search(text)
    assert not seen, f"{what} shows {seen[0]}: {text[max(0, seen.start() - 200) : seen.end() + 60]!r}"
