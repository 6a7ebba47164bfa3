"""A network with all that belongs to it: parameters, preprocessing, labels.

A `Network` is a callable pytree. Its parameters are leaves, so a compiled function takes them
as an argument instead of baking them in as constants; all else is static.
"""

import dataclasses
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import flax.linen as nn
import jax
import jax.numpy as jnp
from jax.tree_util import register_dataclass
from jaxtyping import Array, Float

from vizjax import rules
from vizjax.data.crops import centre_view, extract
from vizjax.data.images import canvas
from vizjax.errors import InputError, unknown
from vizjax.models.labels import Labels
from vizjax.models.preprocessing import STATIC, Preprocessing
from vizjax.types import Image, Photo, Scores


@register_dataclass
@dataclass(frozen=True)
class Network:
    """A Flax module, its variables, and what it takes to run it on a photograph.

    `network(image)` is a `ScoreFn`: one image, RGB in 0-255 at the network's size, to
    unnormalised scores. A module of one's own needs one line,

        network = Network(module, module.init(key, image))

    and any other JAX function needs none: every method takes a `Callable[[Image], Scores]`.

    Attributes:
      module: any Linen module of one argument.
      variables: as Flax's `init` returns them: `{"params": …}`, with `batch_stats` if any.
      preprocessing: from pixels to the module's input.
      labels: the classes, in the order of the scores.
      name: for titles and files.
      batched: True for a module that takes a batch of images rather than one.
    """

    module: nn.Module = dataclasses.field(**STATIC)
    variables: Any = dataclasses.field(repr=False)
    preprocessing: Preprocessing = dataclasses.field(default_factory=Preprocessing)
    labels: Labels = dataclasses.field(default=Labels(), repr=False, **STATIC)
    name: str = dataclasses.field(default="network", **STATIC)
    batched: bool = dataclasses.field(default=False, **STATIC)

    def __call__(self, image: Image) -> Scores:
        """The unnormalised scores of one image (RGB, 0-255, at the network's size)."""
        size = self.preprocessing.size
        if size is not None and image.shape[:-1] != size:
            raise InputError(
                f"`image` is {' × '.join(map(str, image.shape))}; expected height × width × "
                f"channels of {size[0]} × {size[1]} × 3: cut views with `vizjax.data.crops`, and "
                "give a batch to `jax.vmap(network)`"
            )
        x = self.preprocessing(jnp.asarray(image))
        scores: Any = self.module.apply(self.variables, x[None] if self.batched else x)
        return scores[0] if self.batched else scores

    def prepare(self, photo: Photo) -> Float[Array, "rows columns 3"]:
        """The image that this network classifies: the centre of a photograph, at its size.

        The short side is brought to `preprocessing.short_side` and the middle cut out, as in the
        usual evaluation; `vizjax.data.crops` has other views.
        """
        height, width = self._blank().shape[:2]
        whole = canvas(photo, self.preprocessing.short_side or max(height, width))
        rows, columns, _ = whole.shape
        return extract(whole, centre_view(rows, columns, (height, width)))[0]

    def activations(self, image: Image) -> dict[str, Array]:
        """The output of every named layer, in the order in which they finish.

        (Out of a compiled function JAX hands any dict sorted by its keys.)

        A layer is any submodule of the Flax module; its name is its path, such as
        `fire2/squeeze1x1`. A layer that is called again is there again: `relu`, `relu#2`, …
        """
        outputs, name_of = {}, _call_namer()

        def record(call, args, kwargs, context):
            name = name_of(context)
            y = call(*args, **kwargs)
            if name:
                outputs[name] = y[0] if self.batched else y
            return y

        with nn.intercept_methods(record):
            self(image)
        return outputs

    def layer_shapes(self) -> dict[str, tuple[int, ...]]:
        """The shape of every named layer's output, for an image of the network's size."""
        shapes = {}

        def trace(image):
            shapes.update((name, y.shape) for name, y in self.activations(image).items())

        jax.eval_shape(trace, self._blank())
        return shapes

    def layer(self, name: str) -> "Layer":
        """A score function whose scores are layer `name`'s neurons: `scores[row, column, channel]`.

        With it any method explains a neuron:
        `saliency(network.layer("conv10"), image, (6, 7, 281))`.
        """
        return Layer(self, self._known(name))

    def channels(self, name: str) -> "Channels":
        """A score function whose scores are layer `name`'s channels, each averaged over its map."""
        return Channels(self.layer(name))

    def after(self, name: str, image: Image | None = None) -> "After":
        """The scores as a function of layer `name`'s activation (what Grad-CAM differentiates).

        Args:
          name: a layer.
          image: what the layers beside it see, where not all passes through it (a branch such as
            `fire9/expand1x1`); None, a blank image, will do where all does.
        """
        return After(self, self._known(name), image)

    def with_rule(self, rule: str | rules.Rectifier) -> "Network":
        """The same network and parameters with another backward rule of its rectifiers.

        Args:
          rule: a name of `rules.RULES`, or a rectifier from `rules.rectifier(gate)`.

        Raises:
          InputError: an unknown rule, or a module that does not take its ReLU as a field.
        """
        relu = rules.by_name(rule) if isinstance(rule, str) else rule
        if "relu" not in {field.name for field in dataclasses.fields(self.module)}:
            raise InputError(
                f"`module` is {type(self.module).__name__}, which has no field `relu`; expected a "
                "module that calls `self.relu` for every rectifier, as vizjax's own do"
            )
        return dataclasses.replace(self, module=self.module.clone(relu=relu))

    @property
    def mean_image(self) -> Float[Array, "height width 3"]:
        """The training set's mean at the network's size: RGB, 0-255."""
        return jnp.broadcast_to(self.preprocessing.mean, self._blank().shape)

    def _blank(self) -> Array:
        if self.preprocessing.size is None:
            raise InputError(
                "`preprocessing.size` is None; expected the input's (height, width) in pixels"
            )
        return jnp.zeros((*self.preprocessing.size, 3), jnp.float32)

    def _known(self, name: str) -> str:
        if self.preprocessing.size is not None and name not in (known := self.layer_shapes()):
            raise unknown("layer", name, list(known))
        return name


def _call_namer() -> Callable[[Any], str]:
    """Names the calls of one forward pass in turn: a layer's path, from its second on `path#2`.

    What is no layer's `__call__` is nameless: the network itself, and other methods.
    """
    calls = Counter()

    def name(context):
        path = "/".join(context.module.path)
        if context.method_name != "__call__" or not path:
            return ""
        calls[path] += 1
        return path if calls[path] == 1 else f"{path}#{calls[path]}"

    return name


@register_dataclass
@dataclass(frozen=True)
class Layer:
    """One layer's activation as a function of the image; see `Network.layer`."""

    network: Network
    name: str = dataclasses.field(**STATIC)

    def __call__(self, image: Image) -> Array:
        """The activation, usually `(rows, columns, channels)`."""
        outputs = self.network.activations(image)
        if self.name not in outputs:
            raise unknown("layer", self.name, list(outputs))
        return outputs[self.name]


@register_dataclass
@dataclass(frozen=True)
class Channels:
    """One score a channel of a layer; see `Network.channels`."""

    layer: Layer

    def __call__(self, image: Image) -> Float[Array, " features"]:
        """The mean of each channel's map."""
        activation = self.layer(image)
        return activation.mean(axis=tuple(range(activation.ndim - 1)))


@register_dataclass
@dataclass(frozen=True)
class After:
    """The part of a network after a layer; see `Network.after`."""

    network: Network
    name: str = dataclasses.field(**STATIC)
    image: Image | None = None

    def __call__(self, activation: Array) -> Scores:
        """The scores when the layer's output is `activation`."""
        name_of, seen = _call_namer(), []

        def replace(call, args, kwargs, context):
            seen.append(name_of(context))
            if seen[-1] == self.name:
                return activation[None] if self.network.batched else activation
            return call(*args, **kwargs)

        # What comes before the layer alone is unused: compiled, it vanishes.
        with nn.intercept_methods(replace):
            scores = self.network(self.network._blank() if self.image is None else self.image)
        if self.name not in seen:
            raise unknown("layer", self.name, [name for name in seen if name])
        return scores
