"""The training as a run: what is kept, the curves."""

import io

import pytest
from PIL import Image

from experiments import train_cifar10
from experiments.train_cifar10 import TINY, Config
from vizjax.errors import InputError
from vizjax.models import load


@pytest.fixture(scope="module")
def work(tmp_path_factory):
    return tmp_path_factory.mktemp("work")


@pytest.fixture(scope="module")
def result(work):
    return train_cifar10.run(TINY, work)


def test_metrics_and_errors(result):
    *lines, summary = result.metrics
    assert [line["step"] for line in lines] == [5, 10]
    assert summary["summary"] is True
    assert 0 <= summary["top5"] <= summary["top1"] <= 1
    assert "| centre |" in result.tables["errors"]
    assert list(result.inputs) == ["shapes"]


def test_the_network_is_kept(result, work):
    network = load(str(work / "training"))
    assert network.labels.index("hourglass") == 9
    assert network.preprocessing.size == (16, 16)


def test_the_curves(result):
    png, caption = result.figures["curves"]
    assert "on shapes, train and test: batch 8, 2 epochs" in caption
    assert min(Image.open(io.BytesIO(png)).size) > 300


def test_done_again_it_is_the_same(result, work):
    again = train_cifar10.run(TINY, work)
    assert again.metrics == result.metrics
    assert again.figures["curves"].png == result.figures["curves"].png


def test_the_whole_is_cifar10_at_its_size():
    full = Config().resolved()
    assert (full.size, full.side, full.margin, full.hidden) == (32, 32, 4, 1024)
    with pytest.raises(InputError, match="`drawn` is 0"):
        Config(drawn=0)
    with pytest.raises(InputError, match="`dropout` is 2"):
        Config(dropout=2.0)
