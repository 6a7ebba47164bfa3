"""CIFAR-10 from its binary batches."""

import numpy as np
import pytest
from little_cifar import NAMES, write_batches

from vizjax.data import dataset
from vizjax.data.cifar import RECORD, prepare_cifar10, read_batch, read_names
from vizjax.errors import InputError


@pytest.fixture(scope="module")
def source(tmp_path_factory):
    return write_batches(tmp_path_factory.mktemp("batches"), each=3)


def test_a_record_is_a_label_and_three_planes(tmp_path):
    planes = np.arange(3 * 32 * 32).reshape(3, 32, 32) % 251
    content = bytes([7]) + planes.astype(np.uint8).tobytes()
    (tmp_path / "batch.bin").write_bytes(content)
    labels, pictures = read_batch(tmp_path / "batch.bin")
    assert labels.tolist() == [7]
    for y, x, channel in ((0, 1, 0), (5, 31, 1), (31, 0, 2)):
        assert pictures[0, y, x, channel] == planes[channel, y, x]


def test_what_is_prepared_is_what_was_read(source, tmp_path):
    counts = []
    folder = prepare_cifar10(source, tmp_path, advance=counts.append)
    assert folder == tmp_path / "cifar10" / "3.0.2"
    assert sum(counts) == 18
    train, test = (dataset("cifar10", split=split, folder=tmp_path) for split in ("train", "test"))
    assert (len(train), len(test)) == (15, 3)
    labels, pictures = read_batch(source / "data_batch_2.bin")
    for index, example in enumerate(train[3:6]):
        np.testing.assert_array_equal(example.photo, pictures[index])
        assert example.labels == (labels[index],)
        assert example.name == f"train_{index + 3:05d}"
    assert list(train.classes) == NAMES
    assert train.accepted(NAMES.index("frog")) == (30, 31, 32)
    assert prepare_cifar10(source, tmp_path) == folder  # kept as it was


def test_batches_that_cannot_be_used(source, tmp_path):
    with pytest.raises(InputError, match=r"data_batch_1.bin cannot be read.*cifar-10-bin"):
        prepare_cifar10(tmp_path, tmp_path / "made")
    (tmp_path / "short.bin").write_bytes(bytes(RECORD + 5))
    with pytest.raises(InputError, match=f"has {RECORD + 5} bytes; expected a multiple"):
        read_batch(tmp_path / "short.bin")
    (tmp_path / "other.bin").write_bytes(bytes([10] * RECORD))
    with pytest.raises(InputError, match="has the label 10"):
        read_batch(tmp_path / "other.bin")
    (tmp_path / "batches.meta.txt").write_text("cat\ndog\n")
    with pytest.raises(InputError, match="has 2 names; expected 10"):
        read_names(tmp_path)
    assert not (tmp_path / "made").exists()


def test_a_folder_that_cannot_be_written(source, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot be written"):
        prepare_cifar10(source, tmp_path / "file")
