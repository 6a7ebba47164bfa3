"""Where the evidence for the predicted class lies (Simonyan et al. 2013, figure 2 and section 3.1).

Claim: one backward pass gives the pixels that the class's score depends on most, though the network
was never told where anything is: `M_ij = max_c |∂S/∂I_ijc|`, averaged over ten views.

    vizjax run figure2 [--photos chelsea my.jpg]

Expected: on a cat (Egyptian cat, 0.59) the eyes and the nose, on a cup of coffee (espresso, 0.94)
the cup's mouth; a rocket is taken for a pole (0.39) and an astronaut for a barbell (0.37), whose
evidence is the launch tower's and the collar's. The maps are noisy: the most salient 5 % of the
pixels hold 17 % of the whole. Time: 10 seconds on one core.
"""

from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np
from jaxtyping import Float
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.photographs import NAMES, check, checksums, photographs, rounded, share
from experiments.sheet import Cell, Row
from vizjax.data import assemble, canvas, extract, ten_views
from vizjax.maps import scores_and_maps, size_of
from vizjax.models import Network, load
from vizjax.pictures import heat, to_pixels
from vizjax.runs import Figure, Result, table
from vizjax.types import Photo

PEAK = 0.05
"""The share of the pixels, the most salient, whose part of the whole map is measured."""


@dataclass(frozen=True)
class Config:
    """Which photographs, and which network."""

    photos: tuple[str, ...] = NAMES
    """Names of scikit-image's photographs, or paths of files."""
    network: str = "squeezenet1_1"
    """A name that `vizjax.load` knows, or the path of a MatConvNet file."""

    def __post_init__(self):
        check(self.photos)


TINY = Config(photos=("chelsea",))


class Seen(NamedTuple):
    """What the network sees in one photograph.

    Attributes:
      image: the photograph at the size that the views are cut from.
      label: the class of the highest score, averaged over the views.
      score: that score.
      posterior: of the averaged scores.
      saliency: the map of that class, averaged over the views where they lie.
    """

    image: Float[np.ndarray, "rows columns 3"]
    label: int
    score: float
    posterior: float
    saliency: Float[np.ndarray, "rows columns"]


def run(config: Config, work: Path) -> Result:
    """The predicted class of each photograph, and its saliency map."""
    del work  # seconds
    network, photos = load(config.network), photographs(config.photos)
    found = {name: seen(network, photo) for name, photo in photos.items()}
    metrics, rows = [], []
    for name, one in found.items():
        line = {
            "photo": name,
            "class": network.labels.name(one.label),
            "score": rounded(one.score),
            "posterior": rounded(one.posterior),
            "peak": rounded(peak(one.saliency)),
        }
        metrics.append(line)
        numbers = (f"{line[key]:.3g}" for key in ("score", "posterior", "peak"))
        rows.append([name, line["class"], *numbers])
    mean = float(np.mean([peak(one.saliency) for one in found.values()]))
    metrics.append({"summary": True, "photos": len(found), "peak": rounded(mean)})
    figure = Figure.of_plot(_pictures(network, found), _caption(network))
    header = ["photograph", "class", "score", "posterior", f"in the top {PEAK:.0%} of pixels"]
    arrays = {f"{number}_saliency": one.saliency for number, one in enumerate(found.values())}
    return Result(
        metrics,
        arrays,
        {"saliency": figure},
        {"photographs": table(header, rows)},
        checksums(network, photos),
    )


def seen(network: Network, photo: Photo) -> Seen:
    """The class of the highest score in ten views of a photograph, and its map."""
    height, width = size_of(network)
    image = canvas(photo, network.preprocessing.short_side or max(height, width))
    down, across, _ = image.shape
    views = ten_views(down, across, (height, width))
    scores, (label,), (maps,) = scores_and_maps(network, extract(image, views), 1)
    exponentials = np.exp(np.asarray(scores - scores.max(), np.float64))
    return Seen(
        image,
        int(label),
        float(scores[label]),
        float(exponentials[label] / exponentials.sum()),
        np.asarray(assemble(np.asarray(maps), views, *image.shape[:2])),
    )


def peak(saliency_map: Float[np.ndarray, "rows columns"]) -> float:
    """The share of a map's sum that lies in its most salient pixels, `PEAK` of all.

    >>> peak(np.arange(1.0, 21.0).reshape(4, 5)) == 20 / 210
    True
    """
    values = np.sort(np.asarray(saliency_map, np.float64).ravel())[::-1]
    return float(values[: max(1, round(PEAK * values.size))].sum() / values.sum())


def _pictures(network: Network, found: dict[str, Seen]) -> Plot:
    rows = []
    for one in found.values():
        title = f"{network.labels.name(one.label)}, posterior {share(one.posterior)}"
        cells = [Cell(to_pixels(one.image)), Cell(heat(one.saliency))]
        rows.append(Row(cells, title))
    return sheet.sheet(rows)


def _caption(network: Network) -> str:
    height, width = size_of(network)
    return (
        f"Photographs and the saliency maps of {network.name} for the class of the highest score, "
        "named with its posterior: the largest magnitude of the score's gradient over the colours, "
        f"averaged over ten views of {height}×{width} (four corners, the centre, and their "
        f"reflections) of a short side of {network.preprocessing.short_side}. One backward pass a "
        "view; nothing is optimised or smoothed. Black is 0, white the 99.5 % quantile of each map."
    )
