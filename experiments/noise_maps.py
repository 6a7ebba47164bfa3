"""The gradients of `experiments.noise`: one photograph under noise, averaged in three ways."""

import functools
from collections.abc import Sequence
from typing import NamedTuple

import jax
import numpy as np
from jaxtyping import Array, Float

from vizjax.attribution import gradient
from vizjax.data import (
    AnnotatedPhoto,
    assemble,
    centre_view,
    demo_photos,
    extract,
    read_photo,
    ten_views,
)
from vizjax.errors import InputError
from vizjax.evidence import canvas_of, in_chunks
from vizjax.maps import size_of
from vizjax.models import Network
from vizjax.types import Box, KeyArray, Photo

ONE, TEN, SMOOTH = "one view", "ten views", "SmoothGrad"

CENTRE = 4
"""Which of the ten views is the upright centre."""

CHUNK = 10
"""Images in memory at a time."""


class Variant(NamedTuple):
    """How a map is made.

    Attributes:
      kind: of one view, of the paper's ten, or by SmoothGrad.
      sigma: the noise on the image, a share of 0-255; 0 for none.
      samples: noisy copies that are averaged.
    """

    kind: str
    sigma: float
    samples: int = 1


class Draws(NamedTuple):
    """Gradients of one photograph under several draws of the noise, within the centre view.

    Attributes:
      signed: with their signs, averaged as the variant says.
      maps: the saliency maps: for `ten views` the mean of the views' maps, as in the paper, for
        `SmoothGrad` the map of the mean gradient.
    """

    signed: Float[np.ndarray, "draws height width 3"]
    maps: Float[np.ndarray, "draws height width"]


class Scene(NamedTuple):
    """One photograph as it is measured.

    Attributes:
      name: the photograph's.
      canvas: at the size from which views are cut, RGB in 0-255.
      window: the centre view: all is measured within it, so that no variant sees more.
      label: its true class.
      boxes: the true boxes, cut to the window and in its pixels; none of a picture's.
    """

    name: str
    canvas: Float[np.ndarray, "rows columns 3"]
    window: tuple[slice, slice]
    label: int
    boxes: list[Box]


def named(variant: Variant) -> str:
    """The variant in words.

    >>> named(Variant("SmoothGrad", 0.1, 16)), named(Variant("one view", 0.0))
    ('SmoothGrad of 16, σ 10 %', 'one view, no noise')
    """
    noise = f"σ {100 * variant.sigma:g} %" if variant.sigma else "no noise"
    return f"{variant.kind}{f' of {variant.samples}' * (variant.kind == SMOOTH)}, {noise}"


def scene_of(network: Network, photo: AnnotatedPhoto) -> Scene:
    """The photograph at the network's scale, and its boxes within the centre view.

    Raises:
      InputError: no box reaches into the centre.
    """
    pixels = read_photo(photo.path)
    scene = _laid_out(network, photo.path.name, pixels, photo.label)
    (height, width), (rows, columns) = size_of(network), pixels.shape[:2]
    (down, across), (y, x) = scene.canvas.shape[:2], (side.start for side in scene.window)

    def inside(side: int, old: int, new: int, start: int, most: int) -> int:
        return int(np.clip(round(side * new / old) - start, 0, most))

    boxes = [
        Box(
            inside(box.x0, columns, across, x, width),
            inside(box.y0, rows, down, y, height),
            inside(box.x1, columns, across, x, width),
            inside(box.y1, rows, down, y, height),
        )
        for box in photo.boxes
    ]
    boxes = [box for box in boxes if box.x0 < box.x1 and box.y0 < box.y1]
    if not boxes:
        raise InputError(
            f"`photos` has {photo.path.name}, none of whose boxes reaches into the centre view; "
            "expected an object there: leave the photograph out"
        )
    return scene._replace(boxes=boxes)


def demo_scene(network: Network) -> Scene:
    """The cup of coffee that comes with scikit-image, for pictures: its class is the predicted."""
    photo = demo_photos()["coffee"]
    return _laid_out(network, "coffee", photo, int(network(network.prepare(photo)).argmax()))


def _laid_out(network: Network, name: str, photo: Photo, label: int) -> Scene:
    """A scene without boxes."""
    canvas, (height, width) = canvas_of(network, photo), size_of(network)
    view = centre_view(canvas.shape[0], canvas.shape[1], (height, width))
    y, x = int(view.y[0]), int(view.x[0])
    return Scene(name, canvas, (slice(y, y + height), slice(x, x + width)), label, [])


def viewed(
    key: KeyArray, network: Network, scene: Scene, *, sigmas: Sequence[float], draws: int
) -> dict[Variant, Draws]:
    """Gradients of noisy photographs: of their centre, and of the ten views of the same ones.

    Args:
      key: of the noise.
      network: with an input size.
      scene: the photograph.
      sigmas: of the noise, shares of 0-255; at 0 there is one draw.
      draws: of the noise, at each sigma.
    """
    height, width, _ = scene.canvas.shape
    views = ten_views(height, width, size_of(network))
    rng = np.random.default_rng(np.asarray(jax.random.key_data(key)))
    of_gradients = functools.partial(_gradients, network, scene.label)
    one, ten = {}, {}
    for sigma in sigmas:
        found = {ONE: [], TEN: []}
        for _ in range(draws if sigma else 1):
            noise = rng.standard_normal(scene.canvas.shape, np.float32)
            noisy = scene.canvas + np.float32(255 * sigma) * noise
            crops = np.asarray(extract(noisy, views))
            of_views = in_chunks(of_gradients, (crops,), chunk=CHUNK)
            found[ONE].append((of_views[CENTRE], saliency_of(of_views[CENTRE])))
            colours = [assemble(of_views[..., c], views, height, width) for c in range(3)]
            averaged = (
                np.stack(colours, axis=-1),
                assemble(saliency_of(of_views), views, height, width),
            )
            found[TEN].append([values[scene.window] for values in averaged])
        for made, kind in ((one, ONE), (ten, TEN)):
            signed, maps = zip(*found[kind], strict=True)
            made[Variant(kind, sigma)] = Draws(np.stack(signed), np.stack(maps))
    return one | ten


def smoothed(
    key: KeyArray,
    network: Network,
    scene: Scene,
    *,
    sigma: float,
    samples: Sequence[int],
    draws: int,
) -> dict[Variant, Draws]:
    """SmoothGrad of the centre view, as `vizjax.attribution.smooth`.

    Copy k's noise depends on the key and k alone: few samples are the first of many, and the
    largest number pays for all.

    Args:
      key: of the noise; draw d has `jax.random.fold_in(key, d)`.
      network: with an input size.
      scene: the photograph.
      sigma: of the noise, a share of 0-255.
      samples: how many copies are averaged: a variant each.
      draws: of each.
    """
    image, scale = scene.canvas[scene.window], np.float32(255 * sigma)
    numbers = np.arange(max(samples), dtype=np.uint32)
    found: dict[int, list[np.ndarray]] = {count: [] for count in samples}
    for draw in range(draws):
        one_key = jax.random.fold_in(key, draw)
        noisy = functools.partial(_noisy_gradients, network, scene.label, one_key, image, scale)
        gradients = in_chunks(noisy, (numbers,), chunk=min(CHUNK, len(numbers)))
        for count in samples:
            found[count].append(gradients[:count].mean(axis=0))
    signed = {count: np.stack(means) for count, means in found.items()}
    return {
        Variant(SMOOTH, sigma, count): Draws(one, saliency_of(one)) for count, one in signed.items()
    }


def saliency_of(
    gradients: Float[np.ndarray, "*rest height width 3"],
) -> Float[np.ndarray, "*rest height width"]:
    """The largest magnitude over the colours (§3.1 of the paper)."""
    return np.abs(gradients).max(axis=-1)


@jax.jit
def _gradients(network: Network, label: Array | int, crops: Array) -> Array:
    return jax.vmap(lambda crop: gradient(network, crop, label))(crops)


@jax.jit
def _noisy_gradients(
    network: Network,
    label: Array | int,
    key: KeyArray,
    image: Array,
    sigma: Array,
    numbers: Array,
) -> Array:
    """The gradients whose mean `smooth` returns."""

    def one(number):
        noise = jax.random.normal(jax.random.fold_in(key, number), image.shape, image.dtype)
        return gradient(network, image + sigma * noise, label)

    return jax.vmap(one)(numbers)
