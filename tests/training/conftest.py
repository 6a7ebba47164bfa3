"""A dataset on disk, and opened."""

import pytest
from little_cifar import TINY, write_batches

from vizjax.data.cifar import prepare_cifar10
from vizjax.training import open_data


@pytest.fixture(scope="session")
def pictures(tmp_path_factory):
    """A folder of TFDS's datasets with `cifar10`: 80 pictures to train on, 16 to test on."""
    folder = tmp_path_factory.mktemp("datasets")
    prepare_cifar10(write_batches(tmp_path_factory.mktemp("batches")), folder)
    return folder


@pytest.fixture(scope="session")
def data(pictures):
    """That dataset, at the side of `TINY`."""
    return open_data("cifar10", TINY.resolved().side, folder=pictures)
