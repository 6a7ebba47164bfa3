"""Run in a process of its own: eight simulated devices find what one finds.

    python tests/many_devices.py FOLDER

prints a JSON object: of each comparison the largest difference, 0 where the bits are the same.
"""

import dataclasses
import json
import os
import sys
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=8"

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

import few_photos  # noqa: E402
import jax  # noqa: E402
import numpy as np  # noqa: E402
import tiny  # noqa: E402

from vizjax import devices  # noqa: E402
from vizjax.ascent import NATURAL, PAPER, class_models  # noqa: E402
from vizjax.ascent.loop import _advance  # noqa: E402
from vizjax.evidence import Averaged, Pyramid, mean_scores  # noqa: E402
from vizjax.search import top_activations  # noqa: E402
from vizjax.survey import Plan, survey  # noqa: E402

NETWORK = tiny.network()
KEY = jax.random.key(0)


def on_one(function):
    """What one device finds."""
    with jax.default_device(jax.devices()[0]):
        return function()


def difference(function):
    """Between eight devices and one: the largest, as a share of the largest value."""
    many, one = (jax.tree.map(np.asarray, run()) for run in (function, lambda: on_one(function)))
    assert jax.tree.structure(many) == jax.tree.structure(one)
    found = [0.0]
    for x, y in zip(jax.tree.leaves(many), jax.tree.leaves(one), strict=True):
        assert (x.shape, x.dtype) == (y.shape, y.dtype)
        if not np.array_equal(x, y):
            found.append(float(np.abs(x - y).max() / np.abs(y).max()))
    return max(found)


def models(count, recipe):
    """Class models of so many classes, over and over."""
    labels = np.arange(count) % tiny.CLASSES
    options = {"shape": (*tiny.SIZE, 3), "mean": NETWORK.mean_image, "recipe": recipe}
    return tuple(class_models(KEY, NETWORK, labels, **options))


def searched(images, chunk):
    """The lists of two layers."""
    found = top_activations(NETWORK.activations, images, layers=("relu1", "head"), k=4, chunk=chunk)
    assert found.seen == len(images)
    return tuple(found.hits[layer] for layer in ("relu1", "head"))


def surveyed(path):
    """The bytes of a survey's file."""
    plan = Plan(("share", "middle"), steps=2, batch=3)
    survey(NETWORK, few_photos.dataset(), plan, path, known=few_photos.PROCEDURES, workers=0)
    return np.frombuffer(path.read_bytes(), np.uint8)


def main(folder):
    """All comparisons."""
    mesh = devices.mesh()
    assert mesh is not None
    assert mesh.size == 8
    assert on_one(devices.mesh) is None
    assert devices.mesh(most=1) is None
    images = [np.asarray(tiny.image(seed)) for seed in range(37)]
    damaged = [None if number in (3, 36) else image for number, image in enumerate(images)]
    photos = [few_photos.example(number).photo for number in range(3)]
    paper = dataclasses.replace(PAPER, steps=20, learning_rate=30.0)
    natural = dataclasses.replace(NATURAL, steps=10, jitter=2)
    pyramid = Pyramid("relu2", scales=(1.0, 1.5), chunk=2)
    found = {
        "search": difference(lambda: searched(images, 2)),
        "search, damaged": difference(lambda: searched(damaged, 3)),
        "search, short": difference(lambda: searched(images[:2], 16)),
        "search, all at once": difference(lambda: searched(images[:9], None)),
        "scores": difference(lambda: mean_scores(NETWORK, photos, chunk=4)),
        "averaged": difference(lambda: Averaged(chunk=3)(KEY, NETWORK, photos, [0, 1, 2])),
        "pyramid": difference(lambda: pyramid(KEY, NETWORK, photos, [0, 1, 2])),
        "survey": float(
            not np.array_equal(
                surveyed(folder / "many.jsonl"), on_one(lambda: surveyed(folder / "one.jsonl"))
            )
        ),
        "paper, 11 classes": difference(lambda: models(11, paper)),
        "paper, 3 classes": difference(lambda: models(3, paper)),
    }
    before = tiny.compilations(_advance)
    with jax.numpy_dtype_promotion("standard"):
        found["natural, 11 classes"] = difference(lambda: models(11, natural))
    assert tiny.compilations(_advance) <= before + 1
    print(json.dumps(found))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
