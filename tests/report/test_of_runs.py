"""The page of runs: whole, true to what the runs left behind, and never more than text."""

import base64
import re

import pytest
from pages import Page

from vizjax.report import runs_page


@pytest.fixture(scope="module")
def pair(discs):
    return runs_page(discs.pair)


def bare(html):
    """What the page says, without its pictures, styles and script."""
    without = re.sub(r"(?s)<(style|script)>.*?</\1>|<[^>]*>", " ", html)
    return " ".join(without.split())


def test_two_runs_side_by_side(pair, discs):
    page = Page(pair, scripts=1)
    assert page.said("h1") == page.said("title") == ["discs: 2 runs"]
    assert {link[1:] for link in page.links} <= page.ids
    text = bare(pair)
    assert "A disc of light, and how much of the ground it covers." in text
    assert "Claim: a disc of radius r covers the share" in text
    assert "Expected" not in text
    assert (
        "2 runs that differ in radius and colour. Differences are from radius 12.0, colour" in text
    )
    covered = [run.metrics[-1]["covered"] for run in discs.pair]
    values = f"covered {covered[0]:.5f} {covered[1]:.5f} −{covered[0] - covered[1]:.5f}"
    assert values in text.replace(" pixels", "\npixels")
    assert "pixels 5760 5760 =" in text
    # Of the halves' four measures two are the same, the numbers of their pixels.
    assert "2 measures of parts are the same in all runs." in text
    for run in discs.pair:
        assert f"discs/{run.path.name}" in text
        assert run.manifest["device"] in text
        assert f"jax {run.manifest['versions']['jax']}" in text
    assert text.count("vizjax run discs") == 2


def test_every_picture_is_the_run_s_own_file_at_its_size(pair, discs):
    page = Page(pair, scripts=1)
    expected = [path for name in (0, 1) for run in discs.pair for path in [run.figures[name][1]]]
    expected.append(discs.pair[0].figures[2][1])  # the shade, which is the same in both
    for image, path in zip(page.images, expected, strict=True):
        kind, _, content = image["src"].partition(",")
        assert kind == "data:image/png;base64"
        assert base64.b64decode(content, validate=True) == path.read_bytes()
    sizes = [(image["width"], image["height"]) for image in page.images]
    assert sizes == [("96", "60")] * 2 + [("1536", "288")] * 2 + [("96", "60")]
    alternatives = [image["alt"] for image in page.images]
    assert alternatives[0] == "Figure 1: disc, radius 12.0, colour orange"
    assert alternatives[-1] == "Figure 3: shade"
    assert page.said("figcaption")[:2] == [run.figures[0][2] for run in discs.pair]
    text = bare(pair)
    assert text.count("From black to white. The same in both.") == 1
    assert text.count("Figure 3") == 1


def test_one_run_has_no_differences(discs):
    html = runs_page(discs.pair[:1])
    page, text = Page(html, scripts=1), bare(html)
    assert page.said("h1") == ["discs"]
    assert page.said("h3") == ["Measures", "Figures", "Tables", "Part by part", "The run"]
    assert "One run, of 20" in text
    assert "radius 12.0 colour orange seed 0" in text


def test_many_runs_and_what_did_not_finish(discs):
    html = runs_page(discs.many)
    page, text = Page(html, scripts=1), bare(html)
    assert "8 runs that differ in radius. Differences are from radius 2.0." in text
    assert "radius -1.0 failed after" in text
    assert "InputError: `radius` is -1.0; expected more than 0" in text
    assert "radius 0.0 was interrupted after" in text
    assert "radius 14.0 had not finished when this page was made" in text
    assert "What is shown of it is of an earlier try." in text
    assert "run radius time covered pixels" in text  # the heading, under that of the groups
    assert text.count("6 of 8 runs have it.") == 4  # three figures, one table
    assert text.count("The same in all 6.") == 1
    assert page.said("figcaption")[0] == "A disc: radius 2.0, orange, seed 1."
    assert "radius 14.0 (running)" in text
    assert [link for link in page.links if link == "#run-8"] == ["#run-8"] * 2


def test_several_experiments(discs):
    other = discs.pair[1]._replace(name="rings")
    html = runs_page([discs.pair[0], other, discs.many[0]])
    page = Page(html, scripts=1)
    assert page.said("h1") == ["discs and rings: 3 runs"]
    assert page.said("h2") == ["discs", "rings"]
    assert "1 run did not finish" in bare(html)


def test_runs_that_could_not_be_read_are_named(discs):
    html = runs_page(discs.pair[:1], unreadable=["`runs/x/1` holds a damaged run <at all>"])
    assert "Left out: `runs/x/1` holds a damaged run &lt;at all&gt;" in bare(html)


def test_a_damaged_picture_is_told_in_its_place(discs, tmp_path):
    damaged = tmp_path / "disc.png"
    damaged.write_bytes(discs.pair[0].figures[0][1].read_bytes()[:300])
    missing = tmp_path / "rows.png"
    figures = [("disc", damaged, "One."), ("rows", missing, "Two."), discs.pair[0].figures[2]]
    html = runs_page([discs.pair[0]._replace(figures=figures)])
    assert len(Page(html, scripts=1).images) == 1
    assert f"`{damaged}` cannot be read" in bare(html)
    assert f"`{missing}` cannot be read: No such file" in bare(html)


def test_of_many_lines_the_first_are_shown(discs):
    lines = [{"step": number, "loss": 1 / number} for number in range(1, 71)]
    html = runs_page([discs.pair[0]._replace(metrics=lines)])
    assert f"20 more lines are in discs/{discs.pair[0].path.name}/metrics.jsonl." in bare(html)
    assert "50 0.020" in bare(html)
    assert "51 0.020" not in bare(html)


def test_whatever_a_run_says_is_text(discs):
    hostile = '<script>alert("1")</script> & \' {{ title }} {% for %}'
    name, path, _ = discs.pair[0].figures[0]
    run = discs.pair[0]._replace(
        name=hostile,
        config={hostile: hostile, "radius": 1},
        manifest=discs.pair[0].manifest
        | {"command": hostile, "about": hostile, "status": "failed", "error": hostile}
        | {"inputs": {hostile: hostile}, "versions": {hostile: hostile}, "device": hostile},
        metrics=[{hostile: hostile}, {"summary": True, hostile: hostile}],
        figures=[(hostile, path, hostile)],
        tables={hostile: hostile},
    )
    for runs in ([run], [run, run._replace(config={"radius": 2})], [run] * 7):
        html = runs_page(runs, unreadable=[hostile])
        assert html.count("<script") == 1
        assert "{{ title }} {% for %}" in Page(html, scripts=1).said("h1")[0]
    assert name == "disc"


def test_the_same_runs_make_the_same_page(pair, discs):
    assert runs_page(discs.pair) == pair
