"""Real photographs through the real network: classes and boxes against boxes drawn by eye.

Photographs: chelsea and coffee, as scikit-image ships them. Their boxes were drawn by eye for this
project, to about 2 % of the photograph's sides.
"""

import jax
import pytest

from vizjax.data import demo_photos
from vizjax.evaluation import iou
from vizjax.explain import explain
from vizjax.localisation import localise
from vizjax.types import Box

CATS = (281, 282, 285)
"""Tabby, tiger cat, Egyptian cat: the classes of a striped cat."""
ESPRESSO = 967

CAT = Box(0, 0, 400, 300)
"""The whole visible cat: its body meets the left edge, its ear ends at 400."""
CUP = Box(173, 18, 409, 308)
"""The cup with its handle, without saucer and spoon."""
CUP_AND_SAUCER = Box(77, 18, 480, 389)
"""The cup, its handle, the saucer, and the spoon that lies on it."""


@pytest.fixture(scope="module")
def best(squeezenet):
    """The class of the highest score on each photograph, and its boxes from five keys."""

    def explained(photo):
        found = explain(jax.random.key(0), squeezenet, photo, top=1)
        (prediction,) = found.predictions
        boxes = []
        for seed in range(5):
            place = localise(jax.random.key(seed), found.canvas, prediction.saliency)
            boxes.append(prediction._replace(localisation=place).at(*photo.shape[:2]).box)
        return prediction.label, boxes

    photos = demo_photos()
    return {name: explained(photos[name]) for name in ("chelsea", "coffee")}


def test_the_cat_is_found(best):
    label, boxes = best["chelsea"]
    assert label in CATS
    assert min(iou(CAT, boxes)) >= 0.6


def test_the_cup_is_found_with_its_saucer(best):
    label, boxes = best["coffee"]
    assert label == ESPRESSO
    assert min(iou(CUP_AND_SAUCER, boxes)) >= 0.6
    # The cut joins what has the same red: cup and saucer, not the cup alone.
    assert max(iou(CUP, boxes)) < 0.5
