"""Plots as SVG. Their colours are names that the page, or the picture's own style, gives a value by light or dark."""

import hashlib
import io
import itertools
import math
import re
from collections.abc import Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure

from trainer.pages.numbers import format_column, format_number
from trainer.pages.records import Plot
from trainer.pages.text import clean, in_html

SERIES = 8
"""Colours there are; further series begin again, with other marks and dashes."""
STYLE = """
:root{--ink:#1c1f23;--muted:#666c75;--faint:#d9dce1;--s0:#2468b4;--s1:#c4620f;--s2:#0b8068;--s3:#8a4fa3;--s4:#b8394c;
--s5:#57790f;--s6:#0f7f9c;--s7:#6d6f76}
@media (prefers-color-scheme:dark){:root{--ink:#e8eaed;--muted:#9aa1ab;--faint:#3a3f47;--s0:#6aaaf0;--s1:#f09a4a;
--s2:#45c2a4;--s3:#c591de;--s4:#f07f8e;--s5:#a7c957;--s6:#56c3e0;--s7:#a9acb4}}
"""
"""Series in an order that neighbours differ in for every kind of colour vision, on both grounds."""

# matplotlib takes colours by value alone: these stand for the names until the picture is drawn.
_INK, _MUTED, _FAINT = "#000101", "#000102", "#000103"
_NAMES = {_INK: "--ink", _MUTED: "--muted", _FAINT: "--faint"} | {
    f"#0001a{index}": f"--s{index}" for index in range(SERIES)
}
_MARKS = "osD^vPX*"
_DASHES: tuple[str, ...] = ("-", "--", "-.", ":")
_RC: dict[Any, Any] = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a dollar in a mail begins no formula
    "font.size": 10,
    "text.color": _INK,
    "axes.edgecolor": _MUTED,
    "axes.labelcolor": _MUTED,
    "xtick.color": _MUTED,
    "ytick.color": _MUTED,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.axisbelow": True,
    "grid.color": _FAINT,
    "grid.linewidth": 0.8,
    "legend.frameon": False,
    "legend.fontsize": 9,
}
_WIDTH = 9.0
_THICKEST = 0.5
_MOST_COLUMNS = 10
_LONG_LABEL = 8
_EVEN = 1e-6
_NEAREST = 0.2
"""Share of its numbers that an axis of intervals shows at least."""


def draw(plot: Plot, *, is_alone: bool) -> str:
    """Return an SVG: to stand within a page that has STYLE, or alone in a file."""
    with mpl.rc_context({**_RC, "svg.hashsalt": plot.title}):
        figure = Figure(figsize=(_WIDTH, _height(plot)), layout="constrained")
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        _WAYS.get(plot.kind, _curves)(axes, plot)
        if len(plot.series) > 1:
            handles, labels = axes.get_legend_handles_labels()
            figure.legend(handles, labels, loc="outside upper left", ncols=min(4, len(labels)), handlelength=2.4)
        written = io.StringIO()
        figure.savefig(written, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    return _finish(written.getvalue(), plot, is_alone=is_alone)


def describe(plot: Plot) -> str:
    """Return what a plot shows in words, for those who do not see it."""
    parts = []
    for name, points in plot.series.items():
        values = [y for _, y in points if y is not None]
        missing = f", {len(points) - len(values)} of {len(points)} without a value" if len(values) < len(points) else ""
        span = f"{format_number(min(values))} to {format_number(max(values))}" if values else "nothing"
        parts.append(f"{name}: {span}{missing}" if name else f"{span}{missing}")
    axes = f"{plot.y_label} by {plot.x_label}" if plot.x_label else plot.y_label
    return " ".join(clean(f"{plot.title}. {axes}. {'; '.join(parts)}.").split())


def _curves(axes: Axes, plot: Plot) -> None:
    places = _places(plot)
    for index, (name, points) in enumerate(plot.series.items()):
        drawn = [(places[x], y) for x, y in points if y is not None]
        axes.plot(
            [x for x, _ in drawn],
            [y for _, y in drawn],
            color=_colour(index),
            marker=_MARKS[index % len(_MARKS)] if plot.kind == "points" or len(drawn) <= 2 * _MOST_COLUMNS else "",
            markersize=5,
            linewidth=1.8,
            linestyle="none" if plot.kind == "points" else _DASHES[index // SERIES % len(_DASHES)],
            label=_label(name),
        )
        # A point that is not there stands at the foot, one row per series, so that two do not hide each other.
        missing = [places[x] for x, y in points if y is None]
        foot = [0.04 + 0.06 * index] * len(missing)
        axes.plot(missing, foot, "x", color=_colour(index), mew=2, ms=7, transform=axes.get_xaxis_transform())
    _scale(axes, plot, places)
    axes.set_xlabel(clean(plot.x_label))
    axes.set_ylabel(clean(plot.y_label))
    axes.grid(axis="both" if plot.kind == "points" else "y")
    axes.tick_params(length=0)


def _bars(axes: Axes, plot: Plot) -> None:
    names = list(_places(plot))
    is_flat, thickness = _is_flat(plot), min(_THICKEST, 0.8 / max(1, len(plot.series)))
    for index, (name, points) in enumerate(plot.series.items()):
        shift = (index - (len(plot.series) - 1) / 2) * thickness
        places = [names.index(x) + shift for x, _ in points]
        lengths = [y or 0.0 for _, y in points]
        draw_bars = axes.barh if is_flat else axes.bar
        drawn = draw_bars(places, lengths, thickness * 0.9, color=_colour(index), label=_label(name))
        axes.bar_label(
            drawn,
            labels=format_column([y for _, y in points], digits=3),
            padding=3,
            fontsize=9,
            color=_INK,
        )
    labels = [clean(_text(name)) for name in names]
    if is_flat:
        axes.set_yticks(range(len(names)), labels)
        axes.invert_yaxis()
        axes.margins(x=0.12)
        axes.set_xlabel(clean(plot.y_label))
    else:
        axes.set_xticks(range(len(names)), labels)
        axes.margins(y=0.12)
        axes.set(xlabel=clean(plot.x_label), ylabel=clean(plot.y_label))
    axes.grid(axis="x" if is_flat else "y")
    axes.tick_params(length=0)
    for side in ("bottom", "left"):
        axes.spines[side].set_visible((side == "left") == is_flat)


def _intervals(axes: Axes, plot: Plot) -> None:
    """Draw a mark between two borders for each point, a line for each name, and where zero is."""
    names = list(_places(plot))
    count = len(plot.series)
    for index, (name, points) in enumerate(plot.series.items()):
        shift = (index - (count - 1) / 2) * min(0.25, 0.8 / max(1, count))
        drawn = [
            (x, y, low, high) for (x, y), (low, high) in zip(points, plot.spans[name], strict=True) if y is not None
        ]
        axes.errorbar(
            [y for _, y, _, _ in drawn],
            [names.index(x) + shift for x, _, _, _ in drawn],
            # A resampled interval may leave out its own mean by a hair; a border is never on the wrong side of it.
            xerr=[[max(0.0, y - low) for _, y, low, _ in drawn], [max(0.0, high - y) for _, y, _, high in drawn]],
            color=_colour(index),
            marker=_MARKS[index % len(_MARKS)],
            linestyle="none",
            elinewidth=1.8,
            capsize=3,
            label=_label(name),
        )
    axes.set_yticks(range(len(names)), [clean(_text(name)) for name in names])
    axes.set_ylim(len(names) - 0.5, -0.5)
    axes.margins(x=0.08)
    low, high = _not_too_near(*axes.get_xlim())
    axes.set_xlim(low, high)
    if low <= 0 <= high:
        axes.axvline(0, color=_MUTED, linewidth=0.8, zorder=0)
    axes.set_xlabel(clean(plot.y_label))
    axes.grid(axis="x")
    axes.tick_params(length=0)
    axes.spines["left"].set_visible(False)


def _not_too_near(low: float, high: float) -> tuple[float, float]:
    """Keep what is all but the same from being drawn as if it were far apart."""
    least = _NEAREST * max(abs(low), abs(high))
    spare = max(0.0, least - (high - low)) / 2
    return low - spare, high + spare


_WAYS = {"bars": _bars, "intervals": _intervals}


def _scale(axes: Axes, plot: Plot, places: dict[float | str, float]) -> None:
    """Put the ticks of a horizontal axis where the points are; numbers that double stand at even distances."""
    axes.spines["left"].set_visible(plot.kind == "points")
    axes.set_ymargin(0.1)
    if any(isinstance(x, str) for x in places):
        axes.set_xticks(list(places.values()), [clean(_text(x)) for x in places])
        return
    numbers = sorted(places.values())
    if _is_geometric(numbers):
        axes.set_xscale("log")
    if len(numbers) <= _MOST_COLUMNS and plot.kind == "lines":
        axes.set_xticks(numbers, [format_number(number) for number in numbers])
        axes.minorticks_off()


def _is_geometric(numbers: Sequence[float]) -> bool:
    if len(numbers) < 3 or numbers[0] <= 0:  # noqa: PLR2004  two points are as even as they are geometric
        return False
    ratios = [later / earlier for earlier, later in itertools.pairwise(numbers)]
    return all(math.isclose(ratio, ratios[0], rel_tol=_EVEN) for ratio in ratios) and ratios[0] > 1.5  # noqa: PLR2004


def _places(plot: Plot) -> dict[float | str, float]:
    """Return where each x stands: at its number, or, of categories, at their order."""
    xs = list(dict.fromkeys(x for points in plot.series.values() for x, _ in points))
    if plot.kind in {"bars", "intervals"} or any(isinstance(x, str) for x in xs):
        return {x: float(index) for index, x in enumerate(xs)}
    return {x: float(x) for x in xs}


def _is_flat(plot: Plot) -> bool:
    """Tell whether bars lie, so that their names can be read."""
    names = [_text(x) for x in _places(plot)]
    return len(names) * len(plot.series) > _MOST_COLUMNS or any(len(name) > _LONG_LABEL for name in names)


def _height(plot: Plot) -> float:
    legend = 0.25 * math.ceil(len(plot.series) / 4) if len(plot.series) > 1 else 0.0
    if plot.kind == "intervals":
        return legend + 0.7 + len(_places(plot)) * max(0.36, 0.22 * len(plot.series))
    if plot.kind == "bars" and _is_flat(plot):
        return legend + 0.6 + len(_places(plot)) * max(0.32, 0.2 * len(plot.series))
    return legend + 3.2


def _colour(index: int) -> str:
    return f"#0001a{index % SERIES}"


def _text(x: float | str) -> str:
    return x if isinstance(x, str) else format_number(x)


def _label(name: str) -> str:
    """Return the name of a series for the legend, which leaves out what begins with an underscore."""
    return clean(name if not name.startswith("_") else f"\N{ZERO WIDTH SPACE}{name}")


def _finish(svg: str, plot: Plot, *, is_alone: bool) -> str:
    """Drop what a page has no use for, name colours, fonts and parts, and say what is shown."""
    svg = svg[svg.index("<svg") :]
    svg = re.sub(r"<metadata>.*?</metadata>|<style .*?</style>", "", svg, flags=re.DOTALL)
    # Several plots share a page, and a page has each id once.
    mark = hashlib.sha256(f"{plot}".encode()).hexdigest()[:8]
    # Within tags alone: text stays as it is, whatever it looks like.
    svg = re.sub(r"<[^>]+>", lambda tag: _rename(tag[0], mark), svg)
    style = f"<style>{STYLE}</style>" if is_alone else ""
    head, rest = svg.split(">", 1)
    return f'{head} role="img" aria-label="{in_html(describe(plot))}">{style}{rest}'


def _rename(tag: str, mark: str) -> str:
    for value, name in _NAMES.items():
        tag = tag.replace(value, f"var({name})")
    tag = re.sub(r"'DejaVu Sans'[^;\"]*", "system-ui, sans-serif", tag)
    tag = re.sub(r'\bid="([^"]+)"', rf'id="{mark}-\1"', tag)
    tag = re.sub(r'(href="#|url\(#)', rf"\g<1>{mark}-", tag)
    return re.sub(r' (width|height)="[^"]+"', "", tag) if tag.startswith("<svg") else tag
