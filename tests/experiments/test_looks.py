"""What is said of a class model, by hand."""

import jax
import jax.numpy as jnp
import named
import numpy as np
import pytest

from experiments.looks import looks, scores_of, shown


@pytest.fixture(scope="module")
def network():
    return named.network()


def test_a_flat_and_a_rough_picture(network):
    mean = np.asarray(network.mean_image)
    rows, columns, _ = mean.shape
    board = np.where(np.add.outer(np.arange(rows), np.arange(columns)) % 2, 30, -30)[..., None]
    flat, rough = (np.round(mean + offset).astype(np.uint8) for offset in (10, board))
    first, second = looks(network, [flat, rough], [0, 3])
    assert first.contrast == pytest.approx(10)
    assert first.roughness == 0
    assert second.contrast == pytest.approx(30)
    assert second.roughness == pytest.approx(60)


def test_what_the_network_sees(network):
    pictures = [np.random.default_rng(k).integers(0, 256, (16, 12, 3)) for k in (0, 1)]
    pictures = [picture.astype(np.uint8) for picture in pictures]
    scores = np.stack([np.asarray(network(jnp.asarray(p, jnp.float32))) for p in pictures])
    np.testing.assert_allclose(scores_of(network, np.stack(pictures)), scores, rtol=1e-4)
    labels = [int(scores[0].argmax()), int(scores[1].argmin())]
    found = looks(network, pictures, labels)
    assert [one.rank for one in found] == [1, 7]
    for one, row, label in zip(found, scores, labels, strict=True):
        assert one.score == pytest.approx(row[label], rel=1e-4)
        assert one.posterior == pytest.approx(float(jax.nn.softmax(row)[label]), rel=1e-3)


def test_a_blur_leaves_flat_pictures_and_takes_rough_ones(network):
    flat = np.full((16, 12, 3), 90, np.uint8)
    rough = np.random.default_rng(0).integers(0, 256, (16, 12, 3)).astype(np.uint8)
    first, second = looks(network, [flat, rough], [2, 2])
    assert first.posterior_blurred == pytest.approx(first.posterior, rel=1e-4)
    assert abs(second.posterior_blurred - second.posterior) > 1e-3


def test_metrics_are_plain(network):
    (look,) = looks(network, [np.full((16, 12, 3), 90, np.uint8)], [2])
    metrics = look.metrics()
    assert [type(value) for value in metrics.values()].count(int) == 1
    assert type(metrics["rank"]) is int
    assert type(metrics["score"]) is float


def test_shown_with_the_mean_in_eight_bits():
    images, mean = np.array([[[[-300.0, 0.4, 0.6]]]]), np.array([10.0, 10.0, 10.0])
    assert shown(images, mean)[0].tolist() == [[[0, 10, 11]]]
