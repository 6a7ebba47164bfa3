"""From a saliency map to an object's outline (Simonyan et al. 2013, figure 3 and section 3.2).

Claim: the most and the least salient pixels train two colour models, a graph cut parts the
photograph by them, and its largest connected piece is the object, with no box or mask to learn
from.

    vizjax run figure3 [--photos chelsea my.jpg] [--smoothness 50]
    vizjax sweep figure3

Expected: cup and saucer as the espresso, less the coffee itself, which is a piece of its own; the
whole photograph as the box of the cat, which fills it. The rocket and the astronaut are taken for a
pole and a barbell, and their boxes are the whole photograph and its upper two thirds. Colour alone
puts 76 % of the seeds on their own side: the two models are far from apart. Time: 40 seconds on one
core.
"""

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import jax
import numpy as np
from jaxtyping import Bool, Float
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.photographs import NAMES, check, checksums, photographs, rounded
from experiments.sheet import Cell, Row
from vizjax import pictures
from vizjax.explain import explain
from vizjax.localisation import Localisation, Mixture, fit_mixtures, localise_classes, log_density
from vizjax.localisation import pad as padded
from vizjax.models import Network, load
from vizjax.pictures import Picture
from vizjax.runs import Figure, Grid, Result, table
from vizjax.types import Box, Photo

NATS = 10.0
"""The difference of two log densities that a picture of colour evidence shows at full strength."""


@dataclass(frozen=True)
class Config:
    """Which photographs, and what the paper's procedure leaves open."""

    photos: tuple[str, ...] = NAMES
    """Names of scikit-image's photographs, or paths of files."""
    foreground: float = 0.95
    """The quantile of the map above which pixels train the object's colours."""
    background: float = 0.30
    """The quantile below which pixels train the background's."""
    components: int = 5
    """Gaussians in a colour model."""
    smoothness: float = 5.0
    """What it costs to part two neighbouring pixels of one colour, in nats."""
    network: str = "squeezenet1_1"
    """A name that `vizjax.load` knows, or the path of a MatConvNet file."""
    seed: int = 0
    """Of the colour models' start."""

    def __post_init__(self):
        check(self.photos)


TINY = Config(photos=("chelsea",))

SWEEP = Grid(foreground=(0.9, 0.95, 0.98), smoothness=(1.0, 5.0, 20.0, 50.0))


class Located(NamedTuple):
    """What the procedure makes of one photograph.

    Attributes:
      image: the photograph at the size that the views are cut from.
      label: the class of the highest score.
      saliency: its map.
      place: seeds, mask and box.
      mixtures: the colour models of the object and of the background.
      evidence: the log density of each pixel's colour under the object's less that under the
        background's, in nats.
    """

    image: Float[np.ndarray, "rows columns 3"]
    label: int
    saliency: Float[np.ndarray, "rows columns"]
    place: Localisation
    mixtures: tuple[Mixture, Mixture]
    evidence: Float[np.ndarray, "rows columns"]


def run(config: Config, work: Path) -> Result:
    """Seeds, colour models, mask and box of the predicted class of each photograph."""
    del work  # seconds
    network, photos = load(config.network), photographs(config.photos)
    found = {name: located(config, network, photo) for name, photo in photos.items()}
    lines: list[dict[str, Any]] = [
        {"photo": name, "class": network.labels.name(one.label), **measures(one)}
        for name, one in found.items()
    ]
    numbers = ("seeds_by_colour", "mask", "kept_seeds")
    means = {key: rounded(float(np.mean([line[key] for line in lines]))) for key in numbers}
    figures = {
        "localisation": Figure.of_plot(_steps(network, found), _caption(config, network)),
        "colour_models": Figure.of_plot(_colours(network, found), _colour_caption(config)),
    }
    rows = [
        [
            line["photo"],
            line["class"],
            *(f"{line[key]:.3f}" for key in numbers),
            "none" if line["x0"] is None else "{x0}, {y0}, {x1}, {y1}".format(**line),
        ]
        for line in lines
    ]
    header = ["photograph", "class", "seeds told apart", "mask", "seeds kept", "box"]
    arrays = {}
    for number, one in enumerate(found.values()):
        arrays[f"{number}_mask"] = one.place.mask
        arrays[f"{number}_saliency"] = one.saliency
        arrays[f"{number}_evidence"] = one.evidence
    return Result(
        [*lines, {"summary": True, "photos": len(found), **means}],
        arrays,
        figures,
        {"photographs": table(header, rows)},
        checksums(network, photos),
    )


def located(config: Config, network: Network, photo: Photo) -> Located:
    """The procedure on one photograph, and the colour models that it trains on the way."""
    key = jax.random.key(config.seed)
    localise = functools.partial(
        localise_classes,
        foreground=config.foreground,
        background=config.background,
        components=config.components,
        smoothness=config.smoothness,
    )
    image, (best,) = explain(key, network, photo, top=1, localise=localise)
    place = best.localisation
    models = [_colour_model(key, image, some, config.components) for some in place.seeds]
    pixels = image.reshape(-1, 3)
    densities = [np.asarray(_log_density(model, pixels))[0] for model in models]
    evidence = (densities[0] - densities[1]).reshape(image.shape[:2])
    return Located(image, best.label, best.saliency, place, (models[0], models[1]), evidence)


def measures(one: Located) -> dict[str, Any]:
    """What a line of metrics says of one photograph.

    Returns:
      `seeds_by_colour`: the share of seeds, half from either side, that colour alone puts on their
      own side; `mask`: the mask's share of the photograph; `kept_seeds`: the share of the object's
      seeds in it; `x0` to `y1`: the box in pixels of `image`, None where nothing was found.
    """
    seeds, mask = one.place.seeds, one.place.mask
    right = [
        float(np.mean(side[chosen])) if chosen.any() else 0.0
        for side, chosen in zip((one.evidence > 0, one.evidence < 0), seeds, strict=True)
    ]
    kept = np.mean(mask[seeds.foreground]) if seeds.foreground.any() else 0.0
    box = dict.fromkeys(Box._fields) if one.place.box is None else one.place.box._asdict()
    return {
        "seeds_by_colour": rounded(float(np.mean(right))),
        "mask": rounded(float(mask.mean())),
        "kept_seeds": rounded(float(kept)),
        **box,
    }


def _colour_model(key, image, chosen: Bool[np.ndarray, "rows columns"], components: int) -> Mixture:
    # As `localise_classes` fits it: the same samples, padding and start.
    return _fitted(key, *padded([image[chosen]]), components)


@functools.partial(jax.jit, static_argnums=3)
def _fitted(key, samples, weights, components):
    return fit_mixtures(key, samples, weights, components=components)


_log_density = jax.jit(log_density)


def palette(mixtures: tuple[Mixture, Mixture], height: int, width: int) -> Picture:
    """The mean colours of two models, one above the other, each as wide as its weight.

    Args:
      mixtures: of the object, above, and of the background.
      height: of the picture, in pixels.
      width: likewise.
    """
    picture = np.full((height, width, 3), 255, np.uint8)
    half = (height - height // 24) // 2
    for mixture, rows in zip(mixtures, (slice(half), slice(height - half, None)), strict=True):
        weights, means = (np.asarray(x)[0] for x in (mixture.weights, mixture.means))
        order = np.argsort(-weights)
        ends = np.round(width * np.cumsum(weights[order]) / weights.sum()).astype(int)
        for start, end, colour in zip([0, *ends[:-1]], ends, means[order], strict=True):
            picture[rows, start:end] = pictures.to_pixels(colour[None, None])
    return picture


def _steps(network: Network, found: dict[str, Located]) -> Plot:
    rows = []
    for one in found.values():
        mask, box, seeds = one.place
        framed = pictures.to_pixels(one.image) if box is None else pictures.framed(one.image, box)
        cells = [
            Cell(framed),
            Cell(pictures.seeded(one.image, seeds)),
            Cell(pictures.cut_out(one.image, mask, None)),
        ]
        rows.append(Row(cells, network.labels.name(one.label)))
    return sheet.sheet(sheet.headed(rows, ("box", "seeds", "mask")))


def _colours(network: Network, found: dict[str, Located]) -> Plot:
    rows = []
    for one in found.values():
        cells = [
            Cell(palette(one.mixtures, *one.image.shape[:2])),
            Cell(pictures.diverging(np.clip(one.evidence, -NATS, NATS))),
        ]
        rows.append(Row(cells, network.labels.name(one.label)))
    titles = ("object's colours, background's", "red: the object's, blue: not")
    return sheet.sheet(sheet.headed(rows, titles))


def _caption(config: Config, network: Network) -> str:
    return (
        f"Weakly supervised localisation with {network.name}, for the class of the highest score. "
        "Left: the box found. Middle: what the saliency map of ten views says, red above its "
        f"{config.foreground:.0%} quantile, blue below its {config.background:.0%} quantile, grey "
        "for neither. Right: the mask, the largest connected piece of a graph cut. Two mixtures of "
        f"{config.components} Gaussians in RGB, trained on the red and on the blue pixels (EM, at "
        "most 100 steps, until the mean log-likelihood gains less than 0.001 nats); graph cut on "
        f"the 8-neighbourhood, smoothness {config.smoothness:g} nats; seed {config.seed}."
    )


def _colour_caption(config: Config) -> str:
    return (
        "What the colour models have learnt. Left: the mean colours of the mixture trained on the "
        "most salient pixels, above, and on the least salient ones, below, as wide as their "
        f"weights ({config.components} Gaussians each, seed {config.seed}). Right: the log density "
        "of each pixel's colour under the first less that under the second; red speaks for the "
        f"object, blue for the background, at full strength from {NATS:g} nats on. The graph cut "
        "smooths this picture."
    )
