"""The shapes, written by TFDS and read back."""

import hashlib

import numpy as np
import pytest

from vizjax.data import dataset
from vizjax.data.shapes import OUTLINES, draw
from vizjax.errors import InputError

SIZES = {"train": 12, "test": 5, "seed": 3}


@pytest.fixture(scope="module")
def prepare():
    from vizjax.data.shapes.builder import prepare_shapes

    return prepare_shapes


@pytest.fixture(scope="module")
def folder(prepare, tmp_path_factory):
    where = tmp_path_factory.mktemp("tfds")
    done = []
    assert prepare(where, **SIZES, advance=done.append) == where / "shapes" / "1.0.0"
    assert sum(done) == 17
    return where


@pytest.mark.parametrize(("split", "number", "count"), [("train", 0, 12), ("test", 1, 5)])
def test_what_was_drawn_is_read(folder, split, number, count):
    data = dataset("shapes", split=split, folder=folder)
    assert (len(data), data.classes) == (count, tuple(OUTLINES))
    assert {data.accepted(label) for label in range(10)} == {()}
    for index, example in enumerate(data):
        drawing = draw(SIZES["seed"], number, index)
        assert example.name == f"{split}_{index:06d}"
        assert example.labels == (drawing.label,)
        np.testing.assert_array_equal(example.photo, drawing.picture)
        np.testing.assert_array_equal(example.mask, drawing.numbers > 0)
        assert example.boxes(drawing.label) == drawing.boxes
        assert len(example.instances) == len(drawing.boxes)
        assert example.certain


def test_the_default_split_is_for_testing(folder):
    assert len(dataset("shapes", folder=folder)) == 5


def test_tfds_finds_it_by_its_name(folder):
    import tensorflow_datasets as tfds

    assert tfds.builder("shapes", data_dir=folder).data_path == folder / "shapes/1.0.0"


def test_written_again_it_is_the_same(folder, prepare, tmp_path):
    def digests(where):
        files = sorted(where.glob("shapes/1.0.0/*array_record*"))
        assert len(files) == 2
        return [hashlib.sha256(file.read_bytes()).hexdigest() for file in files]

    prepare(tmp_path, **SIZES)
    assert digests(tmp_path) == digests(folder)


def test_one_that_is_there_is_kept(folder, prepare):
    done = []
    assert prepare(folder, **SIZES, advance=done.append) == folder / "shapes/1.0.0"
    assert done == []
    pattern = "holds shapes of seed 3, train 12, test 5, not seed 3, train 13, test 5; delete it"
    with pytest.raises(InputError, match=pattern):
        prepare(folder, **{**SIZES, "train": 13})


def test_an_interruption_leaves_nothing(prepare, tmp_path):
    def stop(done):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        prepare(tmp_path, **SIZES, advance=stop)
    assert list((tmp_path / "shapes").iterdir()) == []
    assert prepare(tmp_path, train=1, test=1) == tmp_path / "shapes/1.0.0"


@pytest.mark.parametrize(("name", "value"), [("train", 0), ("test", -1), ("seed", -1)])
def test_numbers_out_of_range(prepare, tmp_path, name, value):
    with pytest.raises(InputError, match=f"`{name}` is {value}; expected at least"):
        prepare(tmp_path, **{**SIZES, name: value})
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file(prepare, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="file` cannot be written: "):
        prepare(tmp_path / "file", **SIZES)


def test_tensorflow_is_not_needed(folder):
    import subprocess
    import sys

    code = (
        "import sys; from vizjax.data import dataset; "
        f"dataset('shapes', folder={str(folder)!r})[0]; assert 'tensorflow' not in sys.modules; "
        "assert 'tensorflow_datasets' in sys.modules"
    )
    subprocess.run([sys.executable, "-W", "error", "-c", code], check=True)
