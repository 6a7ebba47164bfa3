"""The page that shows, on real photographs and a real network, what Simonyan et al. 2013 show."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TypeAlias

import jax
import jax.numpy as jnp
import numpy as np

from vizjax import pictures
from vizjax.ascent import NATURAL, PAPER
from vizjax.attribution import gradient
from vizjax.explain import Explanation, explain
from vizjax.localisation import CAPTION
from vizjax.models.network import Network
from vizjax.portraits import portraits
from vizjax.report import Group, Panel, Section, page
from vizjax.rules import RULES
from vizjax.types import Photo

Progress: TypeAlias = Callable[[int, str], AbstractContextManager[Callable[[int], None]]]
"""`progress(total, what)`: a context that yields a function of the steps just done."""

CLASSES = (
    "lion", "zebra", "flamingo", "goldfish", "strawberry", "tarantula",
    "dalmatian", "ostrich", "bell pepper", "lemon", "dumbbell", "computer keyboard",
)  # fmt: skip
"""The second six stand in the paper's figure 1."""

LAYERS = ("fire3", "fire5", "fire9")
"""Inner layers whose strongest neuron is traced back: early, middle, late."""


def demo_page(network: Network, photos: dict[str, Photo], *, seed: int, progress: Progress) -> str:
    """The whole page as HTML: class models, saliency, localisation, backward rules."""
    explanations = {}
    with progress(len(photos), "photographs") as advance:
        for name, photo in photos.items():
            explanations[name] = explain(jax.random.key(seed), network, photo)
            advance(1)
    sections = [
        _class_models(network, seed, progress),
        _saliency(network, explanations),
        _localisation(network, explanations),
        _rules(network, photos, progress),
    ]
    return page(
        "What a network has learnt, and what it looked at",
        "The methods of Simonyan, Vedaldi & Zisserman, Deep Inside Convolutional Networks (2013), "
        f"on {network.name} trained on ImageNet and on photographs that ship with scikit-image. "
        "One score function stands behind every picture: read forwards it classifies, "
        "differentiated it says what it looked at, climbed it shows what it has learnt.",
        sections,
        footer="Made by vizjax demo.",
    )


def _class_models(network: Network, seed: int, progress: Progress) -> Section:
    labels = [network.labels.index(name) for name in CLASSES]
    panels: dict[str, list[Panel]] = {name: [] for name in CLASSES}
    for title, recipe in {"paper": PAPER, "natural": NATURAL}.items():
        with progress(recipe.steps, f"class models, {title} recipe") as advance:
            shown = portraits(jax.random.key(seed), network, labels, recipe, progress=advance)
        for name, image, posterior in zip(CLASSES, shown.pictures, shown.posteriors, strict=True):
            panels[name].append(
                Panel(image, f"{name}, {title} recipe\nposterior {_rounded(posterior)}")
            )
    pairs = [CLASSES[start : start + 3] for start in range(0, len(CLASSES), 3)]
    return Section(
        "Class models",
        "For each class, the image that maximises its unnormalised score less λ‖I‖² (eq. 1), "
        "from the zero image; the training set's mean is added to what is shown. Left of each "
        "pair: ascent on pixels, as in the paper. Right: the same objective in decorrelated "
        "Fourier coefficients, under random shifts, zooms and turns. The posterior is the "
        "network's for the picture as shown, rounded to 8 bits.",
        f"Paper recipe: {PAPER.caption()}. Natural recipe: {NATURAL.caption()}. Seed {seed}.",
        [
            Group(", ".join(names), [panel for name in names for panel in panels[name]])
            for names in pairs
        ],
    )


def _saliency(network: Network, explanations: dict[str, Explanation]) -> Section:
    groups = []
    for name, explanation in explanations.items():
        panels = [Panel(pictures.to_pixels(explanation.canvas), f"{name}, the photograph")]
        panels += [
            Panel(
                pictures.heat(p.saliency),
                f"{network.labels.name(p.label)}\nscore {p.score:.1f}, posterior {p.posterior:.3f}",
            )
            for p in explanation.predictions
        ]
        groups.append(Group(name, panels))
    return Section(
        "Saliency",
        "For each of the five classes with the highest scores, how much the score would change "
        "with each pixel: the largest magnitude of the gradient over the colours (§3.1), "
        "averaged over ten views. One forward pass serves all five.",
        f"Views: four corners, centre, and their reflections, {_size(network)}. "
        "Shown from 0 (black) to the map's 99.5 % quantile (white).",
        groups,
    )


def _localisation(network: Network, explanations: dict[str, Explanation]) -> Section:
    groups = []
    for name, explanation in explanations.items():
        best, image = explanation.predictions[0], explanation.canvas
        mask, box, seeds = best.localisation
        title = f"{name}: {network.labels.name(best.label)}"
        panels = [
            Panel(pictures.heat(best.saliency), "saliency"),
            Panel(pictures.seeded(image, seeds), "seeds: object (red), background (blue)"),
            Panel(pictures.cut_out(image, mask, None), "mask"),
        ]
        if box is not None:
            panels.append(Panel(pictures.framed(image, box), "box"))
        groups.append(Group(title, panels))
    return Section(
        "Localisation",
        "No box or mask was ever trained on. The most salient pixels train a colour model of the "
        "object and the least salient one of the background; a graph cut separates the two, and "
        "the largest connected part is the object (§3.2). Shown for the class with the highest "
        "score.",
        CAPTION,
        groups,
    )


def _rules(network: Network, photos: dict[str, Photo], progress: Progress) -> Section:
    groups = []
    names = ("chelsea", "coffee")
    with progress(len(names) * len(RULES), "backward rules") as advance:
        for name in names:
            image = network.prepare(photos[name])
            label = int(np.argmax(_jitted_scores(network, image)))
            neurons = _strongest(network, image)
            targets = {network.labels.name(label): label, **neurons}
            panels: dict[str, list[Panel]] = {target: [] for target in targets}
            for rule in RULES:
                found = _reconstructions(network.with_rule(rule), image, label, neurons)
                for target, picture in zip(targets, found, strict=True):
                    panels[target].append(Panel(pictures.signed(picture), rule))
                advance(1)
            for target, shown in panels.items():
                where = f"{name}, {target}"
                if target in neurons:
                    row, column, channel = neurons[target]
                    where += f", channel {channel} at row {row}, column {column}"
                first = Panel(pictures.to_pixels(image), "the view")
                groups.append(Group(where, [first, *shown]))
    return Section(
        "Gradient, DeconvNet, guided backprop",
        "The same network run backwards under three rules that differ in nothing but what a "
        "rectifier lets through (§4): the gradient where its input was positive, DeconvNet what "
        "arrives positive, guided backprop where both hold. For the class on top, then for the "
        "strongest neuron of an early, a middle and a late layer: gradient methods apply to any "
        "neuron.",
        f"The centre view, {_size(network)}. Signed and in colour, grey is 0, scaled to the 99.5 % "
        "quantile of the magnitude.",
        groups,
    )


@jax.jit
def _jitted_scores(network, image):
    return network(image)


@jax.jit
def _strongest_indices(network, image):
    activations = network.activations(image)
    return {name: jnp.argmax(activations[name]) for name in LAYERS}


def _strongest(network: Network, image: jax.Array) -> dict[str, tuple[int, ...]]:
    """The neuron of each layer that this image excites most, as (row, column, channel)."""
    shapes = network.layer_shapes()
    found = _strongest_indices(network, image)
    return {
        name: tuple(int(i) for i in np.unravel_index(int(found[name]), shapes[name]))
        for name in LAYERS
    }


@jax.jit
def _reconstructions(network, image, label, neurons):
    """The class's gradient and the neurons', under the network's rule, in one compiled call."""
    inner = [gradient(network.layer(name), image, jnp.array(neurons[name])) for name in LAYERS]
    return [gradient(network, image, label), *inner]


def _size(network: Network) -> str:
    """The size of a view and of what it is cut from."""
    height, width, _ = network.mean_image.shape
    return f"{height}×{width} of a short side of {network.preprocessing.short_side}"


def _rounded(posterior: float) -> str:
    """Four digits, but never 1 for what is less.

    >>> _rounded(0.99999), _rounded(0.5)
    ('> 0.9999', '0.5000')
    """
    return "> 0.9999" if posterior > 0.9999 else f"{posterior:.4f}"
