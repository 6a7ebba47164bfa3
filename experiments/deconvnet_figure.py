"""The figures of `experiments.deconvnet_relation`: cosines by layer, and reconstructions."""

from collections.abc import Sequence

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.deconvnet_traces import CLASS, IMAGE, PAIRS, Curves, Traced
from experiments.sheet import Cell, Row
from vizjax.models import Network
from vizjax.pictures import Picture, signed
from vizjax.rules import RULES

TITLES = {"gradient": "gradient", "deconvnet": "DeconvNet", "guided": "guided backprop"}


def chart(curves: Curves) -> Plot:
    """The cosines of every two rules by layer, and those of two rules from every start."""
    figure, (above, below) = sheet.chart(10, panels=2)
    places = list(curves[CLASS, *PAIRS[0]])
    across = {place: number for number, place in enumerate(places)}

    def line(axis, case, colour, name):
        known = {across[place]: values for place, values in curves[case].items()}
        values = np.stack(list(known.values()))
        axis.plot(known.keys(), values.mean(axis=1), "o-", color=colour, lw=2.5, ms=5, label=name)
        axis.fill_between(
            known.keys(), values.min(axis=1), values.max(axis=1), color=colour, alpha=0.15, lw=0
        )

    for number, pair in enumerate(PAIRS):
        name = " and ".join(TITLES[rule] for rule in pair)
        line(above, (CLASS, *pair), sheet.COLOURS[number], name)
    for number, start in enumerate(dict.fromkeys(start for start, *_ in curves)):
        name = "from the class" if start == CLASS else f"from a neuron of {start}"
        line(below, (start, "gradient", "deconvnet"), sheet.COLOURS[number % 6], name)
    for axis in (above, below):
        axis.set_xticks(range(len(places)), [""] * len(places))
        axis.set_ylim(-0.05, 1.65)  # the legend stands above all lines
        axis.set_yticks([0, 0.5, 1])
        axis.legend(fontsize=sheet.SMALL, frameon=False, loc="upper right")
        axis.axhline(0, color="black", lw=0.8)
    names = [place.replace("/", " ").replace("1x1", "") for place in places]
    below.set_xticks(range(len(places)), names, rotation=90)
    sheet.named(above, title="from the class down to the image", y="cosine")
    sheet.named(below, title="gradient and DeconvNet", y="cosine")
    return figure


def pictures(view: Picture, passes: Sequence[Traced]) -> Plot:
    """What each rule brings to the image, a row a start, beside the photograph.

    Args:
      view: the photograph, of the network's size.
      passes: from each start.
    """
    rows = []
    for one in passes:
        found = {rule: one.signals[rule][IMAGE].reshape(view.shape) for rule in RULES}
        part = reach(np.stack(list(found.values())))
        cells = [Cell(view[part]), *(Cell(signed(found[rule][part])) for rule in RULES)]
        rows.append(Row(cells, "from the class" if one.start == CLASS else f"from {one.start}"))
    titles = ["photograph", *(TITLES[rule].removesuffix(" backprop") for rule in RULES)]
    return sheet.sheet(sheet.headed(rows, titles))


def reach(signals: Float[np.ndarray, "rules height width 3"]) -> tuple[slice, slice]:
    """The smallest square of the image that holds all that reaches it; the whole, if none does."""
    (_, height, width, _), ends = signals.shape, []
    for across, size in (((0, 2, 3), height), ((0, 1, 3), width)):
        places = np.flatnonzero(signals.any(axis=across))
        ends.append((places[0], places[-1] + 1) if len(places) else (0, size))
    side = min(max(stop - start for start, stop in ends), height, width)
    parts = []
    for (start, stop), length in zip(ends, (height, width), strict=True):
        first = int(np.clip((start + stop - side) // 2, 0, length - side))
        parts.append(slice(first, first + side))
    return parts[0], parts[1]


def chart_caption(photos: int, network: Network) -> str:
    """What `chart` shows of so many photographs."""
    return (
        f"How alike the signals of three backward rules are on their way down {network.name}, at "
        "every rectifier and at last at the image: the cosine of the two as vectors, lines for the "
        f"mean over {photos} photographs, bands from the least to the largest. They "
        "start from the class of the highest score, and from the strongest neuron of a layer; at "
        "the first place only convolutions lie behind them, and they are equal. Between two places "
        "all rules are the chain rule, which is checked. Centre views; nothing is optimised."
    )


def pictures_caption(network: Network) -> str:
    """What `pictures` shows."""
    return (
        f"What three backward rules bring to the image from {network.name}'s class of the highest "
        "score, and from the strongest neuron of each of some layers, of which only the part that "
        "it reaches is shown, enlarged, beside the photograph there. Signed and in colour: grey is "
        "0, each picture scaled to the 99.5 % quantile of its magnitude. Nothing is optimised."
    )
