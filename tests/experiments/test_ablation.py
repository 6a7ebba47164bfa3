"""The ablation: its variants differ in one choice, and the tiny one runs."""

import dataclasses

import pytest
import tiny

from experiments import ablation
from experiments.ablation import TINY, VARIANTS, Config, chosen
from vizjax.errors import InputError
from vizjax.procedures import procedures


@pytest.fixture(scope="module")
def network():
    return tiny.network()  # names of layers are words until a map is made


@pytest.fixture(scope="module")
def variants(network):
    return {recipe: function(network) for recipe, function in VARIANTS.items()}


@pytest.mark.parametrize("recipe", VARIANTS)
def test_every_variant_differs_from_every_other(variants, recipe, network):
    found = variants[recipe]
    assert next(iter(found)) == recipe
    assert found[recipe] == procedures(network)[recipe]
    assert len({one.parameters() for one in found.values()}) == len(found)


@pytest.mark.parametrize("recipe", VARIANTS)
def test_a_variant_changes_the_map_or_the_cut(variants, recipe):
    found = variants[recipe]
    whole = found[recipe]
    for name, one in found.items():
        if name != recipe:
            assert (one.evidence == whole.evidence) != (one.segment == whole.segment), name


def test_a_variant_says_the_field_that_it_changes(variants):
    seeds = variants["vizjax"]["vizjax"].segment
    for name in ("width 0.1", "trust 3", "smoothness 5", "components 12", "starts 1", "rounds 2"):
        field, value = name.split()
        changed = dataclasses.asdict(variants["vizjax"][name].segment)
        different = {k: v for k, v in changed.items() if v != getattr(seeds, k)}
        assert different == {field: float(value)}
    for name in ("foreground 0.9", "background 0.5", "components 3", "smoothness 20"):
        field, value = name.split()
        assert variants["paper"][name].segment.keywords == {field: float(value)}


@pytest.mark.parametrize(
    ("only", "names"),
    [
        (("paper", "views"), ["paper", "views 1"]),
        (("smoothing",), ["smoothing 2", "smoothing 5", "smoothing 10"]),
    ],
)
def test_variants_are_chosen_by_how_they_begin(network, only, names):
    assert list(chosen(Config(recipe="paper", only=only), network)) == names


def test_all_are_chosen_unless_some_are(network, variants):
    assert list(chosen(Config(), network)) == list(variants["vizjax"])


def test_no_variant_of_that_name(network):
    with pytest.raises(InputError, match="`only` is grabcut; expected how one of these begins: pa"):
        chosen(Config(recipe="paper", only=("grabcut",)), network)


def test_the_tiny_variant(offline, out, squeezed):
    result = ablation.run(TINY, out / "ablation")
    text = result.tables["variants"]
    assert text.startswith("1 photographs of photos.")
    rows = [line for line in text.splitlines() if line.startswith(("| paper", "| smoothness"))]
    assert [row.split("|")[1].strip() for row in rows] == ["paper", "smoothness 20"]
    # The paper's box of the cat is right at 0.5; of one photograph none is left for the report.
    assert [cell.strip() for cell in rows[0].split("|")[2:5]] == ["0.0% (0–0)", "0.0% (0–0)", "–"]
    assert [one.get("variant") for one in result.metrics] == ["paper", "smoothness 20", None]
    assert result.metrics[0]["error, report"] is None
    assert result.metrics[-1]["error paper"] == 0
