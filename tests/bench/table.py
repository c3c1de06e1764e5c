"""The table of a run."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """One operation: what it cost on the floor, on the rich page and in the product, and what it may cost."""

    name: str
    floor: str
    rich: str
    product: str
    ratio: float | None
    goal: str
    holds: bool | None
    """Whether the goal was met; None without a goal, or when it could not be measured."""

    @property
    def verdict(self) -> str:
        """ok, over, or – when there is nothing to judge."""
        return "–" if self.holds is None else "ok" if self.holds else "over"

    @property
    def cells(self) -> tuple[str, ...]:
        """The line as texts."""
        ratio = "–" if self.ratio is None else f"{self.ratio:.1f}"
        return (self.name, self.floor, self.rich, self.product, ratio, self.goal, self.verdict)


HEADINGS = ("operation", "floor", "rich", "product", "ratio", "goal", "")


def at_most(
    name: str,
    floor: float,
    product: float,
    goal: float,
    *,
    rich: str = "",
    unit: str = "ms",
    floor_note: str = "",
    product_note: str = "",
) -> Line:
    """Return a line whose goal is a multiple of the floor."""
    ratio = product / floor
    return Line(
        name,
        f"{_figure(floor)} {unit}{floor_note}",
        rich,
        f"{_figure(product)} {unit}{product_note}",
        ratio,
        f"≤ {goal:g}",
        ratio <= goal,
    )


def _figure(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.1f}" if value >= 10 else f"{value:.2f}"


def not_measured(name: str, goal: float, reason: str) -> Line:
    """Return a line that says why there is no figure."""
    return Line(name, "", "", reason.splitlines()[0][:60], None, f"≤ {goal:g}", None)


def as_text(database: str, lines: list[Line]) -> str:
    """Return the table for a terminal."""
    rows = [HEADINGS, *(line.cells for line in lines)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(HEADINGS))]
    return "\n".join(
        [
            f"\n{database}",
            *("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows),
        ]
    )


def as_markdown(results: dict[str, list[Line]], scale: float) -> str:
    """Return the page for docs/."""
    parts = [
        "# Speed\n",
        f"`make bench SCALE={scale:g}`: p50 with one client · answers a second with eight. Only the ratios are the record.\n",
    ]
    for database, lines in results.items():
        parts += [f"## {database}\n", f"| {' | '.join(HEADINGS)} |", "|---" * len(HEADINGS) + "|"]
        parts += [f"| {' | '.join(line.cells)} |" for line in lines]
        parts.append("")
    return "\n".join(parts)
