"""All methods on one photograph, side by side, as a page."""

import functools
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jaxtyping import Array, Float

from vizjax import pictures
from vizjax.attribution.registry import METHODS, Bound
from vizjax.errors import InputError
from vizjax.explain import finite
from vizjax.models.network import Network
from vizjax.report import Group, Panel, Section, page
from vizjax.targets import check
from vizjax.types import KeyArray, Photo


class Comparison(NamedTuple):
    """What the methods say of one class of one image.

    Attributes:
      image: the centre view, RGB in 0-255.
      label: the class.
      score: its unnormalised score.
      posterior: its posterior, 0 to 1.
      attributions: each method's raw result, `(height, width)` or `(height, width, 3)`.
      refused: the methods that this network is not made for, and why.
    """

    image: Float[Array, "height width 3"]
    label: int
    score: float
    posterior: float
    attributions: dict[Bound, Float[np.ndarray, "height width *channels"]]
    refused: dict[Bound, str]


def compare(
    key: KeyArray,
    network: Network,
    photo: Photo,
    methods: Sequence[Bound],
    *,
    label: int | None = None,
    progress: Callable[[int], Any] = lambda done: None,
) -> Comparison:
    """Every method's attribution of one class of a photograph.

    Args:
      key: of the random methods, the same for each.
      network: with `preprocessing.size`; methods of another backward rule see to it themselves.
      photo: RGB, 0-255, any size; its centre view is explained.
      methods: from `vizjax.attribution.bind`.
      label: the class; None for the one with the highest score.
      progress: called with the number of methods just done.

    Returns:
      The raw attributions, in the order of `methods`.

    Raises:
      InputError: no such class, a network without an input size, or scores that are not finite.
    """
    image = network.prepare(photo)
    scores = np.asarray(_scores(network, image))
    if not np.isfinite(scores).all():
        raise InputError(
            f"`network` {network.name} gives scores that are not finite; expected numbers: its "
            "parameters or its mean hold NaN or infinity"
        )
    label = int(scores.argmax()) if label is None else label
    check(label, scores.shape)
    attributions, refused = {}, {}
    for method in methods:
        try:
            raw = np.asarray(_attribution(key, network, image, label, method))
            attributions[method] = finite(method, network, raw)
        except InputError as error:
            refused[method] = str(error)
        progress(1)
    posterior = float(jax.nn.softmax(scores)[label])
    return Comparison(image, label, float(scores[label]), posterior, attributions, refused)


def comparison_page(network: Network, comparison: Comparison, *, name: str, seed: int) -> str:
    """The comparison as HTML: the maps, those of few cells over the photograph, those in colour.

    Args:
      network: what was explained.
      comparison: from `compare`.
      name: of the photograph.
      seed: of the key.
    """
    image, found = pictures.to_pixels(comparison.image), comparison.attributions
    view = Panel(image, f"{name}, the centre view")
    maps = {method: method.plane(raw) for method, raw in found.items()}
    coarse = {method: one for method, one in maps.items() if method.entry.coarse}
    coloured = {m: raw for m, raw in found.items() if raw.ndim == 3 and raw.shape[-1] == 3}
    families = dict.fromkeys(method.entry.family for method in found)
    sections = [
        Section(
            "Maps",
            "One value a pixel, raw, from each method. Maps that are not negative run from black, "
            "their least value, to white; in maps of both signs red is evidence for the class, "
            "blue is evidence against it, and white is none.",
            f"Each is scaled to the 99.5 % quantile of its magnitude. Seed {seed}.",
            [
                Group(
                    family,
                    [view]
                    + [
                        Panel(pictures.attribution(maps[method]), _titled(method))
                        for method in maps
                        if method.entry.family == family
                    ],
                )
                for family in families
            ],
        ),
        Section(
            "Over the photograph",
            "The maps of few cells, where they lie: the darker a place, the less evidence.",
            "Negative evidence counts as none, and so does the least of what is all positive.",
            [
                Group(
                    "coarse maps",
                    [
                        Panel(pictures.spotlight(comparison.image, one), method.name)
                        for method, one in coarse.items()
                    ],
                )
            ],
        ),
        Section(
            "In colour",
            "The attributions that keep the colours apart, signed: grey is 0.",
            "Each is scaled to the 99.5 % quantile of its magnitude.",
            [
                Group(
                    "signed attributions",
                    [Panel(pictures.signed(raw), method.name) for method, raw in coloured.items()],
                )
            ],
        ),
    ]
    refused = "".join(f" {m.name} is left out: {why}." for m, why in comparison.refused.items())
    return page(
        f"{len(found)} methods, one photograph",
        f"What each method says of the evidence for {network.labels.name(comparison.label)} "
        f"(score {comparison.score:.1f}, posterior {comparison.posterior:.3f}) that "
        f"{network.name} saw in {name}.",
        [section for section in sections if any(group.panels for group in section.groups)],
        footer=f"Made by vizjax compare.{refused}",
    )


def _titled(method: Bound) -> str:
    return f"{method.name}: {METHODS[method.name].summary}\n{method.parameters()}".strip()


@jax.jit
def _scores(network, image):
    return network(image)


@functools.partial(jax.jit, static_argnums=4)
def _attribution(key, network, image, label, method):
    return method(key, network, jnp.asarray(image), label)
