"""TensorFlow.js models: a manifest and its shards."""

import json

import numpy as np
import pytest
from weight_files import tfjs_files

from vizjax.errors import InputError
from vizjax.models.tfjs import read

RNG = np.random.default_rng(0)
ARRAYS = {
    "conv1/kernel": RNG.normal(size=(3, 2, 4, 5)).astype(np.float32),
    "conv1/bias": RNG.normal(size=5).astype(np.float32),
    "scalar": np.array(3, np.float32),
    "fc/kernel": RNG.normal(size=(5, 7)).astype(np.float32),
}


def changed(change):
    """A copy of the files with another manifest."""
    files = tfjs_files(ARRAYS)
    model = json.loads(files["model.json"])
    change(model["weightsManifest"][0])
    return {**files, "model.json": json.dumps(model).encode()}


def arrays(files):
    return read(files["model.json"], files.__getitem__)


def same(found):
    assert list(found) == list(ARRAYS)
    for name, array in ARRAYS.items():
        np.testing.assert_array_equal(found[name], array)
        assert found[name].dtype == np.float32


@pytest.mark.parametrize("shard_bytes", [7, 100, 10_000])
def test_arrays_run_through_the_shards(shard_bytes):
    same(arrays(tfjs_files(ARRAYS, shard_bytes)))


def test_groups_have_shards_of_their_own():
    names = list(ARRAYS)
    first, second = (tfjs_files({n: ARRAYS[n] for n in part}) for part in (names[:1], names[1:]))
    models = [json.loads(files.pop("model.json")) for files in (first, second)]
    groups = [model["weightsManifest"][0] for model in models]
    for prefix, group in zip("ab", groups, strict=True):
        group["paths"] = [prefix + path for path in group["paths"]]
    shards = {"a" + path: content for path, content in first.items()}
    shards |= {"b" + path: content for path, content in second.items()}
    model = json.dumps({"weightsManifest": groups}).encode()
    same(read(model, shards.__getitem__))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        (changed(lambda g: g["paths"].pop()), r"hold 600 bytes; expected 644, for the 4 arrays"),
        (changed(lambda g: g["weights"].pop()), "hold 644 bytes; expected 504"),
        (changed(lambda g: g["weights"].clear()), "hold 644 bytes; expected 0"),
        (changed(lambda g: g["weights"][0].update(dtype="int32")), "its `conv1/kernel` is quan"),
        (changed(lambda g: g["weights"][1].update(quantization={})), "its `conv1/bias` is quant"),
        (changed(lambda g: g["weights"][1].pop("shape")), "no `weightsManifest` that can be read"),
        ({"model.json": b"{}"}, "no `weightsManifest`"),
        ({"model.json": b"[]"}, "no `weightsManifest`"),
        ({"model.json": b"{"}, "no `weightsManifest`"),
        ({"model.json": b"\xff\xfe"}, "no `weightsManifest`"),
    ],
)
def test_what_does_not_fit_is_refused(files, reason):
    with pytest.raises(InputError, match=reason):
        arrays(files)
