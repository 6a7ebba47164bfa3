"""`vizjax class-model`: what it writes, and how it meets what it cannot use."""

import json
import re

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from vizjax import figures
from vizjax.data.images import read_photo
from vizjax.models import load

pytestmark = pytest.mark.usefixtures("adam_promotes")

SIZE = 24, 28


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def class_model(vizjax, network_file, out):
    """Runs `vizjax class-model` into `out` with the small network and 3 steps."""

    def run(*arguments, steps=3):
        options = ["--out", out, "--network", network_file, "--steps", steps]
        return vizjax("class-model", *options, *arguments)

    return run


def contents(folder):
    return json.loads((folder / "result.json").read_text("utf-8"), parse_constant=pytest.fail)


@pytest.mark.parametrize("recipe", ["paper", "natural"])
def test_images_traces_and_parameters(recipe, class_model, out, network_file):
    outcome = class_model("zebra", "n10000000", "--recipe", recipe)
    assert outcome.status == 0
    assert outcome.lines == [f"2 class models in {out}"]
    result = contents(out)
    assert [made["name"] for made in result["classes"]] == ["zebra", "lion"]
    assert [made["label"] for made in result["classes"]] == [1, 0]
    assert result["recipe"]["steps"] == 3
    assert result["seed"] == 0
    network = load(str(network_file))
    for made in result["classes"]:
        picture = read_photo(out / made["image"])
        assert picture.shape == (*SIZE, 3)
        scores = network(jnp.asarray(picture, jnp.float32))
        expected = jax.nn.softmax(scores)[made["label"]]
        np.testing.assert_allclose(made["posterior"], expected, rtol=1e-4)
    trace = np.loadtxt(out / "trace.csv", delimiter=",", skiprows=1)
    assert (out / "trace.csv").read_text().splitlines()[0] == "1,0"
    assert trace.shape == (3, 2)
    np.testing.assert_allclose(trace[-1], [made["objective"] for made in result["classes"]])
    assert min(read_photo(out / "figure.png").shape[:2]) > 300


def test_the_caption_states_rate_steps_weight_and_transforms(class_model, monkeypatch):
    captions = []
    whole = figures.class_model_figure

    def listened(*arguments, caption):
        captions.append(caption)
        return whole(*arguments, caption=caption)

    monkeypatch.setattr(figures, "class_model_figure", listened)
    options = ["--learning-rate", "0.03", "--l2", "2e-5", "--jitter", "2", "--scale", "0.1"]
    class_model("lion", *options, "--degrees", "5", "--seed", "4", "--objective", "posterior")
    (caption,) = captions
    said = ("tiny", "3 steps", "learning_rate 0.03", "l2 2e-05", "jitter 2", "scale 0.1")
    for part in (*said, "degrees 5", "objective posterior", "fourier", "seed 4"):
        assert part in caption


def test_options_take_the_place_of_the_recipes(class_model, out):
    class_model("lion", "--recipe", "paper", "--l2", "0.5", "--optimizer", "adam", "--blur", "0.5")
    recipe = contents(out)["recipe"]
    assert (recipe["l2"], recipe["optimizer"], recipe["blur"]) == (0.5, "adam", 0.5)
    assert (recipe["learning_rate"], recipe["parameterisation"]) == (1000, "pixels")


def test_the_seed_decides(class_model, out):
    images = []
    for seed in (0, 0, 1):
        assert class_model("lion", "--seed", seed).status == 0
        images.append((out / "0.png").read_bytes())
    assert images[0] == images[1] != images[2]


def test_a_class_under_two_names_is_made_once(class_model, out):
    outcome = class_model("lion", "0", "Lion", "zebra")
    assert outcome.lines == [f"2 class models in {out}"]
    assert [made["label"] for made in contents(out)["classes"]] == [0, 1]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "`CLASS` is missing"),
        (["crane"], "names several classes: 12 .* 13"),
        (["unicorn"], "names no class"),
        (["15"], "expected a class from 0 to 14"),
        (["lion", "--steps", "0"], "`steps` is 0"),
        (["lion", "--l2", "nan"], "`l2` is nan"),
        (["lion", "--learning-rate", "inf"], "`learning_rate` is inf"),
        (["lion", "--scale", "1"], r"`scale` is 1\.0"),
        (["lion", "--degrees=-1"], r"`degrees` is -1"),
        (["lion", "--blur", "2"], "`blur` is 2.0 with `parameterisation` fourier"),
        (["lion", "--objective", "logit"], "'logit'.*'posterior'"),
        (["lion", "--network", "vgg"], "`network` is vgg"),
        (["lion", "--seed", "9" * 30], "too large"),
        (["lion", "--no-such"], "--no-such"),
        (["lion", "--recipe", "paper", "--learning-rate", "1e30"], "no longer finite at step"),
    ],
)
def test_bad_input_is_one_line(arguments, said, class_model, out):
    outcome = class_model(*arguments)
    assert outcome.status == 2
    (line,) = outcome.lines
    assert re.search(said, line), line
    assert not out.exists() or not list(out.iterdir())


def test_an_out_that_is_a_file_is_told_before_the_work(vizjax, tmp_path):
    (tmp_path / "taken").touch()
    outcome = vizjax("class-model", "lion", "--out", tmp_path / "taken")
    assert outcome.status == 2
    (line,) = outcome.lines
    assert "`--out` is" in line
