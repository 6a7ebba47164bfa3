"""The page: all embedded, all escaped, pictures as they were."""

import base64
import io
import re

import numpy as np
from PIL import Image

from vizjax.report import Group, Panel, Section, data_uri, page


def decoded(uri):
    kind, _, data = uri.partition(",")
    assert kind == "data:image/jpeg;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data, validate=True))))


def test_a_picture_comes_back():
    y, x = np.mgrid[:24, :40]
    picture = np.stack([6 * x, 10 * y, 255 - 6 * x], axis=2).astype(np.uint8)
    back = decoded(data_uri(picture))
    assert back.shape == (24, 40, 3)
    # JPEG at 92 moves a smooth picture by a few grey levels; halved colours would by more.
    assert np.abs(back.astype(int) - picture).mean() < 2


def test_colours_keep_their_edges():
    picture = np.zeros((16, 16, 3), np.uint8)
    picture[:, ::2] = [255, 0, 0]
    picture[:, 1::2] = [0, 0, 255]
    back = decoded(data_uri(picture)).astype(int)
    assert np.abs(back - picture).mean() < 20  # with halved colours all would be purple: 85


def test_sections_groups_and_panels_stand_in_order():
    pictures = [np.full((8, 12, 3), 40 * n, np.uint8) for n in range(4)]
    groups = [
        Group("first", [Panel(pictures[0], "one"), Panel(pictures[1], "two\nlines")]),
        Group("second", [Panel(pictures[2], "three")]),
    ]
    sections = [
        Section("A", "text of A", "λ 1", groups),
        Section("B", "text of B", "λ 2", [Group("third", [Panel(pictures[3], "four")])]),
    ]
    html = page("Title", "Introduction", sections, footer="The end")
    order = ["Title", "Introduction", "text of A", "λ 1", "first", "one", "two", "second"]
    positions = [html.index(f">{text}") for text in order]
    positions += [html.index(f">{text}") for text in ("three", "text of B", "λ 2", "third", "four")]
    assert positions == sorted(positions)
    assert html.rstrip().endswith("</html>")
    shown = [decoded(uri)[4, 6, 0] for uri in re.findall(r'src="([^"]+)"', html)]
    np.testing.assert_allclose(np.array(shown, int), [0, 40, 80, 120], atol=3)
    assert re.findall(r'width="(\d+)" height="(\d+)"', html) == [("12", "8")] * 4
    assert re.findall(r'alt="([^"]+)"', html)[:2] == ["first: one", "first: two\nlines"]


def test_whatever_a_class_is_called_it_is_text():
    hostile = '<script>alert("1")</script> & \' {{ title }} {% for %}'
    panel = Panel(np.zeros((2, 2, 3), np.uint8), hostile)
    section = Section(hostile, hostile, hostile, [Group(hostile, [panel])])
    html = page(hostile, hostile, [section], footer=hostile)
    assert "<script" not in html
    assert "&lt;script&gt;" in html
    assert html.count("{{ title }} {% for %}") == 12  # title, heading, link, alt …
