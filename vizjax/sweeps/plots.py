"""Plots of a metric against the fields that a sweep varied."""

import io
import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from vizjax import figures
from vizjax.sweeps.collect import Collected

MOST_LINES = 8
"""Values of another field of which each has a line of its own."""

LOGARITHMIC = 50.0
"""From this ratio of the largest value to the smallest on the axis is logarithmic."""


def plot(table: Collected, metric: str) -> bytes | None:
    """A metric against each field, a panel a field; None where there is nothing to plot.

    A point is a run. Of two fields each value of the other has a line; of more, and where a value
    comes twice, the line is the mean.
    """
    place = len(table.fields) + table.metrics.index(metric)
    rows = [row for row in table.rows if _number(row[place])]
    if not table.fields or not rows:
        return None
    y = np.array([row[place] for row in rows], float)
    count = len(table.fields)
    figure = Figure(figsize=(1 + 3.6 * count, 3.4), layout="constrained")
    panels = figure.subplots(1, count, sharey=True, squeeze=False)[0]
    for number, (axis, field) in enumerate(zip(panels, table.fields, strict=True)):
        x = [row[number] for row in rows]
        other = table.fields[1 - number] if count == 2 else None
        groups = [row[1 - number] for row in rows] if other else [None] * len(rows)
        if len(set(groups)) > MOST_LINES:
            groups = [None] * len(rows)
        _panel(axis, x, y, groups)
        axis.set_xlabel(field)
        if any(group is not None for group in groups):
            axis.legend(title=other, fontsize=7, title_fontsize=7, frameon=False)
    panels[0].set_ylabel(metric)
    figure.suptitle(f"{table.name}: {len(rows)} runs; lines and dashes are means", fontsize=9)
    file = io.BytesIO()
    figures.write(figure, file)
    return file.getvalue()


def _panel(axis: Axes, x: Sequence[Any], y: np.ndarray, groups: Sequence[Any]) -> None:
    numeric = all(map(_number, x))
    # Rows are in the order of their values: so are the words on the axis.
    words = list(dict.fromkeys(map(str, x)))
    at = np.array(x if numeric else [words.index(str(one)) for one in x], float)
    for group in dict.fromkeys(groups):
        ours = np.array([one == group for one in groups])
        places = np.unique(at[ours])
        colour = axis.plot(at[ours], y[ours], ".", ms=6, alpha=0.7)[0].get_color()
        if group is not None or len(places) < ours.sum():
            means = [y[ours & (at == one)].mean() for one in places]
            name = None if group is None else str(group)
            style, size = ("-", 0) if numeric else ("_", 24)  # words have no order: no line
            axis.plot(places, means, style, color=colour, lw=1.3, ms=size, label=name)
    if not numeric:
        axis.set_xticks(range(len(words)), words, rotation=30 if len(words) > 4 else 0)
        axis.margins(x=0.1)
    elif at.min() > 0 and at.max() / at.min() >= LOGARITHMIC:
        axis.set_xscale("log")
    axis.grid(alpha=0.3, lw=0.5)
    axis.tick_params(labelsize=8)


def _number(value: Any) -> bool:
    known = isinstance(value, float | int) and not isinstance(value, bool)
    return known and math.isfinite(value)
