"""A network with all that belongs to it: parameters, preprocessing, labels.

A `Network` is a callable pytree. Its parameters are leaves, so a compiled function takes them
as an argument instead of baking them in as constants; all else is static.
"""

import dataclasses
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
from vizjax.models.layer_views import After, Channels, Layer, call_namer
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

        Args:
          photo: RGB, 0-255, any size.

        Returns:
          An image for this network, float32, RGB in 0-255.

        Raises:
          InputError: `preprocessing.size` is None or larger than the canvas, or one side of the
            photograph is more than `vizjax.data.images.MAX_ASPECT` times the other.
        """
        height, width = self.blank().shape[:2]
        whole = canvas(photo, self.preprocessing.short_side or max(height, width))
        rows, columns, _ = whole.shape
        return extract(whole, centre_view(rows, columns, (height, width)))[0]

    def activations(self, image: Image) -> dict[str, Array]:
        """The output of every named layer, in the order in which they finish.

        (Out of a compiled function JAX hands any dict sorted by its keys.)

        A layer is any submodule of the Flax module; its name is its path, such as
        `fire2/squeeze1x1`. A layer that is called again is there again: `relu`, `relu#2`, …

        Args:
          image: RGB, 0-255, at the network's size.

        Returns:
          Each layer's output by name, without a batch axis: usually `(rows, columns, channels)`.

        Raises:
          InputError: the image is not of the network's size.
        """
        outputs, name_of = {}, call_namer()

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
        """The shape of every named layer's output, for an image of the network's size.

        Raises:
          InputError: `preprocessing.size` is None.
        """
        shapes = {}

        def trace(image):
            shapes.update((name, y.shape) for name, y in self.activations(image).items())

        jax.eval_shape(trace, self.blank())
        return shapes

    def last_plane(self) -> str:
        """The last layer whose output still has a plane: what class activation maps read.

        Returns:
          The layer's name, such as `conv10` of SqueezeNet.

        Raises:
          InputError: `preprocessing.size` is None, or no layer has a plane of two pixels or more.
        """
        shapes = self.layer_shapes()
        planes = [name for name, shape in shapes.items() if len(shape) == 3 and max(shape[:2]) > 1]
        if not planes:
            raise InputError(
                f"`layer` has no default for {self.name}: none of its layers has a plane of more "
                f"than one pixel; expected one of: {', '.join(shapes)}"
            )
        return planes[-1]

    def layer(self, name: str) -> Layer:
        """A score function whose scores are layer `name`'s neurons: `scores[row, column, channel]`.

        With it any method explains a neuron:
        `saliency(network.layer("conv10"), image, (6, 7, 281))`.

        Args:
          name: a layer, as in `activations`.

        Returns:
          A function of an image, and a pytree as the network is.

        Raises:
          InputError: an unknown layer; only when called, where `preprocessing.size` is None.
        """
        return Layer(self, self._known(name))

    def channels(self, name: str) -> Channels:
        """A score function whose scores are layer `name`'s channels, each averaged over its map.

        Args:
          name: a layer, as in `activations`.

        Returns:
          A function of an image: `(channels,)`.

        Raises:
          InputError: as of `layer`.
        """
        return Channels(self.layer(name))

    def after(self, name: str, image: Image | None = None) -> After:
        """The scores as a function of layer `name`'s activation (what Grad-CAM differentiates).

        Args:
          name: a layer, as in `activations`.
          image: what the layers beside it see, where not all passes through it (a branch such as
            `fire9/expand1x1`); None, a blank image, will do where all does.

        Returns:
          A function of an activation of the layer's shape.

        Raises:
          InputError: as of `layer`; when called, an image of the wrong size, or none where
            `preprocessing.size` is None.
        """
        return After(self, self._known(name), image)

    def with_rule(self, rule: str | rules.Rectifier) -> "Network":
        """The same network and parameters with another backward rule of its rectifiers.

        Args:
          rule: a name of `rules.RULES`, or a rectifier from `rules.rectifier(gate)`.

        Returns:
          A network of equal scores and other derivatives.

        Raises:
          InputError: an unknown rule, or a module that does not take its ReLU as a field.
        """
        relu = rules.by_name(rule) if isinstance(rule, str) else rule
        if "relu" not in {field.name for field in dataclasses.fields(self.module)}:
            raise InputError(
                f"`module` is {type(self.module).__name__}, which has no field `relu`; expected a "
                "module that calls `self.relu` for every rectifier, as vizjax's own do: use "
                "`vizjax.rules.rewrite(network, rule)`, which takes any function"
            )
        return dataclasses.replace(self, module=self.module.clone(relu=relu))

    @property
    def mean_image(self) -> Float[Array, "height width 3"]:
        """The training set's mean at the network's size: RGB, 0-255.

        Raises:
          InputError: `preprocessing.size` is None.
        """
        return jnp.broadcast_to(self.preprocessing.mean, self.blank().shape)

    def blank(self) -> Array:
        """A black image of the network's size and precision: what to trace the network with."""
        if self.preprocessing.size is None:
            raise InputError(
                "`preprocessing.size` is None; expected the input's (height, width) in pixels"
            )
        dtypes = [leaf.dtype for leaf in jax.tree.leaves(self.variables)]
        precision = [dtype for dtype in dtypes if jnp.issubdtype(dtype, jnp.floating)]
        return jnp.zeros((*self.preprocessing.size, 3), precision[0] if precision else jnp.float32)

    def _known(self, name: str) -> str:
        if self.preprocessing.size is not None and name not in (known := self.layer_shapes()):
            raise unknown("layer", name, list(known))
        return name
