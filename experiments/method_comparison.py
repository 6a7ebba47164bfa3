"""Every method on the same photographs: what their maps look like, and how alike they are.

Claim: maps of one class by different methods agree in parts only, and those that keep the signs of
single pixels with none of the others.

    vizjax run method_comparison [--photos chelsea my.jpg] [--methods saliency grad_cam rise]

Expected: means of Spearman's rank correlation on a cat and a cup of coffee, between methods of

| | magnitudes | signed | class activation | perturbation |
|---|--:|--:|--:|--:|
| magnitudes of gradients (8) | 0.52 | 0.01 | 0.31 | 0.26 |
| signed: gradient × input, integrated, expected (3) | | 0.25 | 0.00 | 0.00 |
| class activation (4) | | | 0.96 | 0.47 |
| perturbation: occlusion, RISE, Shapley (3) | | | | 0.46 |

Grad-CAM of fire9 is CAM here, for only a convolution lies behind. Time: 4 minutes on one core.
"""

import itertools
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jax
import numpy as np
from matplotlib.figure import Figure as Plot

from experiments import sheet
from experiments.photographs import check, checksums, photographs, rounded, share
from experiments.sheet import Cell, Row
from vizjax import pictures
from vizjax.attribution import METHODS, Bound, bind
from vizjax.cli.console import progress
from vizjax.comparison import Comparison, compare
from vizjax.errors import InputError, unknown
from vizjax.evaluation import rank_correlation
from vizjax.models import Network, load
from vizjax.pictures import to_pixels
from vizjax.runs import Figure, Result, table

ACROSS = 3
"""Maps a row."""


@dataclass(frozen=True)
class Config:
    """Which photographs, which methods, and how thorough those are that take many passes."""

    photos: tuple[str, ...] = ("chelsea", "coffee")
    """Names of scikit-image's photographs, or paths of files; of each the centre view."""
    methods: tuple[str, ...] = tuple(METHODS)
    """By their names in `vizjax methods`."""
    steps: int = 32
    """Of integrated gradients."""
    samples: int = 32
    """Of the methods that average over noise or over baselines."""
    masks: int = 2000
    """Of RISE."""
    permutations: int = 8
    """Of the Shapley values of 8×8 cells."""
    features: str = "fire9"
    """The layer that Grad-CAM and its relatives read; CAM reads the network's last plane."""
    network: str = "squeezenet1_1"
    """A name that `vizjax.load` knows."""
    seed: int = 0
    """Of the random methods."""

    def __post_init__(self):
        check(self.photos)
        if not self.methods:
            raise InputError("`methods` is empty; expected at least one")
        for method in self.methods:
            if method not in METHODS:
                raise unknown("methods", method, list(METHODS))
        for name in ("steps", "samples", "masks", "permutations"):
            if getattr(self, name) < 1:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected at least 1")


TINY = Config(photos=("chelsea",), methods=("saliency", "gradient", "grad_cam"))


def run(config: Config, work: Path) -> Result:
    """The maps of every method for the predicted class of each photograph, and their agreement."""
    network, photos = load(config.network), photographs(config.photos)
    methods = bound(config, network)
    key = jax.random.key(config.seed)
    with progress(len(photos) * len(methods), "methods") as advance:
        found = {
            name: compare(key, network, photo, methods, progress=advance)
            for name, photo in photos.items()
        }
    for one in found.values():
        for method, why in one.refused.items():
            raise InputError(f"`methods` has {method.name}, which {network.name} refuses: {why}")
    maps = {
        name: {method: method.plane(raw) for method, raw in one.attributions.items()}
        for name, one in found.items()
    }
    agreement = np.mean([correlations(list(one.values())) for one in maps.values()], axis=0)
    metrics: list[dict[str, Any]] = []
    for name, one in maps.items():
        of_one = correlations(list(one.values()))
        metrics += [
            {
                "photo": name,
                "first": first.name,
                "second": second.name,
                "rank_correlation": rounded(of_one[a, b]),
            }
            for (a, first), (b, second) in itertools.combinations(enumerate(methods), 2)
        ]
    others = agreement[~np.eye(len(methods), dtype=bool)]
    mean = rounded(float(others.mean())) if len(others) else None
    metrics.append({"summary": True, "photos": len(photos), "rank_correlation": mean})
    figures = {
        f"{number}_maps": Figure.of_plot(_maps(network, one), _caption(config, network, name, one))
        for number, (name, one) in enumerate(found.items())
    }
    figures["agreement"] = Figure.of_plot(_matrix(methods, agreement), _matrix_caption(config))
    arrays = {
        f"{number}_{method.name}": np.asarray(one)
        for number, some in enumerate(maps.values())
        for method, one in some.items()
    }
    return Result(
        metrics,
        {**arrays, "rank_correlations": agreement},
        figures,
        {"agreement": _kinds(methods, agreement)},
        checksums(network, photos),
    )


def bound(config: Config, network: Network) -> list[Bound]:
    """The methods with their hyperparameters."""
    options: dict[str, dict[str, Any]] = {
        "integrated_gradients": {"steps": config.steps},
        "rise": {"masks": config.masks},
        "shapley": {"permutations": config.permutations},
        "cam": {"layer": network.last_plane()},
        **{name: {"layer": config.features} for name in FEATURES},
        **{name: {"samples": config.samples} for name in SAMPLED},
    }
    return [bind(name, **options.get(name, {})) for name in config.methods]


FEATURES = ("grad_cam", "grad_cam_plus_plus", "layer_cam", "guided_grad_cam")
"""The methods that read `Config.features`."""

SAMPLED = ("expected_gradients", "smoothgrad", "smoothgrad_squared", "vargrad")
"""The methods that take `Config.samples`."""


def correlations(maps: list[np.ndarray]) -> np.ndarray:
    """Spearman's rank correlation of every two maps, symmetric, 1 on the diagonal."""
    found = np.eye(len(maps))
    for a, b in itertools.combinations(range(len(maps)), 2):
        found[a, b] = found[b, a] = rank_correlation(maps[a], maps[b])
    return found


def kind(method: Bound) -> str:
    """What a method's maps are: of gradients their magnitudes, or values of both signs."""
    if method.entry.plane == "magnitude" or method.name == "saliency":
        return "magnitudes of gradients"
    return "signed gradients" if method.entry.family == "gradients" else method.entry.family


def _kinds(methods: list[Bound], agreement: np.ndarray) -> str:
    """The mean over all pairs of two different methods, of each two kinds."""
    kinds = [kind(method) for method in methods]
    named = list(dict.fromkeys(kinds))
    rows = []
    for number, first in enumerate(named):
        row = [f"{first} ({kinds.count(first)})", *[""] * number]
        for second in named[number:]:
            pairs = [
                agreement[a, b]
                for a, b in itertools.permutations(range(len(methods)), 2)
                if (kinds[a], kinds[b]) == (first, second)
            ]
            row.append(f"{np.mean(pairs):.2f}" if pairs else "")
        rows.append(row)
    return table(["methods", *named], rows)


def _maps(network: Network, one: Comparison) -> Plot:
    title = f"{network.labels.name(one.label)}, {share(one.posterior)}"
    cells = [Cell(to_pixels(one.image), "the photograph")]
    cells += [
        Cell(pictures.attribution(method.plane(raw)), _named(method.name))
        for method, raw in one.attributions.items()
    ]
    rows = [Row(cells[k : k + ACROSS]) for k in range(0, len(cells), ACROSS)]
    return sheet.sheet([rows[0]._replace(heading=title), *rows[1:]])


def _matrix(methods: list[Bound], agreement: np.ndarray) -> Plot:
    figure = sheet.blank(9.0, layout="constrained")
    axis = figure.add_subplot()
    shown = axis.imshow(agreement, cmap="RdBu_r", vmin=-1, vmax=1)
    names = [_named(method.name) for method in methods]
    axis.set_xticks(range(len(names)), names, rotation=90, fontsize=sheet.SMALL)
    axis.set_yticks(range(len(names)), names, fontsize=sheet.SMALL)
    axis.spines[:].set_visible(False)
    bar = figure.colorbar(shown, ax=axis, location="top", shrink=0.7, aspect=30)
    bar.set_label("rank correlation of two maps", fontsize=sheet.SMALL)
    bar.ax.tick_params(labelsize=sheet.SMALL)
    return figure


def _named(name: str) -> str:
    """A method's name as a title has it.

    >>> _named("grad_cam_plus_plus"), _named("integrated_gradients"), _named("smoothgrad_squared")
    ('Grad-CAM++', 'integrated gradients', 'SmoothGrad squared')
    """
    words = {
        "grad_cam": "Grad-CAM", "_plus_plus": "++", "layer_cam": "Layer-CAM", "cam": "CAM",
        "smoothgrad": "SmoothGrad", "vargrad": "VarGrad", "rise": "RISE", "shapley": "Shapley",
        "guided_backprop": "guided backprop", "deconvnet": "DeconvNet", "_times_": " × ",
    }  # fmt: skip
    for plain, proper in words.items():
        if proper not in ("CAM",) or name == plain:
            name = name.replace(plain, proper)
    return name.replace("_", " ")


def _caption(config: Config, network: Network, name: str, one: Comparison) -> str:
    methods = "; ".join(method.caption() for method in one.attributions)
    return (
        f"What each method says of the evidence for {network.labels.name(one.label)} that "
        f"{network.name} saw in the centre view of {name}. Maps of both signs are red for and blue "
        "against, others black, their least value, to white; each is scaled to the 99.5 % quantile "
        f"of its magnitude. Nothing is optimised. {methods}; seed {config.seed}."
    )


def _matrix_caption(config: Config) -> str:
    return (
        "Spearman's rank correlation of the maps of every two methods, as they are, with their "
        f"signs, pixel by pixel, mean over {len(config.photos)} photographs: red for alike, white "
        "for nothing in common. The parameters are those of the maps above."
    )
