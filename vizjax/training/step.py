"""One step of the training, as one compiled function of the state and a batch."""

from collections.abc import Callable
from functools import lru_cache, partial
from typing import Any, NamedTuple, TypeAlias

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jaxtyping import Array, Float, Int, PyTree

from vizjax.training import augmentation
from vizjax.training.config import Resolved
from vizjax.training.data import Batch
from vizjax.training.devices import all_devices, everywhere
from vizjax.training.statistics import Statistics
from vizjax.types import KeyArray


class State(NamedTuple):
    """What changes with every step; with the seed, all that the rest of a training depends on.

    Attributes:
      step: how many there were.
      params: of the network, float32.
      descent: of the optimiser.
    """

    step: Int[Array, ""]
    params: PyTree
    descent: PyTree


class Losses(NamedTuple):
    """Of a batch: means over its pictures.

    Attributes:
      loss: cross-entropy, in nats.
      error: the share whose highest score is another class's.
    """

    loss: Float[Array, ""]
    error: Float[Array, ""]


Step: TypeAlias = Callable[[State, Batch, Statistics, KeyArray], tuple[State, Losses]]


def descent(config: Resolved, steps: int, per_epoch: float) -> optax.GradientTransformation:
    """Gradient descent with momentum and weight decay (Krizhevsky et al. 2012, §5).

    Args:
      config: rates, momentum and decay.
      steps: of the training.
      per_epoch: steps an epoch.
    """
    return optax.chain(
        optax.add_decayed_weights(config.weight_decay),
        optax.sgd(rate(config, steps, per_epoch), momentum=config.momentum),
    )


def rate(config: Resolved, steps: int, per_epoch: float) -> optax.Schedule:
    """The learning rate at each step.

    Args:
      config: schedule, highest rate, warm-up and drops.
      steps: of the training.
      per_epoch: steps an epoch.
    """
    warmup = min(round(config.warmup * per_epoch), steps - 1)
    if config.schedule == "cosine":
        falling = optax.cosine_decay_schedule(config.learning_rate, steps - warmup)
    else:
        drops = {round(share * steps) - warmup: 0.1 for share in config.drops}
        falling = optax.piecewise_constant_schedule(config.learning_rate, drops)
    rising = optax.linear_schedule(0.0, config.learning_rate, warmup)
    joined = optax.join_schedules([rising, falling], [warmup]) if warmup else falling
    # Optax divides what it is given by numbers of steps: it is given a float.
    return lambda step: joined(jnp.asarray(step, jnp.float32))


def initial(module: Any, config: Resolved, optimizer: optax.GradientTransformation) -> State:
    """The state before the first step.

    Args:
      module: the network.
      config: its size, and the seed.
      optimizer: from `descent`.
    """
    blank = jnp.zeros((1, config.size, config.size, 3))
    params = module.init(jax.random.fold_in(jax.random.key(config.seed), 0), blank)["params"]
    return State(jnp.zeros((), jnp.int32), params, optimizer.init(params))


def centred(image: Array | np.ndarray, statistics: Statistics) -> Array:
    """Pictures as the network takes them: zero-centred, of unit deviation.

    Args:
      image: 0-255, of any number of leading axes.
      statistics: of the training set.
    """
    mean, scale = (jnp.broadcast_to(one, image.shape) for one in statistics[:2])
    return (jnp.asarray(image, jnp.float32) - mean) / scale


def augmented(
    key: KeyArray, batch: Batch, statistics: Statistics, config: Resolved
) -> Float[Array, "batch size size 3"]:
    """A batch as the network is trained on it: each picture's changes depend on its position.

    Args:
      key: of the training.
      batch: the pictures.
      statistics: of the training set.
      config: which changes are made.
    """
    axes = jnp.asarray(statistics.axes / statistics.scale[None])
    steps: list[augmentation.Augment] = [
        partial(augmentation.crop, size=config.size, margin=config.margin)
    ]
    if config.reflect:
        steps.append(augmentation.reflect)
    if config.lighting:
        steps.append(partial(augmentation.light, axes=axes, deviation=config.lighting))
    if config.patches:
        steps.append(partial(augmentation.zero_out, patches=config.patches, patch=config.patch))
    keys = jax.vmap(partial(jax.random.fold_in, key))(batch.position)
    return jax.vmap(augmentation.sequence(*steps))(keys, centred(batch.image, statistics))


def scores(module: Any, params: PyTree, x: Array, config: Resolved, **options: Any) -> Array:
    """The unnormalised scores, float32, computed in the configured precision.

    Args:
      module: the network.
      params: float32.
      x: a batch, as `centred` makes it.
      config: the precision.
      **options: of the module's `apply`.
    """
    kind = jnp.dtype(config.precision)
    params, x = jax.tree.map(lambda leaf: leaf.astype(kind), (params, x))
    return module.apply({"params": params}, x, **options).astype(jnp.float32)


@lru_cache(maxsize=4)  # a training that goes on in one process compiles nothing anew
def compiled_step(module: Any, config: Resolved, steps: int, per_epoch: float) -> Step:
    """The step: augmentation, forward and backward pass, descent.

    The gradient is that of the mean loss over the whole batch, however many devices share it, and
    in however many parts it comes; of dropout each part has masks of its own.

    Args:
      module: the network.
      config: the training's.
      steps: of the training.
      per_epoch: steps an epoch.

    Returns:
      A compiled function `(state, batch, statistics, key) -> (state, losses)`; the key is that of
      the training, and the state that it was given is consumed.
    """
    optimizer = descent(config, steps, per_epoch)

    def losses(params, batch, statistics, keys):
        x = augmented(keys[0], batch, statistics, config)
        found = scores(module, params, x, config, train=True, rngs={"dropout": keys[1]})
        loss = optax.softmax_cross_entropy_with_integer_labels(found, batch.label).mean()
        wrong = found.argmax(axis=-1) != batch.label
        return loss, Losses(loss, wrong.astype(jnp.float32).mean())

    gradient = jax.grad(losses, has_aux=True)

    def whole(params, batch, statistics, changes, masks):
        """Of a batch in parts: the mean of their gradients and losses, one part in memory."""
        count = config.accumulate
        if count == 1:
            return gradient(params, batch, statistics, (changes, masks))
        # Every device's own pictures are divided, so that none has to change its device.
        parts = jax.tree.map(lambda x: x.reshape(-1, count, *x.shape[1:]).swapaxes(0, 1), batch)

        def add(total, part):
            pictures, number = part
            keys = changes, jax.random.fold_in(masks, number)
            found = gradient(params, pictures, statistics, keys)
            return jax.tree.map(jnp.add, total, found), None

        shapes = jax.eval_shape(gradient, params, batch, statistics, (changes, masks))
        zeros = jax.tree.map(lambda leaf: jnp.zeros(leaf.shape, leaf.dtype), shapes)
        total, _ = jax.lax.scan(add, zeros, (parts, jnp.arange(count)))
        return jax.tree.map(lambda leaf: leaf / count, total)

    @partial(jax.jit, donate_argnums=0, out_shardings=everywhere(all_devices()))
    def step(state, batch, statistics, key):
        changes, masks = jax.random.fold_in(key, 1), jax.random.fold_in(key, 2)
        masks = jax.random.fold_in(masks, state.step)
        gradients, found = whole(state.params, batch, statistics, changes, masks)
        updates, descended = optimizer.update(gradients, state.descent, state.params)
        params = optax.apply_updates(state.params, updates)
        return State(state.step + 1, params, descended), found

    return step
