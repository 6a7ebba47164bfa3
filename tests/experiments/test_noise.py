"""Noise in gradients: a network whose gradient is its image shows the noise itself."""

import io

import flax.linen as nn
import jax
import jax.numpy as jnp
import numpy as np
import pytest
from PIL import Image
from three import network

from experiments import noise
from experiments.noise import TINY, Config
from experiments.noise_maps import (
    ONE,
    SMOOTH,
    TEN,
    Draws,
    Variant,
    demo_scene,
    named,
    scene_of,
    smoothed,
    viewed,
)
from experiments.noise_measures import MEASURES, Finding, compared, means, summary
from vizjax.attribution import gradient, smooth
from vizjax.data import AnnotatedPhoto, demo_photos, write_png
from vizjax.errors import InputError
from vizjax.evaluation import signal_to_noise
from vizjax.evidence import Averaged
from vizjax.localisation import Localisation, Seeds
from vizjax.models import Network, Preprocessing
from vizjax.types import Box


class Square(nn.Module):
    """Half the square of the image: its gradient is the image."""

    @nn.compact
    def __call__(self, x):
        return 0.5 * jnp.sum(x**2)[None]


@pytest.fixture(scope="module")
def three():
    return network()


@pytest.fixture(scope="module")
def square():
    return Network(Square(), {}, Preprocessing(size=(40, 44)))


@pytest.fixture(scope="module")
def cat(tmp_path_factory):
    path = tmp_path_factory.mktemp("photos") / "chelsea.png"
    write_png(path, demo_photos()["chelsea"])
    return AnnotatedPhoto(path, 0, (Box(0, 0, 400, 300),), (False,), True)


@pytest.fixture(scope="module")
def small_result(cat, three):
    return noise.measure(TINY, three, [cat])


def test_boxes_are_cut_to_the_centre_view(tmp_path, square):
    write_png(tmp_path / "grey.png", np.full((88, 176, 3), 90, np.uint8))
    boxes = (Box(60, 20, 120, 60), Box(0, 0, 40, 88), Box(100, 50, 176, 88))
    photo = AnnotatedPhoto(tmp_path / "grey.png", 0, boxes, (False,) * 3, True)
    scene = scene_of(square, photo)
    # The canvas is 44 × 88, half the photograph; the window of 40 × 44 begins at row 2, column 22.
    assert scene.canvas.shape == (44, 88, 3)
    assert scene.window == (slice(2, 42), slice(22, 66))
    assert scene.boxes == [Box(8, 8, 38, 28), Box(28, 23, 44, 40)]
    with pytest.raises(InputError, match="`photos` has grey"):
        scene_of(square, photo._replace(boxes=boxes[1:2]))


def test_the_noise_is_as_large_as_it_says(key, cat, square):
    scene = scene_of(square, cat)
    drawn = viewed(key, square, scene, sigmas=(0.0, 0.1), draws=2)
    assert list(drawn) == [
        Variant(ONE, 0.0), Variant(ONE, 0.1), Variant(TEN, 0.0), Variant(TEN, 0.1)
    ]  # fmt: skip
    image = scene.canvas[scene.window]
    np.testing.assert_allclose(drawn[Variant(ONE, 0.0)].signed, image[None])
    np.testing.assert_allclose(drawn[Variant(ONE, 0.0)].maps, image.max(axis=-1)[None])
    noisy = drawn[Variant(ONE, 0.1)].signed
    first, second = noisy - image
    # 5,280 values: their deviation is known to 1 %.
    assert np.std(first) == pytest.approx(25.5, rel=0.04)
    assert abs(np.corrcoef(first.ravel(), second.ravel())[0, 1]) < 0.06
    # All ten views see the same noisy photograph, mirrored or not.
    np.testing.assert_allclose(drawn[Variant(TEN, 0.1)].signed, noisy, rtol=1e-4, atol=1e-3)


def test_the_picture_is_of_the_coffee(three):
    scene = demo_scene(three)
    assert scene.name == "coffee"
    # 400 × 600 pixels, of which the canvas has 44 × 66 and the window the middle.
    assert scene.canvas.shape == (44, 66, 3)
    assert scene.window == (slice(4, 40), slice(11, 55))
    assert scene.label == int(three(three.prepare(demo_photos()["coffee"])).argmax())


def test_without_noise_the_maps_are_the_papers(key, cat, three):
    scene = scene_of(three, cat)
    drawn = viewed(key, three, scene, sigmas=(0.0,), draws=3)
    photo = demo_photos()["chelsea"]
    (expected,) = Averaged(views=10)(key, three, [photo], [0])
    (found,) = drawn[Variant(TEN, 0.0)].maps
    expected = expected[scene.window]
    np.testing.assert_allclose(found, expected, rtol=1e-3, atol=1e-4 * expected.max())


def test_smoothed_is_smoothgrad(key, cat, three):
    scene = scene_of(three, cat)
    drawn = smoothed(key, three, scene, sigma=0.1, samples=(1, 3), draws=2)
    assert list(drawn) == [Variant(SMOOTH, 0.1, 1), Variant(SMOOTH, 0.1, 3)]
    image = jnp.asarray(scene.canvas[scene.window])
    method = jax.jit(smooth(gradient, samples=3, sigma=25.5))
    for draw, signed in enumerate(drawn[Variant(SMOOTH, 0.1, 3)].signed):
        expected = method(jax.random.fold_in(key, draw), three, image, 0)
        atol = 1e-4 * float(jnp.abs(expected).max())
        np.testing.assert_allclose(signed, expected, rtol=1e-3, atol=atol)
    for draws in drawn.values():
        np.testing.assert_array_equal(draws.maps, np.abs(draws.signed).max(axis=-1))


def test_the_ratio_grows_with_the_samples(key, cat, square):
    scene = scene_of(square, cat)
    flat = scene._replace(canvas=np.full_like(scene.canvas, 100))
    drawn = smoothed(key, square, flat, sigma=0.1, samples=(1, 9), draws=4)
    for variant, draws in drawn.items():
        ratio = signal_to_noise(draws.signed.reshape(4, 40, -1)).ratio
        # The signal of 100 over a variance of 25.5² / n, and the mean's own noise, a quarter.
        assert ratio == pytest.approx(variant.samples * (100 / 25.5) ** 2 + 0.25, rel=0.1)


def test_compared_by_hand():
    signed = np.zeros((2, 1, 2, 3))
    signed[0, 0, 0], signed[1, 0, 0] = [3, 3, 3], [5, 5, 5]  # mean 4, variance 2
    maps = np.array([[[1.0, 1.0]], [[1.0, 3.0]]])  # means 1 and 2, variances 0 and 2
    left, both = np.array([[True, False]]), np.array([[True, True]])
    places = [
        Localisation(left, Box(0, 0, 1, 1), Seeds(both, ~both)),
        Localisation(both, Box(0, 0, 2, 1), Seeds(both, ~both)),
    ]
    found = compared(Draws(signed, maps), places, [Box(0, 0, 2, 1), Box(9, 9, 10, 10)])
    assert list(found) == list(MEASURES)
    assert list(found.values()) == pytest.approx([8.0, 2.5, 1.0, 0.5, 0.5, 0.75])
    alone = compared(Draws(signed[:1], maps[:1]), places[:1], [Box(0, 0, 2, 1)])
    assert list(alone.values()) == [None] * 5 + [0.5]
    lost = places[0]._replace(box=None)
    nowhere = compared(Draws(signed, maps), [lost, lost], [Box(0, 0, 2, 1)])
    assert (nowhere["boxes"], nowhere["truth"]) == (1.0, 0.0)


def test_means_by_hand():
    clean, noisy = Variant(ONE, 0.0), Variant(ONE, 0.1)
    findings = [
        Finding("a", clean, None, None, None, None, None, 0.4),
        Finding("a", noisy, 1.0, 2.0, 0.0, 0.5, 1.0, 0.0),
        Finding("b", clean, None, None, None, None, None, 0.8),
        Finding("b", noisy, 3.0, 2.0, 0.0, 0.5, 0.0, 0.0),
    ]
    first, second = means(findings, seed=0)
    assert first.truth == pytest.approx((0.6, 0.4, 0.8))
    assert first[1:6] == (None,) * 5
    assert second.snr_signed == (2.0, 1.0, 3.0)
    assert second.snr_map == (2.0, 2.0, 2.0)
    assert second.boxes == (0.5, 0.0, 1.0)
    rows = summary([first, second]).splitlines()
    assert rows[2] == "| one view, no noise |  |  |  |  |  | 0.60 | 0.40 – 0.80 |"
    assert rows[3].startswith("| one view, σ 10 % | 2.00 | 2.00 | 0.00 | 0.50 | 0.50 | 0.00 |")


def test_every_variant_is_measured(small_result):
    variants = [found.variant for found in small_result.findings]
    assert variants == [row.variant for row in small_result.rows]
    assert [named(variant) for variant in variants] == [
        "one view, no noise",
        "one view, σ 10 %",
        "ten views, no noise",
        "ten views, σ 10 %",
        "SmoothGrad of 1, σ 10 %",
        "SmoothGrad of 3, σ 10 %",
    ]
    for found in small_result.findings:
        values = [found.seeds, found.masks, found.boxes]
        if found.variant.sigma:
            assert all(0 <= value <= 1 for value in values)
        else:
            assert values == [None] * 3
    shown = small_result.shown
    assert list(shown.maps) == list(shown.places) == variants


def test_maps_are_located_in_the_clean_photograph(cat, square, monkeypatch):
    given = []

    def nowhere(key, image, maps):
        given.append((image, len(maps)))
        nothing = np.zeros(image.shape[:2], bool)
        return [Localisation(nothing, None, Seeds(nothing, nothing))] * len(maps)

    monkeypatch.setattr(noise, "localise_classes", nowhere)
    scene = scene_of(square, cat)
    findings, _ = noise.measure_one(TINY, jax.random.key(0), square, scene)
    ((image, count),) = given
    np.testing.assert_array_equal(image, scene.canvas[scene.window])
    assert count == 1 + 2 + 1 + 2 + 2 + 2  # one draw without noise, two with
    assert {found.truth for found in findings} == {0.0}


def test_the_tiny_variant(cat, three, monkeypatch, tmp_path):
    photos = [cat._replace(certain=False), cat, cat]
    monkeypatch.setattr(noise, "annotated_photos", lambda progress: photos)
    monkeypatch.setattr(noise, "load", lambda name: three)
    result = noise.run(TINY, tmp_path)
    assert result.tables["noise"].startswith("1 photographs.\n\n| map | SNR signed |")
    # Six variants on one photograph, their means, and the line of all.
    assert [one.get("photo") for one in result.metrics] == ["chelsea.png"] * 6 + [None] * 7
    assert result.metrics[0]["snr_map"] is result.metrics[6]["snr_map"] is None
    assert result.metrics[-1]["truth one view, no noise"] == result.metrics[0]["truth"]
    figure = result.figures["noise"]
    with Image.open(io.BytesIO(figure.png)) as image:
        assert min(image.size) > 500
    assert "1 photographs, 2 draws of Gaussian noise each (seed 0)" in figure.caption


@pytest.mark.parametrize(
    "option",
    [
        {"photos": 0},
        {"draws": 1},
        {"sigmas": ()},
        {"sigmas": (0.0,)},
        {"samples": (0, 4)},
        {"samples": ()},
        {"smooth_sigma": 1.5},
    ],
)
def test_what_cannot_be_used_is_refused(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        Config(**option)
