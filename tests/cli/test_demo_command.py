"""`vizjax demo`: the page, made by a small network in few steps."""

import base64
import dataclasses
import io
import re

import pytest
from pages import Page
from PIL import Image

from vizjax import demo
from vizjax.models import load

pytestmark = pytest.mark.usefixtures("adam_promotes")


@pytest.fixture(scope="module")
def tiny(request):
    network_file = request.getfixturevalue("network_file")
    return load(str(network_file))


@pytest.fixture
def html(vizjax, tiny, tmp_path, monkeypatch):
    from vizjax.cli import demo as command

    for name in ("PAPER", "NATURAL"):
        monkeypatch.setattr(demo, name, dataclasses.replace(getattr(demo, name), steps=2))
    monkeypatch.setattr(command, "load", lambda name: tiny)
    outcome = vizjax("demo", "--out", tmp_path / "out", "--seed", 3)
    assert outcome.status == 0
    assert outcome.lines[-1] == f"the page: {tmp_path / 'out' / 'index.html'}"
    assert all(line.startswith(("photo", "class", "backward")) for line in outcome.lines[:-1])
    return (tmp_path / "out/index.html").read_text("utf-8")


def test_the_page(html):
    page = Page(html)
    assert html.startswith("<!doctype html>")

    # Nothing is fetched from anywhere.
    assert not re.search("(?i)https?:|//|url\\(|@import", re.sub(r"base64,[^\"]*", "", html))

    # Four parts, each reached from the top, each with a sentence and its parameters.
    parts = ["Class models", "Saliency", "Localisation", "Gradient, DeconvNet, guided backprop"]
    assert page.said("h2") == parts
    assert page.links == [f"#section-{number}" for number in (1, 2, 3, 4)]
    assert {link[1:] for link in page.links} <= page.ids
    paragraphs = page.said("p")
    assert len(paragraphs) == 1 + 2 * len(parts)
    for part in ("2 steps", "learning_rate 1000", "l2 3e-06", "jitter 24", "Seed 3", "quantile"):
        assert any(part in paragraph for paragraph in paragraphs), part

    # Every picture is inside, of the size that it says, and has a text in its place.
    for image in page.images:
        kind, _, data = image["src"].partition(",")
        assert kind == "data:image/jpeg;base64"
        picture = Image.open(io.BytesIO(base64.b64decode(data, validate=True)))
        picture.load()
        assert picture.size == (int(image["width"]), int(image["height"]))
        assert image["alt"].strip()

    alternatives = [image["alt"] for image in page.images]
    for name in demo.CLASSES:
        for recipe in ("paper", "natural"):
            found = [text for text in alternatives if f"{name}, {recipe} recipe" in text]
            assert len(found) == 1
            assert "posterior" in found[0]
    assert len(set(demo.CLASSES)) >= 12

    headings = page.said("h3")
    for name in ("chelsea", "coffee", "rocket", "astronaut"):
        assert name in headings  # its saliency
        assert any(heading.startswith(f"{name}: ") for heading in headings)  # its mask and box
    captions = page.said("figcaption")
    for name in ("saliency", "mask"):
        assert captions.count(name) == 4
    for name in ("gradient", "deconvnet", "guided"):
        assert captions.count(name) == 8  # of a class and of three neurons, on two photographs
    for layer in demo.LAYERS:
        assert sum(layer in heading and "channel" in heading for heading in headings) == 2


def test_an_out_that_is_a_file_is_told_before_the_work(vizjax, tmp_path):
    (tmp_path / "taken").touch()
    outcome = vizjax("demo", "--out", tmp_path / "taken")
    assert (outcome.status, len(outcome.lines)) == (2, 1)
