"""`vizjax search`: what it writes, how it goes on, and how it meets what it cannot use."""

import functools
import json
import re

import jax
import numpy as np
import pytest
from PIL import Image

from vizjax.cli import search as command
from vizjax.data.images import read_photo
from vizjax.exemplars import pipeline, view_of
from vizjax.models.zoo import load

COUNT, K = 11, 4
LOADED = functools.cache(load)


def every_file(folder):
    return {
        path.relative_to(folder): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


@pytest.fixture(autouse=True)
def loaded_once(monkeypatch):
    """The same network, and not only an equal one, is not compiled again."""
    monkeypatch.setattr(command, "load", LOADED)


@pytest.fixture
def photos(tmp_path, pixels):
    """A folder of folders: the names of some are taken for photographs, of one is not."""
    folder = tmp_path / "photos"
    for number in range(COUNT):
        rng = np.random.default_rng(number)
        image = np.roll(pixels, rng.integers(0, 60), axis=1)[: 30 + number]
        image = (image * rng.uniform(0.4, 1, 3)).astype(np.uint8)
        path = folder / ("ab"[number % 2] if number % 3 else "") / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(image).save(path)
    (folder / "a/notes.txt").write_text("no photograph")
    return folder


def listed(folder):
    return sorted(folder.rglob("*.png"))


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


@pytest.fixture
def search(vizjax, network_file, out):
    """Runs `vizjax search` with the small network, for one picture of one layer."""

    def run(*arguments, layers=("relu9",), folder=out, show=1):
        options = ["--out", folder, "--network", network_file, "--k", K, "--show", show]
        return vizjax("search", *arguments, *options, "--chunk", 3, "--layers", *layers)

    return run


def contents(folder):
    return json.loads((folder / "search.json").read_text("utf-8"))


def test_everything_is_there(search, photos, out):
    outcome = search(photos, layers=["relu3", "relu9"], show=3)
    assert (outcome.status, outcome.lines) == (
        0,
        [f"{COUNT} of {COUNT} photographs searched in {out}"],
    )
    names = ["figure_relu3.png", "figure_relu9.png", "index.html", "search.json"]
    assert [str(path) for path in every_file(out)] == [*names, "state.safetensors"]
    result = contents(out)
    assert (result["network"], result["searched"], result["unusable"]) == ("tiny", COUNT, [])
    assert result["options"]["layers"] == ["relu3", "relu9"]
    assert result["options"]["rule"] == "deconvnet"
    with Image.open(out / "figure_relu9.png") as figure:
        assert min(figure.size) > 300
    html = (out / "index.html").read_text("utf-8")
    assert html.count("<img") == 2 * 3 * 2
    assert "relu9: of each channel the 4 strongest of 11 photographs" in html


def test_hits_are_those_of_a_full_sort_with_boxes(search, photos, out, network_file):
    search(photos, layers=["relu3", "relu9"])
    network, paths = LOADED(str(network_file)), listed(photos)
    views = np.stack([view_of(network, path) for path in paths])
    outputs = jax.jit(jax.vmap(network.activations))(views)
    for layer in ("relu3", "relu9"):
        x = np.asarray(outputs[layer])
        channels = contents(out)["layers"][layer]
        assert [channel["channel"] for channel in channels] == list(range(x.shape[-1]))
        for channel, peaks in zip(channels, x.max(axis=(1, 2)).T, strict=True):
            order = np.argsort(-peaks, kind="stable")[:K]
            assert [hit["photo"] for hit in channel["hits"]] == [str(paths[n]) for n in order]
            for number, hit in zip(order, channel["hits"], strict=True):
                neuron = x[number, hit["row"], hit["column"], channel["channel"]]
                np.testing.assert_allclose([hit["value"], neuron], peaks[number], rtol=1e-4)
                if layer == "relu3":  # a 3×3 convolution of stride 2
                    x0, y0 = 2 * hit["column"], 2 * hit["row"]
                    assert hit["box"] == [x0, y0, x0 + 3, y0 + 3]
                height, width, _ = read_photo(hit["photo"]).shape
                x0, y0, x1, y1 = hit["photo_box"]
                assert 0 <= x0 < x1 <= width
                assert 0 <= y0 < y1 <= height


def test_a_second_run_searches_nothing_and_writes_the_same_bytes(search, photos, out, monkeypatch):
    search(photos)
    first = every_file(out)
    monkeypatch.setattr(pipeline, "view_of", None)  # is not reached
    assert search(photos).status == 0
    assert every_file(out) == first


def test_other_channels_of_a_finished_search(search, photos, out, monkeypatch):
    search(photos)
    before = contents(out)
    monkeypatch.setattr(pipeline, "view_of", None)
    assert search(photos, "--rule", "guided", "--channels", "2", "0").status == 0
    assert contents(out)["layers"] == before["layers"]
    titles = re.findall(r"<h3>channel (\d+)", (out / "index.html").read_text("utf-8"))
    assert titles == ["2", "0"]


@pytest.mark.parametrize("number", [1, 10])
def test_an_interrupted_search_goes_on_to_the_same_bytes(
    number, search, photos, out, tmp_path, monkeypatch
):
    search(photos, folder=tmp_path / "whole")

    def interrupted(network, path):
        if path == listed(photos)[number]:
            raise KeyboardInterrupt
        return view_of(network, path)

    with monkeypatch.context() as patched:
        patched.setattr(pipeline, "view_of", interrupted)
        outcome = search(photos)
    assert outcome.status == 130
    assert outcome.lines == ["vizjax: interrupted; what was finished is kept"]
    assert set(map(str, every_file(out))) <= {"state.safetensors"}
    assert search(photos).status == 0
    assert every_file(out) == every_file(tmp_path / "whole")


def test_files_and_folders_each_once(search, photos, out):
    last = photos / "9.png"
    outcome = search(last, photos / "b", last)
    assert outcome.lines == [f"4 of 4 photographs searched in {out}"]
    hits = {hit["photo"] for hit in contents(out)["layers"]["relu9"][0]["hits"]}
    assert hits == {str(last), *(str(photos / "b" / f"{n}.png") for n in (1, 5, 7))}


def test_bad_photographs_do_not_lose_the_others(search, photos, tmp_path, out):
    (photos / "a/empty.png").touch()
    Image.new("RGB", (50, 1)).save(photos / "b/long.png")
    (tmp_path / "bare").mkdir()
    outcome = search(tmp_path / "bare", photos, tmp_path / "missing.jpg")
    assert outcome.status == 2
    assert len(outcome.lines) == 5
    for line, said in zip(
        outcome.lines,
        ["bare` holds no photograph", "empty.png` is empty", "long.png", "missing.jpg", "11 of 14"],
        strict=True,
    ):
        assert said in line
    unusable = [photos / "a/empty.png", photos / "b/long.png", tmp_path / "missing.jpg"]
    assert contents(out)["unusable"] == list(map(str, unusable))
    first = every_file(out)
    again = search(tmp_path / "bare", photos, tmp_path / "missing.jpg")
    assert (again.status, again.lines) == (2, outcome.lines)
    assert every_file(out) == first


def test_bad_photographs_alone_leave_nothing(search, tmp_path, out):
    (tmp_path / "empty.png").touch()
    outcome = search(tmp_path / "empty.png", tmp_path / "missing.png")
    assert outcome.status == 2
    assert ["empty.png" in outcome.lines[0], "missing.png" in outcome.lines[1]] == [True, True]
    assert len(outcome.lines) == 2
    assert not every_file(out)


def test_a_turned_camera_has_its_box_upright(search, tmp_path, pixels, out):
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    Image.fromarray(pixels).save(tmp_path / "turned.jpg", exif=exif, quality=95)
    Image.fromarray(read_photo(tmp_path / "turned.jpg")).save(tmp_path / "upright.png")
    boxes = []
    for name in ("turned.jpg", "upright.png"):
        assert search(tmp_path / name, folder=out / name).status == 0
        channels = contents(out / name)["layers"]["relu9"]
        boxes.append([channel["hits"][0]["photo_box"] for channel in channels])
    assert boxes[0] == boxes[1]
    assert all(x1 <= 40 and y1 <= 60 for _, _, x1, y1 in boxes[0])
    assert any(y1 > 40 for *_, y1 in boxes[0])


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--layers", "fire4"], "`layer` is fire4; expected one of: fire3, relu3, fire5"),
        (["--layers"], "`layers` is empty"),
        (["--k", "0"], "`k` is 0; expected how many images"),
        (["--channels", "4"], "`channels` has 4; expected 0 to 3 for relu3"),
        (["--show", "0"], "`channels` is 0; expected how many"),
        (["--chunk", "0"], "`chunk` is 0"),
        (["--network", "vgg"], "`network` is vgg; expected one of: squeezenet1_1"),
        (["--rule", "relu"], "'relu'.*'gradient', 'deconvnet', 'guided'"),
    ],
)
def test_bad_options_are_one_line_before_the_work(options, said, vizjax, photos, network_file, out):
    given = ["--network", network_file, "--layers", "relu3"]
    outcome = vizjax("search", photos, "--out", out, *given, *options)
    assert outcome.status == 2
    (line,) = outcome.lines
    assert re.search(said, line), line
    assert not out.exists() or not every_file(out)


def test_missing_options_are_one_line(vizjax, photos, out):
    for arguments in (["search"], ["search", photos, "--out", out], ["search", "--layers", "a"]):
        outcome = vizjax(*arguments)
        assert (outcome.status, len(outcome.lines)) == (2, 1)
    outcome = vizjax("search", "--out", out, "--layers", "fire3")
    assert outcome.lines == [
        "vizjax: `PHOTO` is missing; expected the path of a photograph or of a folder"
    ]


def test_another_search_in_the_same_folder_is_refused(search, photos, out):
    search(photos)
    first = every_file(out)
    outcome = search(photos, layers=["relu3"])
    assert outcome.status == 2
    assert "state.safetensors` is of another search: its layers is" in outcome.lines[-1]
    Image.new("RGB", (30, 30)).save(photos / "new.png")
    outcome = search(photos)
    assert (outcome.status, len(outcome.lines)) == (2, 1)
    assert "its photographs is 11, not 12; choose another" in outcome.lines[0]
    assert every_file(out) == first


def test_a_network_that_overflows_is_one_line(vizjax, photos, huge_network_file, out):
    options = ["--out", out, "--network", huge_network_file, "--layers", "relu9"]
    outcome = vizjax("search", photos, *options)
    assert outcome.status == 2
    (line,) = outcome.lines
    assert "has an activation of relu9 that is not finite" in line
    assert not every_file(out)


def test_help(vizjax):
    outcome = vizjax("search", "--help")
    assert (outcome.status, outcome.lines) == (0, [])
    assert all(option in outcome.out for option in ("--out", "--layers", "--channels", "--rule"))
    assert "None" not in outcome.out
    assert "(default: )" not in outcome.out
