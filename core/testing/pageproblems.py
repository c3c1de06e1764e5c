"""What a page must not do while a test looks at it."""

import re
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from playwright.sync_api import BrowserContext, ConsoleMessage, Request, WebError


class PageProblems:
    """Collects errors of scripts, messages of the console and requests to another host.

    Chromium reports a breach of the Content-Security-Policy and an answer of 400 or above as console errors,
    so they are found here too.
    """

    def __init__(self) -> None:
        self._found: list[str] = []
        self._allowed: list[re.Pattern[str]] = []

    @property
    def found(self) -> list[str]:
        """Every problem that was not allowed, in the order of the events."""
        return [problem for problem in self._found if not any(ok.search(problem) for ok in self._allowed)]

    def allow(self, pattern: str) -> None:
        """Accept problems that a regular expression finds, such as "status of 409" in a test of conflicts."""
        self._allowed.append(re.compile(pattern))

    def watch(self, context: "BrowserContext", url: str) -> None:
        """Listen to every page of a context from now on; ``url`` names the one host its pages may ask."""
        host = urlsplit(url).netloc

        def console(message: "ConsoleMessage") -> None:
            place = message.location.get("url", "")
            # The browser asks for the icon by itself, also beside a page that names none.
            if message.type == "error" and urlsplit(place).path != "/favicon.ico":
                self._found.append(f"console error on {place}: {message.text}")

        def script(error: "WebError") -> None:
            self._found.append(f"script error: {error.error}")

        def request(request: "Request") -> None:
            asked = urlsplit(request.url)
            if asked.scheme in {"http", "https", "ws", "wss"} and asked.netloc != host:
                self._found.append(f"request to another host: {request.url}")

        context.on("console", console)
        context.on("weberror", script)
        context.on("request", request)
