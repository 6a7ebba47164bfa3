"""The experiments: what they measure, on hand-made cases, and that their tiny variants run."""

import json
import os
import subprocess
import sys
from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import tyro

from experiments import localisation, speed
from experiments.localisation import Finding
from experiments.speed import Plain, Sides
from vizjax.data import AnnotatedPhoto, demo_photos, write_png
from vizjax.errors import InputError
from vizjax.localisation import Localisation, Seeds
from vizjax.types import Box

ROOT = Path(__file__).parent.parent
EGYPTIAN_CAT, ESPRESSO = 285, 967


@pytest.fixture(scope="module")
def annotated(tmp_path_factory):
    """Two photographs that need no fetching, their boxes drawn by eye; the second is uncertain."""
    folder, photos = tmp_path_factory.mktemp("photos"), demo_photos()
    for name in ("chelsea", "coffee"):
        write_png(folder / f"{name}.png", photos[name])
    cat, cup = Box(0, 0, 400, 300), Box(77, 18, 480, 389)
    return [
        AnnotatedPhoto(folder / "chelsea.png", EGYPTIAN_CAT, (cat,), (False,), True),
        AnnotatedPhoto(
            folder / "coffee.png", ESPRESSO, (cup, Box(0, 0, 9, 9)), (False,) * 2, False
        ),
    ]


@pytest.fixture(scope="module")
def result(annotated, squeezenet):
    return localisation.run(localisation.TINY, squeezenet, annotated)


def test_every_procedure_is_measured_on_every_photograph(result):
    cat, cup = result.findings
    assert (cat.file, cat.label, cup.file, cup.label) == ("chelsea.png", 285, "coffee.png", 967)
    assert list(cat.overlaps) == list(cup.overlaps) == [row.boxes for row in result.rows]
    assert len(result.rows) == 4


def test_boxes_are_in_the_pixels_of_the_photograph(result):
    # 451 × 300 and 600 × 400, of which the cat fills 400 × 300 and the cup with saucer 403 × 371.
    cat, cup = (found.overlaps["the whole photograph"] for found in result.findings)
    assert cat == pytest.approx(400 / 451)
    assert cup == pytest.approx(403 * 371 / (600 * 400))
    # A box left at the canvas's size, 256 high, could not reach these.
    assert all(f.overlaps["saliency, colour models, graph cut"] > 0.6 for f in result.findings)
    assert all(f.overlaps["class activation map"] > 0.4 for f in result.findings)


def test_a_class_beyond_the_five_first_is_located_all_the_same(annotated, squeezenet):
    photo = annotated[0]._replace(label=ESPRESSO)
    found = localisation.find(localisation.TINY, squeezenet, photo)
    assert found.rank is None
    assert found.overlaps["saliency, colour models, graph cut"] > 0


def test_errors_by_hand():
    ranks, overlaps = [1, 2, None, 1], [0.5, 0.7, 0.9, 0.49]
    findings = [
        Finding("", 0, rank, {"one": overlap, "none": 0.0})
        for rank, overlap in zip(ranks, overlaps, strict=True)
    ]
    one, none = localisation.errors(localisation.Config(), findings)
    assert (one.boxes, one.gt_known, one.top1, one.top5) == ("one", 0.25, 0.75, 0.5)
    assert one.mean_iou == pytest.approx(0.6475)
    assert none[1:] == (1.0, 1.0, 1.0, 1.0, 1.0, 0.0)
    strict = localisation.Config(threshold=0.8)
    assert localisation.errors(strict, findings)[0].gt_known == 0.75


def test_the_interval_is_the_binomial_one():
    # 30 errors of 100: the mean of a resample has deviation √(.3 · .7 / 100) = 4.6 %.
    findings = [Finding("", 0, 1, {"one": float(n >= 30)}) for n in range(100)]
    (row,) = localisation.errors(localisation.Config(), findings)
    assert row.gt_known == pytest.approx(0.3)
    # One resample in 10,000 counts whole errors, so each end is good to a percent.
    assert row.low == pytest.approx(0.3 - 1.96 * 0.0458, abs=0.011)
    assert row.high == pytest.approx(0.3 + 1.96 * 0.0458, abs=0.011)


def test_hyperparameters_reach_the_procedure(annotated, squeezenet, monkeypatch):
    given = []

    def nowhere(key, canvas, maps, **options):
        given.append((jax.random.key_data(key).tolist(), options))
        nothing = np.zeros(canvas.shape[:2], bool)
        return [Localisation(nothing, None, Seeds(nothing, nothing))] * len(maps)

    monkeypatch.setattr(localisation, "localise_classes", nowhere)
    options = {"foreground": 0.8, "background": 0.6, "components": 3, "smoothness": 50.0}
    config = localisation.Config(views=1, seed=7, **options)
    found = localisation.find(config, squeezenet, annotated[0])
    assert given == [(jax.random.key_data(jax.random.key(7)).tolist(), options)]
    assert found.overlaps["saliency, colour models, graph cut"] == 0  # no box


@pytest.mark.parametrize("option", [{"threshold": 0.0}, {"threshold": 1.5}, {"photos": -1}])
def test_localisation_refuses_what_it_cannot_use(option):
    with pytest.raises(InputError, match=f"`{next(iter(option))}`"):
        localisation.Config(**option)


def test_localisation_from_the_command_line(annotated, squeezenet, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(localisation, "annotated_photos", lambda progress: annotated)
    monkeypatch.setattr(localisation, "load", lambda name: squeezenet)
    out = tmp_path / "made" / "errors.json"
    assert tyro.cli(localisation.main, args=["--views", "1", "--out", str(out)]) == 0
    printed = capsys.readouterr().out
    assert "| boxes | GT-known error |" in printed
    assert "1 photographs" in printed  # the uncertain one is left out
    written = json.loads(out.read_text())
    assert written["config"]["views"] == 1
    assert written["rows"][0]["boxes"] == "saliency, colour models, graph cut"
    assert [found["file"] for found in written["findings"]] == ["chelsea.png"]


@pytest.fixture(scope="module")
def rows():
    return speed.run(speed.TINY)


def test_both_sides_agree_and_are_timed_in_every_round(rows):
    assert [row.what for row in rows] == ["saliency maps, 2 classes × 10 views"]
    for row in rows:
        assert len(row.vizjax) == len(row.plain) == speed.TINY.rounds
        assert min(row.vizjax + row.plain) > 0
        assert row.difference <= speed.TOLERANCE


def test_the_ratio_is_of_medians():
    row = speed.Row("", "", vizjax=[1.0, 2.0, 90.0], plain=[5.0, 6.0, 1.0], difference=0.0)
    assert row.ratio == 2.5


def test_the_plain_network_differs_in_its_pooling_alone(small_convnet):
    image = jnp.asarray(np.random.default_rng(0).uniform(0, 255, (80, 80, 3)), jnp.float32)
    plain = Plain(small_convnet)
    np.testing.assert_array_equal(plain(image), small_convnet(image))
    assert "reduce_window_max" in str(jax.make_jaxpr(plain)(image))
    assert "reduce_window_max" not in str(jax.make_jaxpr(small_convnet)(image))
    # Its parameters are arguments of compiled code.
    assert len(jax.tree.leaves(plain)) == len(jax.tree.leaves(small_convnet))


def test_results_that_differ_are_not_timed():
    sides = Sides(lambda: jnp.ones(3), lambda: jnp.array([1.0, 1.0, 1.01]))
    with pytest.raises(AssertionError, match=r"differ by 9\.9e-03"):
        speed.compare("net", "maps", sides, rounds=1)
    nan = Sides(lambda: jnp.full(3, jnp.nan), lambda: jnp.ones(3))
    with pytest.raises(AssertionError, match="differ by nan"):
        speed.compare("net", "maps", nan, rounds=1)


def test_speed_from_the_command_line(rows, monkeypatch, tmp_path, capsys):
    monkeypatch.setattr(speed, "run", lambda config, advance: rows)
    assert tyro.cli(speed.main, args=["--out", str(tmp_path / "times.json")]) == 0
    assert "| plain / vizjax |" in capsys.readouterr().out
    assert json.loads((tmp_path / "times.json").read_text())["rows"][0]["network"] == "convnet"


def test_speed_refuses_what_it_cannot_use():
    with pytest.raises(InputError, match="`rounds`"):
        speed.Config(rounds=0)


def test_importing_an_experiment_computes_nothing():
    # On a platform that does not exist, the first JAX operation fails.
    done = subprocess.run(
        [sys.executable, "-c", "import experiments.localisation, experiments.speed"],
        env=os.environ | {"JAX_PLATFORMS": "nonexistent"},
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
