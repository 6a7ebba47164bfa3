"""`vizjax explain --method`: every registered method, its hyperparameters, and what is refused."""

import json

import numpy as np
import pytest

from vizjax.attribution import METHODS

FEW = {
    "integrated_gradients": ["steps=2"],
    "expected_gradients": ["samples=2"],
    "smoothgrad": ["samples=2"],
    "smoothgrad_squared": ["samples=2"],
    "vargrad": ["samples=2"],
    "occlusion": ["window=12", "stride=(10,12)"],
    "rise": ["masks=8"],
    "shapley": ["permutations=2", "cells=2"],
}


@pytest.fixture
def explain(vizjax, network_file, tmp_path):
    """Runs `vizjax explain` into `out` with the small network."""

    def run(*arguments):
        options = ["--out", tmp_path / "out", "--network", network_file, "--top", 1]
        return vizjax("explain", *options, *arguments)

    return run


@pytest.mark.parametrize("name", [name for name in METHODS if name != "cam"])
def test_every_method(explain, photo, tmp_path, name):
    settings = [part for setting in FEW.get(name, ()) for part in ("--set", setting)]
    outcome = explain(photo, "--method", name, *settings)
    assert outcome.status == 0, outcome.lines
    result = json.loads((tmp_path / "out/photo/result.json").read_text())
    options = result["options"]
    assert options["method"] == name
    assert options["views"] == (1 if METHODS[name].many else 10)
    for setting in FEW.get(name, ()):
        option, _, value = setting.partition("=")
        shown = options["hyperparameters"][option]
        assert str(tuple(shown) if isinstance(shown, list) else shown).replace(" ", "") == value
    if "layer" in METHODS[name].hyperparameters:
        assert options["hyperparameters"]["layer"] == "relu9"
    saliency = np.load(tmp_path / "out/photo" / result["predictions"][0]["saliency"])
    assert saliency.shape == (40, 60)
    assert np.abs(saliency).max() > 0


def test_a_method_that_the_network_is_not_made_for(explain, photo):
    """Class activation mapping wants an average over the plane; this network has none."""
    outcome = explain(photo, "--method", "cam")
    assert outcome.status == 2
    (line,) = outcome.lines
    assert "`method` is cam (layer relu9" in line


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--method", "gradcam"], "gradcam"),
        (["--method", "rise", "--set", "mask=3"], "`option` is mask of rise; expected one of"),
        (["--method", "rise", "--set", "keep=2.0"], "`keep` is 2.0"),
        (["--layer", "fire9"], "`--layer` is fire9; expected none, as saliency reads no layer"),
        (["--method", "occlusion"], "32"),
    ],
)
def test_refusals(explain, photo, options, message):
    outcome = explain(photo, *options)
    assert outcome.status == 2
    (line,) = outcome.lines
    assert message in line
