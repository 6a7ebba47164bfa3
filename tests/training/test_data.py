"""Datasets as squares: what is opened, decoded, and refused."""

import numpy as np
import pytest

from vizjax.data import demo_photos
from vizjax.data.images import canvas
from vizjax.data.shapes.builder import prepare_shapes
from vizjax.errors import InputError
from vizjax.training.data import decoded, open_data, square


def test_the_splits_and_the_classes(data):
    assert (len(data.train), len(data.test)) == (80, 16)
    assert data.name == "cifar10, train and test"
    assert [data.labels.name(n) for n in (0, 9)] == ["airplane", "truck"]
    assert data.labels.index("frog") == 6


def test_a_part_of_a_split(pictures):
    part = open_data("cifar10", 16, train="train[10:30]", test="train[:5]", folder=pictures)
    assert (len(part.train), len(part.test)) == (20, 5)
    whole = open_data("cifar10", 16, folder=pictures)
    np.testing.assert_array_equal(part.train[0][0], whole.train[10][0])


def test_a_square_is_the_middle_of_the_photograph():
    photo = demo_photos()["chelsea"]  # 300 × 451
    found = square(photo, 64)
    whole = np.asarray(canvas(photo, 64))
    assert whole.shape == (64, 96, 3)
    np.testing.assert_array_equal(found, np.rint(whole[:, 16:80]).astype(np.uint8))
    np.testing.assert_array_equal(square(photo[:40, :40], 40), photo[:40, :40])


def test_decoded_is_every_picture_in_order(data):
    counts = []
    kept = decoded(data.train, advance=counts.append)
    assert sum(counts) == 80
    for index in (0, 33, 79):
        image, label = data.train[index]
        np.testing.assert_array_equal(kept.image[index], image)
        assert kept.label[index] == label
    some = decoded(data.train, [79, 0])
    np.testing.assert_array_equal(some.image, kept.image[[79, 0]])


def test_drawn_shapes_are_a_dataset_as_well(tmp_path):
    prepare_shapes(tmp_path, train=11, test=3)
    shapes = open_data("shapes", 64, folder=tmp_path)
    assert len(shapes.labels) == 10
    image, label = shapes.train[10]
    assert image.shape == (64, 64, 3)
    assert label == 0


def test_a_dataset_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"imagenette/320px-v2` is not prepared.*tfds build "):
        open_data("imagenette/320px-v2", 64, folder=tmp_path)
    with pytest.raises(InputError, match="vizjax data prepare cifar10 --source"):
        open_data("cifar10", 32, folder=tmp_path)


def test_an_unknown_split(pictures):
    with pytest.raises(InputError, match="`split` is validation; expected one of: test, train"):
        open_data("cifar10", 16, test="validation", folder=pictures)
