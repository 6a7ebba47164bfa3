"""The batches of a training on their devices, from memory or from files.

What fits is decoded once and lies on the devices; what does not is read by Grain in worker
processes. Both give the same batches.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import jax
import numpy as np
from jax.sharding import Mesh

from vizjax.training.config import Resolved
from vizjax.training.data import Batch, Pictures, Split
from vizjax.training.devices import everywhere, put, spread
from vizjax.training.order import order, places


def batches(
    split: Split,
    kept: Pictures | None,
    config: Resolved,
    mesh: Mesh,
    first: int,
    steps: int,
    workers: int,
) -> Iterator[Batch]:
    """The batches from a step on, in the order that the seed decides.

    Args:
      split: the training set.
      kept: all of it, decoded, which then lies on the devices whole; None to read it by Grain.
      config: seed and batch.
      mesh: the devices that share each batch.
      first: the step to begin with.
      steps: the step to end before.
      workers: processes that read; see `stream`.
    """
    if first >= steps:
        return
    if kept is None:
        read = stream(
            split,
            seed=config.seed,
            batch=config.batch,
            first=first,
            steps=steps - first,
            workers=workers,
        )
        for batch in read:
            yield put(batch, spread(mesh))
        return
    everything = put(kept, everywhere(mesh))

    @partial(jax.jit, out_shardings=spread(mesh))
    def gathered(pictures, indices, positions):
        return Batch(pictures.image[indices], pictures.label[indices], positions)

    for step in range(first, steps):
        positions = np.array(places(step, config.batch), np.uint32)
        indices = order(config.seed, len(split), positions).astype(np.int32)
        yield gathered(everything, *put((indices, positions), spread(mesh)))


@dataclass(frozen=True)
class _Placed:
    """Grain's random access: this host's picture number `index` from a step on."""

    split: Split
    seed: int
    batch: int
    first: int
    steps: int
    host: int
    hosts: int

    def __len__(self) -> int:
        return self.steps * (self.batch // self.hosts)

    def __getitem__(self, index: Any) -> Batch:
        step, rank = divmod(int(index), self.batch // self.hosts)
        start = (self.first + step) * self.batch + self.host * (self.batch // self.hosts)
        position = start + rank
        (number,) = order(self.seed, len(self.split), [position])
        image, label = self.split[int(number)]
        return Batch(image, np.int32(label), np.uint32(position))


def stream(
    split: Split, *, seed: int, batch: int, first: int, steps: int, workers: int
) -> Iterator[Batch]:
    """The batches of this host from a step on, read by Grain.

    Args:
      split: what is read.
      seed: of the order.
      batch: pictures a step, over all hosts.
      first: the step to begin with.
      steps: how many follow.
      workers: processes that read and decode; 0 for threads of this one.
    """
    import grain  # a second, and only needed here
    from absl import flags

    if not flags.FLAGS.is_parsed():  # Grain asks them, and whoever is no program of absl's has none
        flags.FLAGS.mark_as_parsed()
    hosts, host = jax.process_count(), jax.process_index()
    source: Any = _Placed(split, seed, batch, first, steps, host, hosts)
    pictures = grain.MapDataset.source(source).batch(batch // hosts, drop_remainder=True)
    read = pictures.to_iter_dataset(grain.ReadOptions(num_threads=16, prefetch_buffer_size=8))
    if workers:
        read = read.mp_prefetch(grain.MultiprocessingOptions(workers, per_worker_buffer_size=2))
    yield from read
