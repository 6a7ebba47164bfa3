"""Run twice at once, each a process of `jax.distributed`: together they find what one finds.

    python tests/two_processes.py FOLDER

Which one it is stands in the environment, as for `--distributed`. Prints `equal` at the end.
"""

import os
import sys
from pathlib import Path

os.environ["XLA_FLAGS"] = "--xla_force_host_platform_device_count=2"

TESTS = Path(__file__).parent
sys.path[:0] = [str(TESTS.parent), str(TESTS)]

import dataclasses  # noqa: E402

import few_photos  # noqa: E402
import jax  # noqa: E402
import numpy as np  # noqa: E402
import pytest  # noqa: E402
import tiny  # noqa: E402

from vizjax import devices  # noqa: E402
from vizjax.ascent import PAPER  # noqa: E402
from vizjax.errors import InputError  # noqa: E402
from vizjax.portraits import portraits  # noqa: E402
from vizjax.search import arrays_of, found_of, joined, top_activations  # noqa: E402
from vizjax.survey import Plan, survey  # noqa: E402
from vizjax.survey.parts import part  # noqa: E402

LAYERS, CHUNK = ("relu1", "head"), 3


def searched(network, images):
    """Two layers' lists."""
    return top_activations(network.activations, images, layers=LAYERS, k=4, chunk=CHUNK)


def check_search(network, processes):
    """The same bits as one process's."""
    images = [None if n == 8 else np.asarray(tiny.image(n)) for n in range(13)]
    stretch = processes.stretch(len(images), step=CHUNK)
    assert len(stretch) in (6, 7)

    def own():
        found = searched(network, images[stretch.start : stretch.stop])
        return arrays_of(found) | {"seen": np.array(found.seen)}

    parts = processes.gathered(own)
    found = joined([found_of(one, LAYERS, int(one["seen"])) for one in parts])
    alone = searched(network, images)
    assert (found.seen, found.skipped) == (alone.seen, alone.skipped) == (13, (8,))
    for layer in LAYERS:
        for x, y in zip(found.hits[layer], alone.hits[layer], strict=True):
            np.testing.assert_array_equal(x, y)


def check_survey(network, processes, folder):
    """The same file as one process's, byte for byte; interrupted, it goes on."""
    plan, data = Plan(("share", "middle"), batch=2), few_photos.dataset()
    options = {"known": few_photos.PROCEDURES, "workers": 0}
    alone = folder / f"alone{processes.number}.jsonl"
    records = survey(network, data, plan, alone, **options)
    out = folder / "shared.jsonl"

    def stop(done):
        if done and processes.number == 1:
            raise InputError("the disk is full")

    with pytest.raises(InputError, match=r"the disk is full$"):  # on both
        survey(network, data, plan, out, processes=processes, advance=stop, **options)
    assert not out.exists()
    assert part(out, processes).read_bytes().count(b"\n") > 1  # nothing made is lost
    assert survey(network, data, plan, out, processes=processes, **options) == records
    assert out.read_bytes() == alone.read_bytes()
    processes.gathered(dict)  # until both have looked
    assert not part(out, processes).exists()
    reported = []
    again = survey(
        network, data, plan, out, processes=processes, advance=reported.append, **options
    )
    assert (again, reported) == (records, [len(processes.stretch(5, step=2))])


def check_class_models(network, processes):
    """But for the rounding of batches of other sizes."""
    recipe = dataclasses.replace(PAPER, steps=5, learning_rate=30.0)
    key, labels = jax.random.key(0), [1, 4, 5]
    shared = portraits(key, network, labels, recipe, processes=processes)
    alone = portraits(key, network, labels, recipe)
    np.testing.assert_allclose(shared.trace, alone.trace, rtol=1e-5)
    np.testing.assert_allclose(shared.posteriors, alone.posteriors, rtol=1e-4)
    assert len(shared.pictures) == 3
    for one, other in zip(shared.pictures, alone.pictures, strict=True):
        assert np.abs(one.astype(int) - other).max() <= 1


def main(folder):
    """All checks."""
    with devices.connected() as processes:  # before the first computation
        network = tiny.network()
        assert processes.count == 2
        mesh = devices.mesh()
        assert mesh is not None
        assert mesh.size == 2
        check_search(network, processes)
        check_survey(network, processes, folder)
        check_class_models(network, processes)
    print("equal")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
