"""Figure 2: the predicted class of a photograph and its saliency map."""

import functools

import jax
import jax.numpy as jnp
import named
import numpy as np
import pytest
import tiny

from experiments import figure2
from experiments.figure2 import TINY, Config, peak, seen
from vizjax.attribution import multicrop, saliency
from vizjax.data import canvas, demo_photos, extract, ten_views
from vizjax.errors import InputError


@pytest.fixture(scope="module")
def network():
    return named.network()


@pytest.fixture(scope="module")
def result(network, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(figure2, "load", lambda name: network)
        return figure2.run(TINY, tmp_path_factory.mktemp("work"))


def test_the_map_is_the_papers(network):
    photo = demo_photos()["coffee"]
    found = seen(network, photo)
    image = canvas(photo, 16)
    views = functools.partial(ten_views, size=tiny.SIZE)
    method = jax.jit(multicrop(saliency, crops=views))
    expected = method(network, jnp.asarray(image), found.label)
    close = {"rtol": 1e-4, "atol": 1e-6 * np.max(expected)}
    np.testing.assert_allclose(found.saliency, expected, **close)
    np.testing.assert_array_equal(found.image, image)


def test_the_class_is_that_of_the_highest_mean_score(network):
    photo = demo_photos()["rocket"]
    found = seen(network, photo)
    image = canvas(photo, 16)
    height, width, _ = image.shape
    crops = extract(image, ten_views(height, width, tiny.SIZE))
    scores = np.mean([np.asarray(network(crop)) for crop in crops], axis=0)
    assert found.label == scores.argmax()
    assert found.score == pytest.approx(scores.max(), rel=1e-4)
    exponentials = np.exp(scores - scores.max())
    assert found.posterior == pytest.approx(1 / exponentials.sum(), rel=1e-4)


def test_what_a_run_says(result, network):
    line, summary = result.metrics
    found = seen(network, demo_photos()["chelsea"])
    assert line["class"] == named.NAMES[found.label]
    assert line["peak"] == pytest.approx(peak(found.saliency), rel=1e-4)
    assert summary["photos"] == 1
    assert set(result.inputs) == {"tiny", "chelsea"}
    assert "ten views of 16×12" in result.figures["saliency"].caption
    np.testing.assert_array_equal(result.arrays["0_saliency"], found.saliency)


def test_peak_of_a_flat_map_and_of_a_point():
    assert peak(np.ones((10, 20))) == pytest.approx(0.05)
    point = np.zeros((10, 20))
    point[3, 4] = 2
    assert peak(point) == 1


def test_no_photograph_is_refused():
    with pytest.raises(InputError, match="`photos` is empty"):
        Config(photos=())
