"""Pictures of CIFAR's kind that a tiny net learns in a few steps, written as its batches are."""

import numpy as np

from vizjax.data.cifar import RECORD
from vizjax.training import Config

NAMES = ["airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"]

TINY = Config(
    size=12,
    side=16,
    margin=2,
    width=2,
    hidden=16,
    dropout=0.25,
    batch=16,
    epochs=3.0,
    learning_rate=0.05,
    log=4,
    seed=3,
)
"""Trained in a second, once compiled."""


def write_batches(folder, each=16, seed=0):
    """Each class is a colour of its own, its upper half darker, under noise."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    colours = np.random.default_rng(1).uniform(40, 215, (10, 3, 1, 1))
    shade = np.linspace(0.7, 1.1, 32)[:, None]
    for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]:
        labels = rng.permutation(np.arange(each) % 10)
        pixels = colours[labels] * shade + rng.normal(0, 20, (each, 3, 32, 32))
        content = np.zeros((each, RECORD), np.uint8)
        content[:, 0] = labels
        content[:, 1:] = np.clip(pixels, 0, 255).astype(np.uint8).reshape(each, -1)
        (folder / f"{name}.bin").write_bytes(content.tobytes())
    (folder / "batches.meta.txt").write_text("\n".join(NAMES) + "\n\n")
    return folder
