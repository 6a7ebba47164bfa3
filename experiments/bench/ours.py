"""vizjax's side of every row: `SIDES[row](network name, inputs)` is what is timed."""

import contextlib
import functools
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax.tree_util import Partial

from experiments.bench import inputs as given
from experiments.bench.inputs import Inputs, Run
from experiments.bench.products import products
from vizjax.ascent import ascend
from vizjax.ascent.objectives import class_score
from vizjax.attribution import gradient, saliency
from vizjax.attribution.cam import grad_cam
from vizjax.attribution.integrated_gradients import integrated_gradients
from vizjax.attribution.occlusion import occlusion
from vizjax.attribution.smoothing import smooth
from vizjax.cli import explain
from vizjax.explain import scores_and_maps
from vizjax.localisation import localise
from vizjax.models import ConvNet, Network, Preprocessing, load
from vizjax.search import top_activations


def network_of(name: str, inputs: Inputs) -> Network:
    """The network with the parameters that both sides have."""
    if name != "convnet":
        return load(name)
    params: dict[str, dict[str, Any]] = {}
    for path, value in inputs.weights.items():
        layer, leaf = path.split("/")
        params.setdefault(layer, {})[leaf] = jnp.asarray(value)
    size = inputs.images.shape[1:3]
    module = ConvNet(width=params["conv1"]["bias"].size, size=size[0])
    preprocessing = Preprocessing(mean=inputs.mean, size=size, short_side=256)
    return Network(module, {"params": params}, preprocessing, name="convnet")


def _batched(method: Callable, images: int, rule: str = "gradient") -> Callable:
    """A method over a batch, one class an image."""

    def side(name: str, inputs: Inputs) -> Run:
        network = network_of(name, inputs).with_rule(rule)
        compiled = jax.jit(jax.vmap(method, (None, 0, 0)))
        batch, labels = jnp.asarray(inputs.images[:images]), jnp.asarray(inputs.labels[:images])
        return lambda: compiled(network, batch, labels)

    return side


def _single(method: Callable) -> Callable:
    """A method of one image."""

    def side(name: str, inputs: Inputs) -> Run:
        network, image = network_of(name, inputs), jnp.asarray(inputs.images[0])
        compiled = jax.jit(method)
        label = jnp.asarray(inputs.labels[0])
        return lambda: compiled(network, image, label)

    return side


def _views_by_classes(name: str, inputs: Inputs) -> Run:
    network, crops = network_of(name, inputs), jnp.asarray(inputs.views)
    labels = jnp.arange(given.CLASSES)
    return lambda: scores_and_maps(network, crops, labels).maps


def _grad_cam(name: str, inputs: Inputs) -> Run:
    layer = given.CAM_LAYER[name]
    return _batched(functools.partial(grad_cam, layer=layer, upsample=False), given.VIEWS)(
        name, inputs
    )


def _class_models(name: str, inputs: Inputs) -> Run:
    network = network_of(name, inputs)
    mean, labels = network.mean_image, jnp.asarray(inputs.labels[: given.VIEWS])
    optimizer = optax.sgd(given.RATE, momentum=given.MOMENTUM)
    start = given.START * jnp.asarray(inputs.noise[: given.VIEWS])
    objective = Partial(class_score, network, labels, mean, given.L2, 0.0)

    def run(steps: int = given.STEPS):
        return ascend(jax.random.key(0), objective, start, optimizer, steps=steps).image

    return given.Checked(lambda: run(), lambda: run(given.CHECKED_STEPS))


def _search(name: str, inputs: Inputs) -> Run:
    network = network_of(name, inputs)
    images = list(np.concatenate([inputs.images, inputs.images[:, :, ::-1]]))

    def run():
        found = top_activations(
            network.activations, images, layers=given.SEARCHED[name], k=given.K, chunk=32
        )
        return np.concatenate([found.hits[layer].values for layer in given.SEARCHED[name]])

    return run


def _localisation(name: str, inputs: Inputs) -> Run:
    pairs = [
        (inputs.photographs[f"{photo}/canvas"], inputs.photographs[f"{photo}/map"])
        for photo in given.photo_names(inputs)
    ]
    return lambda: np.concatenate(
        [localise(jax.random.key(0), *pair).mask.ravel() for pair in pairs]
    )


def _explain(name: str, inputs: Inputs) -> Run:
    kept = tempfile.TemporaryDirectory()  # as long as `run`
    paths = given.write_photographs(Path(kept.name), inputs)

    def run(number: int = 0):
        path = paths[number % len(paths)]
        if explain.run(explain.Explain((path,), out=Path(kept.name, "explained"))):
            raise AssertionError(f"{path} could not be explained")

    return run


SIDES: dict[str, Callable[[str, Inputs], Run]] = {
    "saliency_1": _batched(saliency, 1),
    "saliency_10": _batched(saliency, 10),
    "saliency_64": _batched(saliency, 64),
    "saliency_10_compiled": _batched(saliency, 10),
    "saliency_64_compiled": _batched(saliency, 64),
    "views_by_classes": _views_by_classes,
    "views_by_classes_kept": _views_by_classes,
    "deconvnet": _batched(gradient, 10, "deconvnet"),
    "guided": _batched(gradient, 10, "guided"),
    "grad_cam": _grad_cam,
    "grad_cam_torchcam": _grad_cam,
    "integrated_gradients": _single(
        lambda network, image, label: integrated_gradients(network, image, label, steps=50)
    ),
    "smoothgrad": _single(
        lambda network, image, label: smooth(gradient, sigma=given.SIGMA)(
            jax.random.key(0), network, image, label
        )
    ),
    "occlusion": _single(
        lambda network, image, label: occlusion(
            network,
            image,
            label,
            window=given.WINDOW,
            stride=given.STRIDE,
            fill=0.0,
            chunk=given.AT_ONCE,
        )
    ),
    "class_models": _class_models,
    "search": _search,
    "localisation": _localisation,
    "explain": _explain,
}


GPU = jax.default_backend() == "gpu"


def exact() -> contextlib.AbstractContextManager:
    """While results are compared: products of whole float32, which a GPU shortens otherwise."""
    return jax.default_matmul_precision("highest") if GPU else contextlib.nullcontext()


def wait(result: Any) -> None:
    """Until the result is there, on the device."""
    jax.block_until_ready(result)


def fetched(result: Any) -> np.ndarray:
    """The result, to compare it."""
    return np.asarray(result)


def device_peak() -> int:
    """The most memory of the GPU that was in use, in bytes; 0 without one."""
    stats = jax.devices()[0].memory_stats() if GPU else None
    return int(stats["peak_bytes_in_use"]) if stats else 0


def matmul() -> Run:
    """The matrix product that the machine's speed is read off: large enough to fill it."""
    size = given.MATMUL[jax.default_backend()]
    a = jax.random.normal(jax.random.key(0), (size, size))
    product = jax.jit(jnp.matmul)
    return lambda: product(a, a)


def flops(name: str, inputs: Inputs) -> float:
    """Operations of the convolutions and matrix products in the gradients of 64 images."""
    network, labels = network_of(name, inputs), jnp.asarray(inputs.labels)
    gradients = jax.vmap(gradient, (None, 0, 0))
    found = products(lambda images: gradients(network, images, labels), jnp.asarray(inputs.images))
    return sum(one.flops for one in found)
