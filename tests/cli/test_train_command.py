"""`vizjax train`, and that what comes of it is a network for every command."""

import json

import numpy as np
import pytest
from little_cifar import write_batches
from PIL import Image

FIELDS = (
    *("--size", 12, "--side", 16, "--width", 2, "--hidden", 16, "--batch", 16),
    *("--epochs", 1, "--learning-rate", 0.02),
)


@pytest.fixture(scope="module")
def pictures(tmp_path_factory):
    from vizjax.data.cifar import prepare_cifar10

    folder = tmp_path_factory.mktemp("datasets")
    prepare_cifar10(write_batches(tmp_path_factory.mktemp("batches")), folder)
    return folder


def test_prepare_cifar10(vizjax, tmp_path):
    source = write_batches(tmp_path / "batches", each=2)
    outcome = vizjax("data", "prepare", "cifar10", "--source", source, "--folder", tmp_path)
    there = tmp_path / "cifar10" / "3.0.2"
    assert (outcome.status, outcome.lines) == (0, [f"the pictures of CIFAR-10: {there}"])
    outcome = vizjax("data", "prepare", "cifar10", "--folder", tmp_path)
    assert outcome.status == 2
    assert "`--source` is missing" in outcome.lines[0]
    outcome = vizjax("data", "prepare", "shapes", "--source", source, "--folder", tmp_path)
    assert outcome.status == 2
    assert "`--source` is" in outcome.lines[0]


def test_train_and_explain(vizjax, pictures, tmp_path, out):
    folder = tmp_path / "trained"
    command = ["train", "cifar10", "--folder", pictures, "--out", folder, *FIELDS]
    outcome = vizjax(*command)
    assert outcome.status == 0
    first, *told, errors, last = outcome.lines
    assert first == "cifar10, train and test: 80 pictures to learn from, 16 to evaluate on"
    assert told[-1].startswith("epoch 1.00, step 5 of 5: loss 2.")
    assert "test error" in told[-1]
    assert errors.startswith("test error: centre view ")
    assert last == f"the network: {folder}"

    assert vizjax(*command).lines == [first, errors, last]  # and nothing is done twice

    pixels = np.random.default_rng(0).integers(0, 255, (20, 30, 3)).astype(np.uint8)
    Image.fromarray(pixels).save(tmp_path / "photo.png")
    options = ["--network", folder, "--out", out, "--views", 1, "--top", 1]
    outcome = vizjax("explain", tmp_path / "photo.png", *options)
    assert outcome.status == 0, outcome.lines
    (result,) = out.rglob("result.json")
    assert json.loads(result.read_text())["network"] == "ConvNet on cifar10"

    outcome = vizjax(*command, "--momentum", 0.5)
    assert outcome.status == 2
    assert "momentum 0.9 there, 0.5 now" in outcome.lines[-1]


def test_what_cannot_be_trained(vizjax, tmp_path):
    outcome = vizjax("train", "cifar10", "--folder", tmp_path, "--out", tmp_path / "made")
    assert outcome.status == 2
    assert "vizjax data prepare cifar10" in outcome.lines[0]
    assert not (tmp_path / "made").exists()
    outcome = vizjax("train", "cifar10", "--dropout", 2)
    assert outcome.status == 2
    assert "`dropout` is 2.0" in outcome.lines[0]
