"""A search on disk: it comes back, only where it belongs, and damage is said."""

import jax.numpy as jnp
import numpy as np
import pytest

from vizjax.errors import InputError
from vizjax.search import Hits, TopK, digest, load, save
from vizjax.search.topk import no_hits

SEARCHED = {"network": "tiny", "layers": ("fire2/squeeze1x1", "head"), "k": 3, "photographs": 20}


def found():
    rng = np.random.default_rng(0)
    numbers = [jnp.asarray(rng.integers(0, 99, (5, 3)), jnp.int32) for _ in range(3)]
    values = jnp.asarray(rng.normal(size=(5, 3)), jnp.float32)
    hits = {"fire2/squeeze1x1": Hits(values, *numbers), "head": no_hits(7, 3)}
    return TopK(hits, 20, (4, 17))


def test_what_is_saved_comes_back(tmp_path):
    save(tmp_path / "a/state.safetensors", found(), searched=SEARCHED)
    back = load(tmp_path / "a/state.safetensors", searched=SEARCHED)
    assert (back.seen, back.skipped, list(back.hits)) == (20, (4, 17), list(found().hits))
    for layer, hits in found().hits.items():
        for one, other in zip(back.hits[layer], hits, strict=True):
            np.testing.assert_array_equal(one, other)
            assert one.dtype == other.dtype


def test_the_same_search_is_the_same_bytes(tmp_path):
    for name in ("one", "other"):
        save(tmp_path / name, found(), searched=SEARCHED)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"k": 4}, "is of another search: its k is 3, not 4; choose another file"),
        ({"layers": ["head"]}, r"its layers is \['fire2/squeeze1x1', 'head'\], not \['head'\]"),
        ({"photographs": 21}, "its photographs is 20, not 21"),
        ({"rule": "guided"}, "its rule is None, not guided"),
    ],
)
def test_a_search_of_something_else_is_refused(change, said, tmp_path):
    save(tmp_path / "state", found(), searched=SEARCHED)
    with pytest.raises(InputError, match=said):
        load(tmp_path / "state", searched={**SEARCHED, **change})


def test_a_search_of_more_than_this_is_refused(tmp_path):
    save(tmp_path / "state", found(), searched={**SEARCHED, "seed": 1})
    with pytest.raises(InputError, match="its seed is 1, not None"):
        load(tmp_path / "state", searched=SEARCHED)


def damaged(path, kind):
    match kind:
        case "empty":
            path.touch()
        case "text":
            path.write_text("no search")
        case "truncated":
            save(path, found(), searched=SEARCHED)
            path.write_bytes(path.read_bytes()[:-40])
        case "weights":
            from safetensors.numpy import save_file

            save_file({"kernel": np.zeros(3)}, path)
        case "directory":
            path.mkdir()


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated", "weights", "directory"])
def test_what_is_no_search_is_one_clear_line(kind, tmp_path):
    damaged(tmp_path / "state", kind)
    with pytest.raises(InputError, match=r"state` cannot be read as a search: .*delete it"):
        load(tmp_path / "state", searched=SEARCHED)


def test_a_digest_tells_values_shapes_types_and_order_apart():
    array = np.arange(6, dtype=np.float32)
    others = [array.reshape(2, 3), array.astype(np.int32), array[::-1], array[:5], -array, ["a", 1]]
    assert len({digest(array), *map(digest, others)}) == 7
    assert digest({"a": array}) == digest({"a": jnp.asarray(array)})
    assert digest(["ab", "c"]) != digest(["a", "bc"])
