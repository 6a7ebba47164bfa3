"""Gradient ascent on an image: the loop that every optimised picture shares."""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import optax
from jax.sharding import PartitionSpec as P
from jax.tree_util import Partial
from jaxtyping import Array, Float

from vizjax import devices
from vizjax.errors import InputError
from vizjax.types import KeyArray

STEPS_PER_CALL = 25
"""Steps that an accelerator runs between two reports of progress, in one `lax.scan`."""


class Ascent(NamedTuple):
    """What an ascent found.

    Attributes:
      image: the optimised image (or whatever was optimised: a batch, a spectrum).
      trace: the objective before each step, `(steps, …)`: one value for a single image, one an
        image for a batch.
    """

    image: Any
    trace: Float[Array, "steps ..."]


def as_pytree(function: Callable) -> Callable:
    """`function` as a pytree, so that compiled code takes its arrays as arguments.

    A `Network` is one already; any other callable becomes one without leaves, and so does any
    among the leaves.
    """
    if not any(callable(leaf) for leaf in jax.tree.leaves(function)):
        return function
    return jax.tree.map(lambda leaf: Partial(leaf) if callable(leaf) else leaf, function)


def ascend(
    key: KeyArray,
    objective: Callable[[Any], Array],
    image: Any,
    optimizer: optax.GradientTransformation,
    *,
    steps: int,
    transform: Callable[[KeyArray, Any], Any] | None = None,
    project: Callable[[Any], Any] | None = None,
    progress: Callable[[int], Any] | None = None,
) -> Ascent:
    """Climbs `objective` from `image`: `I ← project(I + update(∂objective(transform(I))/∂I))`.

    Args:
      key: random key, one part a step for `transform`.
      objective: a value for an image, or one value an image for a batch, whose members then climb
        independently with any elementwise optimiser. A callable pytree (such as
        `jax.tree_util.Partial(f, network)`) has its arrays passed as arguments.
      image: the start; any pytree of arrays. A batch that lies in rows on several devices
        (`vizjax.devices.in_rows`) climbs on each, and so must the objective's arrays that have a
        value an image.
      optimizer: from optax. It sees the negated gradient, as it minimises.
      steps: how many, at least 1.
      transform: `(key, image) -> image`, drawn anew and differentiated through at every step.
      project: `image -> image` after every step, such as a blur or a clip.
      progress: called with the number of steps just done.

    Returns:
      The last image and the objective before each step.

    Raises:
      InputError: `steps` is less than 1.

    Notes:
      On a CPU each step is one compiled call, as XLA runs convolutions inside a loop on one
      thread; elsewhere `STEPS_PER_CALL` steps are one `lax.scan`. The keys are the same.
      `optimizer`, `transform` and `project` are compiled in: pass the same (or equal) object again
      and nothing is compiled twice.
    """
    if steps < 1:
        raise InputError(f"`steps` is {steps}; expected at least 1")
    objective, keys = as_pytree(objective), jax.random.split(key, steps)
    state, static, traces = (image, optimizer.init(image)), (optimizer, transform, project), []
    advance = _advance
    if (mesh := devices.mesh_of(image)) is not None:
        objective, state, keys = devices.replicated((objective, state, keys), mesh)
        out = devices.specs_of(state), P(None, devices.ROWS)
        advance = functools.partial(devices.on_each, _advance, mesh=mesh, static=static, out=out)
        static = ()
    stride = 1 if jax.default_backend() == "cpu" else STEPS_PER_CALL
    for start in range(0, steps, stride):
        state, trace = advance(objective, state, keys[start : start + stride], *static)
        traces.append(trace)
        if progress is not None:
            progress(len(trace))
    return Ascent(state[0], jax.numpy.concatenate(traces))


@functools.partial(jax.jit, static_argnums=(3, 4, 5))
def _advance(objective, state, keys, optimizer, transform, project):
    def step(state, key):
        image, optimizer_state = state

        def value(image):
            values = objective(image if transform is None else transform(key, image))
            return values.sum(), values

        (_, values), gradient = jax.value_and_grad(value, has_aux=True)(image)
        descent = jax.tree.map(jax.numpy.negative, gradient)
        updates, optimizer_state = optimizer.update(descent, optimizer_state, image)
        image = optax.apply_updates(image, updates)
        return (image if project is None else project(image), optimizer_state), values

    if len(keys) == 1:
        state, values = step(state, keys[0])
        return state, values[None]
    return jax.lax.scan(step, state, keys)
