"""A small client: one connection after the other for the time of an answer, eight at once for how many a second."""

import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPException
from urllib.parse import urlencode

SECONDS = 1.5
"""No measurement of one operation on one application lasts longer, however slow it is."""


class WrongAnswer(RuntimeError):
    """A page that is not what was asked for: its time would mean nothing."""


@dataclass
class Answer:
    """What came back, and when: seconds to the first byte of the body and to the last."""

    status: int
    body: bytes
    headers: dict[str, str]
    first_byte: float
    seconds: float


@dataclass
class Client:
    """A browser without a screen: keeps its cookie, and its connection where the server does."""

    port: int
    cookie: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._connection = HTTPConnection("127.0.0.1", self.port, timeout=120)

    def get(self, path: str) -> Answer:
        """Ask for a page."""
        return self._ask("GET", path, None, {})

    def post(self, path: str, form: dict[str, str]) -> Answer:
        """Send a form."""
        return self._ask("POST", path, urlencode(form), {"Content-Type": "application/x-www-form-urlencoded"})

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> Answer:
        if self.cookie:
            headers["Cookie"] = f"session={self.cookie}"
        started = time.perf_counter()
        try:
            self._connection.request(method, path, body, {**self.headers, **headers})
            response = self._connection.getresponse()
        except (HTTPException, OSError) as problem:
            raise WrongAnswer(f"{path} got no answer: {problem!r}") from problem
        content = response.read(1)
        first_byte = time.perf_counter() - started
        content += response.read()
        seconds = time.perf_counter() - started
        kept = response.getheader("Set-Cookie") or ""
        if kept.startswith("session="):
            self.cookie = kept.removeprefix("session=").split(";")[0]
        return Answer(response.status, content, dict(response.getheaders()), first_byte, seconds)

    def checked(self, path: str, holds: str = "") -> Answer:
        """Ask for a page and look whether it is the one that was meant."""
        answer = self.get(path)
        if answer.status != 200 or (holds and holds not in answer.body.decode()):
            raise WrongAnswer(f"{path} answered {answer.status} without “{holds}”: {answer.body[:300]!r}")
        return answer


def milliseconds(action: Callable[[], Answer], at_most: int) -> list[float]:
    """Return how long each run of `action` took, until it was done often or long enough."""
    taken: list[float] = []
    ends = time.perf_counter() + SECONDS
    while len(taken) < at_most and time.perf_counter() < ends:
        answer = action()
        if answer.status >= 400:
            raise WrongAnswer(f"answered {answer.status}: {answer.body[:300]!r}")
        taken.append(answer.seconds * 1000)
    return taken


def median(values: list[float]) -> float:
    """Return the value in the middle."""
    return statistics.median(values)


def percentile(values: list[float], percent: int) -> float:
    """Return the value that `percent` of the values do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, len(ordered) * percent // 100)]


def requests_a_second(make_action: Callable[[], Callable[[], Answer]], clients: int = 8) -> float:
    """Return how many answers a second `clients` get together, each asking again at once."""
    ends = time.perf_counter() + SECONDS
    counts = [0] * clients

    def ask(number: int) -> None:
        action = make_action()
        while time.perf_counter() < ends:
            action()
            counts[number] += 1

    started = time.perf_counter()
    threads = [threading.Thread(target=ask, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sum(counts) / (time.perf_counter() - started)
