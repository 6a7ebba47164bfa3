"""Occlusion, against Captum on the same parameters."""

import numpy as np
import pytest
from captum.attr import Occlusion
from peers.torch_squeezenet import assert_agree, to_numpy, to_torch

from vizjax.attribution.occlusion import occlusion
from vizjax.fills import filled

pytestmark = pytest.mark.peers

TOLERANCE = 1e-6
"""Captum rounds its maps to float32: 4e-8 was found."""


@pytest.mark.parametrize(
    ("window", "stride", "fill"),
    [((48, 64), (40, 50), "zero"), ((63, 52), (50, 50), "mean")],
    ids=["the last windows are cut off", "the last windows fit exactly"],
)
def test_occlusion(case, window, stride, fill):
    """The mean over the windows that hide a pixel, the last of them cut off at the edge."""
    found = occlusion(
        case.score_fn, case.image, case.label, window=window, stride=stride, fill=fill
    )
    baseline = 0 if fill == "zero" else to_torch(filled(case.image, fill))
    # A window over all of the colours: Captum's may also hide one at a time.
    expected = to_numpy(
        Occlusion(case.twin).attribute(
            case.batch.detach(),
            (3, *window),
            strides=(3, *stride),
            baselines=baseline,
            target=case.target,
            perturbations_per_eval=8,
        )
    )
    np.testing.assert_array_equal(expected, np.broadcast_to(expected[..., :1], expected.shape))
    assert_agree(found, expected[..., 0], TOLERANCE)
