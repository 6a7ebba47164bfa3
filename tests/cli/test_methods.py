"""Methods and hyperparameters as the command line gives them."""

import re

import pytest
import tiny

from vizjax.cli.methods import bound
from vizjax.errors import InputError


@pytest.fixture(scope="module")
def network():
    return tiny.network()


def test_settings_become_hyperparameters(network):
    method = bound("occlusion", network, layer="", settings=["window=(4,3)", "fill=blur"])
    assert method.options == (("fill", "blur"), ("window", (4, 3)))
    assert (
        bound("smoothgrad", network, layer="", settings=["sigma=3"]).hyperparameters["sigma"] == 3
    )


def test_the_layer_is_the_last_plane_unless_given(network):
    assert bound("grad_cam", network, layer="", settings=[]).options == (("layer", "relu2"),)
    assert bound("grad_cam", network, layer="conv1", settings=["relu=false"]).options == (
        ("layer", "conv1"),
        ("relu", False),
    )


@pytest.mark.parametrize(
    ("name", "layer", "settings", "message"),
    [
        ("saliency", "conv1", [], "`--layer` is conv1; expected none, as saliency reads no layer"),
        ("grad_cam", "conv9", [], "`layer` is conv9; expected one of: conv1, relu1"),
        ("rise", "", ["masks"], "`--set` is masks; expected NAME=VALUE"),
        ("rise", "", ["=3"], "`--set` is =3; expected NAME=VALUE"),
        ("rise", "", ["mask=3"], "`option` is mask of rise; expected one of: masks"),
        ("rise", "", ["masks=many"], "`--set` is masks=many; expected an int, such as masks="),
        ("rise", "", ["masks=2.5"], "`--set` is masks=2.5; expected an int"),
        ("occlusion", "", ["window=(4,)"], "`--set` is window=(4,); expected a tuple, such as"),
        ("grad_cam", "", ["relu=1"], "`--set` is relu=1; expected a bool, such as relu=True"),
        ("saliency", "", ["steps=3"], "`option` is steps of saliency; expected one of: none"),
    ],
)
def test_refusals(network, name, layer, settings, message):
    with pytest.raises(InputError, match=re.escape(message)):
        bound(name, network, layer=layer, settings=settings)
