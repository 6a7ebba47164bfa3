"""`vizjax compare`: the page and the raw attributions of one photograph."""

import json

import numpy as np
import pytest

SOME = ["--method", "saliency", "--method", "grad_cam", "--method", "smoothgrad"]


@pytest.fixture
def compare(vizjax, network_file, tmp_path):
    """Runs `vizjax compare` into `out` with the small network."""

    def run(*arguments):
        return vizjax("compare", "--out", tmp_path / "out", "--network", network_file, *arguments)

    return run


def test_the_page_and_the_raw_attributions(compare, photo, tmp_path):
    outcome = compare(photo, "--label", "zebra", *SOME)
    assert outcome.status == 0
    result = json.loads((tmp_path / "out/result.json").read_text())
    assert result["name"] == "zebra"
    assert list(result["methods"]) == ["saliency", "grad_cam", "smoothgrad"]
    assert result["methods"]["grad_cam"]["hyperparameters"]["layer"] == "relu9"
    shapes = [np.load(tmp_path / f"out/{name}.npy").shape for name in result["methods"]]
    assert shapes == [(24, 28), (24, 28), (24, 28, 3)]
    page = (tmp_path / "out/index.html").read_text()
    assert "3 methods, one photograph" in page
    assert outcome.lines[-1] == f"the page: {tmp_path / 'out/index.html'}"


def test_a_method_that_was_asked_for_and_cannot_be_is_an_error(compare, photo, tmp_path):
    """Class activation mapping is not for a network with full connections."""
    outcome = compare(photo, "--method", "saliency", "--method", "cam")
    assert outcome.status == 2
    assert outcome.lines[0].startswith("vizjax: `method` is cam (layer relu9")
    assert (tmp_path / "out/saliency.npy").exists()
    alone = compare(photo, "--method", "cam")
    assert alone.status == 2
    assert len(alone.lines) == 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--label", "unicorn"], "unicorn"),
        (["--method", "lime"], "lime"),
        (["--layer", "relu7", "--method", "grad_cam"], "`layer` is relu7; expected one of: fire3"),
        (["missing.png"], "missing.png"),
    ],
)
def test_refusals(compare, photo, options, message):
    photos = [] if options == ["missing.png"] else [photo]
    outcome = compare(*photos, *options)
    assert outcome.status == 2
    assert len(outcome.lines) == 1
    assert message in outcome.lines[0]
