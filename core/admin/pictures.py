"""Pictures drawn by the server as SVG: they print, need no script, and have a table behind them for reading aloud.

Templates call them as `pictures.line(…)`. They are plain functions, because a macro takes ten times as long.
Values are numbers or None; None is a gap, never a zero. On a phone page pass `width=340`, so that the text stays
12 px; `caption=False` leaves out the visible title where the card already says it.
"""

import math
from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple

from markupsafe import Markup, escape

from core.language import _, current_locale

Number = int | float | Decimal | None
WAN_FROM = 100_000
"""From here on an axis in Chinese counts in 万."""


def _figure(value: Number, unit: str = "") -> str:
    if value is None:
        return "–"
    return f"{int(value):,}{unit}" if value == int(value) else f"{float(value):,.1f}{unit}"


def _mark(value: float, unit: str) -> str:
    """Write a value beside an axis: short."""
    if abs(value) < WAN_FROM or not current_locale().startswith("zh"):
        return _figure(value, unit)
    wan = round(value / 10_000, 1)
    return f"{int(wan) if wan == int(wan) else wan:,}万{unit}"


def _known(values: Sequence[Number]) -> list[float]:
    return [float(value) for value in values if value is not None]


def bullet(
    value: Number, target: Number, maximum: Number, title: str,
    meaning: str = "", unit: str = "", height: int = 16, table: bool = True,
) -> Markup:  # fmt: skip
    """Draw one bar against a target mark; `table=False` for dense boards where the row already says both figures."""
    title, unit = escape(title), escape(unit)
    sold, wanted = float(value or 0), float(target or 0)
    top = max(float(maximum or 0), sold, wanted, 0.0) or 1.0
    said = (
        (f"{title}: " if title else "")
        + _figure(value, unit)
        + ("" if target is None else f" / {_figure(target, unit)}")
    )
    meaning = meaning or ("good" if wanted and sold >= wanted else "")
    bar = f'<rect class="bar {meaning}" x="0" y="{height * 0.25}" width="{round(200 * sold / top, 1)}" height="{height * 0.5}"/>'
    mark = f'<rect class="target" x="{min(round(200 * wanted / top, 1) - 1, 198)}" y="0" width="2" height="{height}"/>'
    picture = (
        f'<svg class="picture bullet" viewBox="0 0 200 {height}" width="200" height="{height}" preserveAspectRatio="none" role="img"'
        f' aria-label="{said}"><title>{said}</title><rect class="track" x="0" y="{height * 0.25}" width="200" height="{height * 0.5}"/>'
        f'{bar if sold > 0 else ""}{mark if wanted else ""}</svg>'
    )  # fmt: skip
    if table:
        rows = ((escape(_("Value")), value), (escape(_("Target")), target))
        picture += _behind("span", title, _rows(rows, unit))
    return Markup(picture)


def _behind(tag: str, title: str, rows: str) -> str:
    """Return the table that is read aloud in place of a picture."""
    return f'<{tag} class="unseen"><table><caption>{title}</caption>{rows}</table></{tag}>'


def _rows(rows: Sequence[tuple[str, Number]], unit: str) -> str:
    return "".join(f'<tr><th scope="row">{label}</th><td>{_figure(value, unit)}</td></tr>' for label, value in rows)


def sparkline(
    points: Sequence[Number],
    title: str,
    labels: Sequence[str] = (),
    width: int = 120,
    height: int = 28,
    table: bool = True,
) -> Markup:
    """Draw a small line without axes."""
    title, known = escape(title), _known(points)
    low, high = (min(known), max(known)) if known else (0.0, 1.0)
    step, span = (width - 6) / max(len(points) - 1, 1), (high - low) or 1
    pen = _drawn([
        None if point is None else (round(3 + place * step, 1), round(height - 4 - (height - 8) * (float(point) - low) / span, 1))
        for place, point in enumerate(points)
    ])  # fmt: skip
    if pen.last:
        line = f'<path class="series" d="{pen.path}"/><circle class="point" cx="{pen.last[0]}" cy="{pen.last[1]}" r="2.5"/>'
    else:
        line = f'<line class="grid" x1="3" y1="{height / 2}" x2="{width - 3}" y2="{height / 2}"/>'
    picture = (
        f'<svg class="picture sparkline" viewBox="0 0 {width} {height}" width="{width}" height="{height}" role="img"'
        f' aria-label="{title}"><title>{title}</title>{line}</svg>'
    )
    if table:
        said = [f"{escape(label)}: " for label in labels] or [""] * len(points)
        cells = "".join(f"<td>{word}{_figure(point)}</td>" for word, point in zip(said, points, strict=True))
        picture += _behind("span", title, f"<tr>{cells}</tr>")
    return Markup(picture)


class _Pen(NamedTuple):
    path: str
    alone: list[tuple[float, float]]
    """Points without a neighbour: no line would show them."""
    last: tuple[float, float] | None


def _drawn(places: Sequence[tuple[float, float] | None]) -> _Pen:
    """Draw through places on the paper; the pen is lifted over a gap."""
    path, alone, last = "", [], None
    for before, place, after in zip((None, *places), places, (*places[1:], None), strict=False):
        if place is not None:
            path += f"{'L' if before else 'M'}{place[0]} {place[1]}"
            last = place
            if before is None and after is None:
                alone.append(place)
    return _Pen(path, alone, last)


def bars(
    rows: Sequence[tuple[str, Number, str]], title: str,
    unit: str = "", width: int = 560, label_width: int = 124, caption: bool = True,
) -> Markup:  # fmt: skip
    """Draw rows of (label, value, meaning), the longest over the full width; negative values go left."""
    title, unit = escape(title), escape(unit)
    values = [0.0, *_known([value for _label, value, _meaning in rows])]
    low, span = min(values), (max(values) - min(values)) or 1
    room, tall = width - label_width - 88, len(rows) * 28 + 4
    zero = label_width + room * (0 - low) / span
    longest = label_width // 15
    drawn = ""
    for place, (label, value, meaning) in enumerate(rows):
        y = place * 28 + 4
        short = label if len(label) <= longest else f"{label[: longest - 1]}…"
        drawn += f'<text class="figure" x="0" y="{y + 14}">{escape(short)}</text>'
        if value is None:
            drawn += f'<text x="{zero + 8}" y="{y + 14}">–</text>'
            continue
        long = max(round(room * abs(float(value)) / span, 1), 1)
        left, end = (zero, zero + long) if value >= 0 else (zero - long, zero)
        drawn += (
            f'<rect class="bar {meaning or ""}" x="{round(left, 1)}" y="{y + 2}" width="{long}" height="16" rx="2"/>'
            f'<text class="figure" x="{round(end + 8, 1)}" y="{y + 14}">{_mark(float(value), unit)}</text>'
        )
    axis = f'<line class="axis" x1="{round(zero, 1)}" y1="0" x2="{round(zero, 1)}" y2="{tall}"/>'
    table = _rows([(escape(label), value) for label, value, _meaning in rows], unit)
    return _box("bars", title, width, tall, drawn + axis, table, caption)


def columns(
    rows: Sequence[tuple[str, Number]],
    title: str,
    unit: str = "",
    width: int = 340,
    height: int = 96,
    caption: bool = True,
) -> Markup:
    """Draw a small upright bar for each (label, value), such as months in their order; values below zero hang down.

    Only the first and the last label are written; the table behind has all figures.
    """
    title, unit = escape(title), escape(unit)
    values = [0.0, *_known([value for _label, value in rows])]
    span, deep, each = (max(values) - min(values)) or 1, height - 22, width / max(len(rows), 1)
    zero = round(2 + deep * max(values) / span, 1)
    drawn = f'<line class="axis" x1="0" y1="{zero}" x2="{width}" y2="{zero}"/>'
    for place, value in enumerate(float(value or 0) for _label, value in rows):
        if value:
            long = max(round(deep * abs(value) / span, 1), 1)
            y = zero if value < 0 else round(zero - long, 1)
            drawn += f'<rect class="bar" x="{round(place * each + 2, 1)}" y="{y}" width="{round(each - 4, 1)}" height="{long}" rx="2"/>'
    ends = ((0, "start", rows[0][0]), (width, "end", rows[-1][0])) if rows else ()
    drawn += "".join(
        f'<text x="{x}" y="{height - 4}" text-anchor="{anchor}">{escape(label)}</text>' for x, anchor, label in ends
    )
    return _box(
        "columns", title, width, height, drawn, _rows([(escape(label), value) for label, value in rows], unit), caption
    )


def _box(kind: str, title: str, width: int, height: int, drawn: str, table: str, caption: bool) -> Markup:
    shown = f"<figcaption>{title}</figcaption>" if caption else ""
    return Markup(
        f'<figure class="picture-box">{shown}<svg class="picture {kind}" viewBox="0 0 {width} {height}" width="{width}" height="{height}"'
        f' role="img" aria-label="{title}"><title>{title}</title>{drawn}</svg>\n'
        f"{_behind('div', title, table)}</figure>"
    )


def _axis(values: list[float]) -> tuple[float, float]:
    """Return round ends for an axis that holds all values, and zero."""
    peak, dip = max([0.0, *values]), min([0.0, *values])
    size = max(peak, -dip)
    step = 10 ** (len(str(int(size))) - 1) if size >= 1 else 0.1
    step = step / 2 if size / step < 5 else step
    return float(math.floor(dip / step)) * step, float(math.ceil(peak / step)) * step or (0 if dip < 0 else 1)


LEFT, RIGHT, UNDER, LABEL = 56, 12, 24, 56
"""Room for what stands at the axes of a line picture, and for one label under it, in pixels."""


def line(
    series: Sequence[tuple[str, Sequence[Number]]], labels: Sequence[str], title: str,
    unit: str = "", width: int = 560, height: int = 220, caption: bool = True,
) -> Markup:  # fmt: skip
    """Draw series of (name, points), a point a label; the first is solid, the others dashed."""
    title, unit = escape(title), escape(unit)
    names, labels = [escape(name) for name, _points in series], [escape(label) for label in labels]
    bottom, top = _axis([value for _name, points in series for value in _known(points)])
    span, over = (top - bottom) or 1, 28 if len(series) > 1 else 10
    room, deep = width - LEFT - RIGHT, height - over - UNDER
    step = room / max(len(labels) - 1, 1)
    drawn = _scale(bottom, top, width, over, deep, unit) + _days(labels, room, height)
    for turn, (name, (_name, points)) in enumerate(zip(names, series, strict=True)):
        pen = _drawn([
            None if point is None else (round(LEFT + place * step, 1), round(over + deep * (top - float(point)) / span, 1))
            for place, point in enumerate(points)
        ])  # fmt: skip
        if pen.path:
            drawn += f'<path class="series series-{turn + 1}" d="{pen.path}"/>'
        drawn += "".join(f'<circle class="point point-{turn + 1}" cx="{x}" cy="{y}" r="3"/>' for x, y in pen.alone)
        if len(series) > 1:
            x = LEFT + turn * 120
            drawn += f'<line class="series series-{turn + 1}" x1="{x}" y1="9" x2="{x + 22}" y2="9"/><text x="{x + 28}" y="13">{name}</text>'
    heads = "".join(f'<th scope="col">{name}</th>' for name in names)
    rows = "".join(
        f'<tr><th scope="row">{label}</th>{"".join(f"<td>{_figure(value, unit)}</td>" for value in values)}</tr>'
        for label, *values in zip(labels, *(points for _name, points in series), strict=True)
    )
    return _box("line", title, width, height, drawn, f"<tr><td></td>{heads}</tr>{rows}", caption)


def _scale(bottom: float, top: float, width: int, over: int, deep: int, unit: str) -> str:
    """Draw the lines across, with the value of each, and the one of zero where it lies between."""
    span, drawn = (top - bottom) or 1, ""
    for share in (0, 0.5, 1):
        y = round(over + deep * (1 - share), 1)
        drawn += (
            f'<line class="{"grid" if share else "axis"}" x1="{LEFT}" y1="{y}" x2="{width - RIGHT}" y2="{y}"/>'
            f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end">{_mark(bottom + span * share, unit)}</text>'
        )
    if bottom < 0 < top:
        y = round(over + deep * top / span, 1)
        drawn += f'<line class="axis" x1="{LEFT}" y1="{y}" x2="{width - RIGHT}" y2="{y}"/>'
    return drawn


def _days(labels: Sequence[str], room: int, height: int) -> str:
    """Write as many labels under the points as there is room for."""
    last, drawn = len(labels) - 1, ""
    step, each = room / max(last, 1), max(math.ceil(len(labels) * LABEL / room), 1)
    for place in range(0, len(labels), each):
        anchor = "start" if place == 0 < last else "end" if place == last else "middle"
        drawn += (
            f'<text x="{round(LEFT + place * step, 1)}" y="{height - 6}" text-anchor="{anchor}">{labels[place]}</text>'
        )
    return drawn
