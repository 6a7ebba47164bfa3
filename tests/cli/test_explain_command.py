"""`vizjax explain`: what it writes, and how it meets what it cannot use."""

import errno
import json
import os
import pty
import re
import resource
import signal
import subprocess
import sys
import tempfile
import termios
import time
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from vizjax.data.images import read_photo
from vizjax.localisation import bounding_box


def contents(path):
    def refuse(constant):
        raise AssertionError(f"{constant} is no JSON")

    return json.loads(path.read_text("utf-8"), parse_constant=refuse)


def size(path):
    with Image.open(path) as image:
        return image.size


def every_file(folder):
    return {path: path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file()}


@pytest.fixture
def explain(vizjax, network_file, tmp_path):
    """Runs `vizjax explain` into `out` with the small network."""

    def run(*arguments, top=1, views=1):
        options = ["--out", tmp_path / "out", "--network", network_file, "--views", views]
        return vizjax("explain", *options, "--top", top, *arguments)

    return run


@pytest.fixture
def out(tmp_path):
    return tmp_path / "out"


def test_everything_is_there_at_the_photographs_size(explain, photo, out):
    assert explain(photo, top=3, views=10).status == 0
    result = contents(out / "photo/result.json")
    assert result["image"] == {"path": str(photo), "width": 60, "height": 40}
    assert result["network"] == "tiny"
    assert result["options"]["rule"] == "gradient"
    assert result["options"]["views"] == 10
    assert len(result["predictions"]) == 3
    scores = [prediction["score"] for prediction in result["predictions"]]
    assert scores == sorted(scores, reverse=True)
    posteriors = [prediction["posterior"] for prediction in result["predictions"]]
    # Softmax: the logarithms of the posteriors differ as the scores do.
    np.testing.assert_allclose(np.diff(np.log(posteriors)), np.diff(scores), atol=1e-4)
    for prediction in result["predictions"]:
        label = prediction["label"]
        assert prediction["wnid"] == f"n{10000000 + label}"
        saliency = np.load(out / "photo" / prediction["saliency"])
        assert (saliency.shape, saliency.dtype) == ((40, 60), np.float32)
        assert saliency.min() >= 0 < saliency.max()
        assert size(out / f"photo/saliency_{label}.png") == (60, 40)
        mask = read_photo(out / "photo" / prediction["mask"])[..., 0]
        assert mask.shape == (40, 60)
        assert set(np.unique(mask)) == {0, 255}
        assert prediction["box"] == list(bounding_box(mask > 0) or ())
    assert min(size(out / "photo/figure.png")) > 300


def test_a_second_run_writes_the_same_bytes(explain, photo, out):
    explain(photo)
    first = every_file(out)
    explain(photo)
    assert every_file(out) == first
    assert len(first) == 5


def test_the_rule_changes_the_map_and_not_the_scores(explain, photo, out):
    found = {}
    for rule in ("gradient", "deconvnet", "guided"):
        assert explain(photo, "--rule", rule).status == 0
        best = contents(out / "photo/result.json")["predictions"][0]
        found[rule] = best, np.load(out / "photo" / best["saliency"])
    scores = {best["score"] for best, _ in found.values()}
    assert len(scores) == 1
    assert np.ptp(found["gradient"][1] - found["deconvnet"][1]) > 0
    assert np.ptp(found["guided"][1] - found["deconvnet"][1]) > 0


def test_labels_replace_the_top_once_each_and_in_order_of_score(explain, photo, out):
    given = ("zebra", "Maned Wolf", "1", "n10000012")
    options = [part for label in given for part in ("--label", label)]
    assert explain(*options, photo).status == 0  # a photograph after a label stays a photograph
    result = contents(out / "photo/result.json")
    assert {prediction["label"] for prediction in result["predictions"]} == {1, 12, 14}
    scores = [prediction["score"] for prediction in result["predictions"]]
    assert scores == sorted(scores, reverse=True)
    assert result["options"]["label"] == list(given)


def save(path, pixels, kind):
    image = Image.fromarray(pixels)
    match kind:
        case "grey":
            image.convert("L").save(path)
        case "16-bit":
            Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(path)
        case "palette":
            image.quantize(16).save(path)
        case "alpha":
            image.putalpha(Image.fromarray(pixels[..., 1]))
            image.save(path)
        case "one pixel":
            image.crop((0, 0, 1, 1)).save(path)
        case "black":
            image.point(lambda value: 0).save(path)


@pytest.mark.parametrize("kind", ["grey", "16-bit", "palette", "alpha", "one pixel", "black"])
def test_photographs_of_every_kind_are_explained(kind, explain, pixels, tmp_path, out):
    save(tmp_path / "odd.png", pixels, kind)
    assert explain(tmp_path / "odd.png").status == 0
    result = contents(out / "odd/result.json")
    expected = (1, 1) if kind == "one pixel" else (60, 40)
    assert (result["image"]["width"], result["image"]["height"]) == expected
    assert size(out / "odd" / result["predictions"][0]["mask"]) == expected


def test_cmyk_and_a_turned_camera(explain, pixels, tmp_path, out):
    image = Image.fromarray(pixels)
    image.convert("CMYK").save(tmp_path / "cmyk.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert explain(tmp_path / "cmyk.jpg", tmp_path / "turned.jpg").status == 0
    assert contents(out / "cmyk/result.json")["image"]["height"] == 40
    turned = contents(out / "turned/result.json")
    assert (turned["image"]["width"], turned["image"]["height"]) == (40, 60)
    assert np.load(out / "turned" / turned["predictions"][0]["saliency"]).shape == (60, 40)


def test_twenty_megapixels(explain, pixels, tmp_path, out):
    Image.fromarray(pixels).resize((5500, 3700)).save(tmp_path / "large.bmp")
    assert explain(tmp_path / "large.bmp").status == 0
    best = contents(out / "large/result.json")["predictions"][0]
    assert np.load(out / "large" / best["saliency"], mmap_mode="r").shape == (3700, 5500)


@pytest.mark.parametrize("shape", [(20, 400), (400, 20)], ids=["tower", "panorama"])
def test_the_longest_panorama(shape, explain, pixels, tmp_path, out):
    Image.fromarray(pixels).resize(shape).save(tmp_path / "long.png")
    assert explain(tmp_path / "long.png", top=3, views=10).status == 0
    width, height = size(out / "long/figure.png")
    assert max(width, height) < 5000  # opens in any viewer


def bad_photo(path, pixels, kind):
    match kind:
        case "empty":
            path.touch()
        case "text":
            path.write_text("no picture")
        case "truncated":
            Image.fromarray(pixels).resize((600, 400)).save(path)
            path.write_bytes(path.read_bytes()[:5000])
        case "directory":
            path.mkdir()
        case "too long":
            Image.fromarray(pixels).resize((21, 1)).save(path)


@pytest.mark.parametrize("kind", ["missing", "empty", "text", "truncated", "directory", "too long"])
def test_a_bad_photograph_is_one_line_that_names_it(kind, explain, pixels, tmp_path, out):
    bad_photo(tmp_path / "bad.png", pixels, kind)
    outcome = explain(tmp_path / "bad.png")
    assert outcome.status == 2
    (line,) = outcome.lines
    assert line.startswith("vizjax: ")
    assert str(tmp_path / "bad.png") in line
    assert not every_file(out)


def test_bad_photographs_do_not_lose_the_others(explain, photo, tmp_path, out):
    (tmp_path / "empty.png").touch()
    outcome = explain(tmp_path / "empty.png", photo, tmp_path, "missing.png", photo)
    assert outcome.status == 2
    assert len(outcome.lines) == 4
    assert outcome.lines[-1] == f"2 of 5 photographs explained in {out}"
    assert (out / "photo/result.json").exists()
    assert (out / "photo_2/result.json").exists()


def test_a_fault_in_one_photograph_does_not_lose_the_others(
    explain, photo, tmp_path, out, monkeypatch
):
    from vizjax.cli import explain as command

    whole = command.begin

    def faulty(key, network, image, **options):
        if image.shape[0] == 1:
            raise RuntimeError("a fault\nof ours")
        return whole(key, network, image, **options)

    monkeypatch.setattr(command, "begin", faulty)
    Image.new("RGB", (1, 1)).save(tmp_path / "one.png")
    outcome = explain(tmp_path / "one.png", photo)
    assert outcome.status == 1
    assert "one.png" in outcome.lines[0]
    assert "internal error, RuntimeError: a fault of ours" in outcome.lines[0]
    assert (out / "photo/result.json").exists()


def test_an_interrupt_keeps_what_was_finished(explain, photo, out, monkeypatch):
    from vizjax.cli import explain as command

    whole, calls = command.begin, []

    def interrupted(*arguments, **options):
        calls.append(arguments)
        if len(calls) == 3:  # the second has been begun and not ended
            raise KeyboardInterrupt
        return whole(*arguments, **options)

    monkeypatch.setattr(command, "begin", interrupted)
    outcome = explain(photo, photo, photo)
    assert outcome.status == 130
    assert outcome.lines == ["vizjax: interrupted; what was finished is kept"]
    assert [path.name for path in out.iterdir()] == ["photo"]
    assert (out / "photo/result.json").exists()


def test_an_interrupt_within_a_callback_is_not_lost(explain, photo, monkeypatch):
    from vizjax.cli import explain as command

    class Callback:
        def __del__(self):
            raise KeyboardInterrupt

    def interrupted(*_, **__):
        Callback()  # Python reports what it raises and goes on
        for _ in range(1000):
            time.sleep(0.01)

    monkeypatch.setattr(command, "begin", interrupted)
    outcome = explain(photo)
    assert outcome.status == 130
    assert outcome.lines == ["vizjax: interrupted; what was finished is kept"]


NAMES = [
    "with space",
    "猫 é",
    "a,b",
    "-dash",
    "m$\\foo$",
    "new\nline",
    "x" * 200,
    "..hidden",
    os.fsdecode(b"no \xff text"),
]


@pytest.mark.parametrize("name", NAMES, ids=range(len(NAMES)))
def test_files_of_any_name(name, explain, photo, tmp_path, out, monkeypatch):
    monkeypatch.chdir(tmp_path)
    photo.rename(f"{name}.png")
    outcome = explain("--", f"{name}.png")
    assert outcome.status == 0, outcome.lines
    assert outcome.lines == [f"1 of 1 photographs explained in {out}"]
    result = contents(out / name / "result.json")
    assert result["image"]["path"].encode(errors="replace") == f"{name}.png".encode(
        errors="replace"
    )


def test_photographs_never_share_a_folder(explain, pixels, tmp_path, out):
    paths = [tmp_path / name for name in ("a/x.png", "b/x.png", "x_2.png", "X.bmp", "...png")]
    for number, path in enumerate(paths):
        path.parent.mkdir(exist_ok=True)
        Image.fromarray(pixels[:, : 30 + number]).save(path, format="PNG")
    assert explain(*paths, paths[0]).status == 0
    results = {path.name: contents(path / "result.json")["image"]["path"] for path in out.iterdir()}
    assert sorted(results) == [".._2", "X_3", "x", "x_2", "x_2_2", "x_4"]
    assert set(results.values()) == set(map(str, paths))
    assert not (tmp_path / "result.json").exists()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (["--top", "0"], "`--top` is 0; expected 1 to 15 classes"),
        (["--top", "1001"], "`--top` is 1001; expected 1 to 15 classes"),
        (["--top", "many"], "--top.*many"),
        (["--label", "no such"], "`label` is 'no such', which names no class"),
        (["--label", "crane"], "`label` is 'crane', which names several classes: 12 .* 13"),
        (["--label", "15"], "`label` is 15; expected a class from 0 to 14"),
        (["--label", "-1"], "`label` is -1; expected a class from 0 to 14"),
        (["--network", "vgg"], "`network` is vgg; expected one of: squeezenet1_1"),
        (["--network", "missing.mat"], "missing.mat"),
        (["--rule", "relu"], "'relu'.*'gradient', 'deconvnet', 'guided'"),
        (["--views", "5"], "'5'.*'1', '10'"),
        (["--seed", "9" * 30], "too large"),
        (["--colour", "3"], "--colour"),
    ],
)
def test_bad_options_are_one_line_for_all_photographs(options, said, explain, photo, out):
    outcome = explain(photo, photo, *options)
    assert outcome.status == 2
    (line,) = outcome.lines
    assert re.search(said, line), line
    assert not every_file(out)


def test_missing_options_are_one_line(vizjax, photo, out):
    for arguments in (["explain"], ["explain", photo], ["explain", "--out", out]):
        outcome = vizjax(*arguments)
        assert outcome.status == 2
        assert len(outcome.lines) == 1
    outcome = vizjax("frobnicate")
    assert (outcome.status, len(outcome.lines)) == (2, 1)
    assert "frobnicate" in outcome.lines[0]


def test_no_arguments_is_help_and_a_failure(vizjax):
    outcome = vizjax()
    assert (outcome.status, outcome.lines) == (2, [])
    commands = ("explain", "compare", "class-model", "search", "demo")
    assert all(command in outcome.out for command in commands)


@pytest.mark.parametrize("command", ["explain", "compare", "class-model", "search", "demo"])
def test_help(command, vizjax):
    outcome = vizjax(command, "--help")
    assert (outcome.status, outcome.lines) == (0, [])
    assert "--out" in outcome.out
    assert "None" not in outcome.out
    assert "(default: )" not in outcome.out


def test_a_network_that_overflows_is_said_of_each_photograph(
    explain, photo, huge_network_file, out
):
    outcome = explain(photo, "--network", huge_network_file)
    assert outcome.status == 2
    (line,) = outcome.lines
    assert "huge gives scores that are not finite" in line
    assert not every_file(out)


@pytest.mark.parametrize("place", ["file", "below a file"])
def test_an_out_that_is_no_folder_is_told_before_the_work(place, vizjax, photo, monkeypatch):
    from vizjax.cli import explain as command

    monkeypatch.setattr(command, "classifier", None)  # is not reached
    outcome = vizjax("explain", photo, "--out", photo if place == "file" else photo / "sub")
    assert outcome.status == 2
    (line,) = outcome.lines
    assert "`--out` is" in line
    assert str(photo) in line


def test_an_unwritable_out_is_told_before_the_work(vizjax, photo, out, monkeypatch):
    from vizjax.cli import explain as command

    def refuse(**_):  # for root no folder is unwritable
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(command, "classifier", None)
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    outcome = vizjax("explain", photo, "--out", out)
    assert outcome.status == 2
    assert outcome.lines == [
        f"vizjax: `--out` is {out}: Permission denied; expected a folder to write into"
    ]


@pytest.fixture
def small_files():
    """No file grows beyond 4 kB, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    handler = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, hard))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    signal.signal(signal.SIGXFSZ, handler)


def test_a_full_disk_is_one_line_and_loses_nothing(explain, photo, out, request):
    explain(photo)
    before = every_file(out)
    request.getfixturevalue("small_files")
    outcome = explain(photo)
    assert outcome.status == 2
    (line,) = outcome.lines
    assert "cannot be written" in line
    assert every_file(out) == before  # and no part of a file beside


def command(*arguments, **environment):
    return subprocess.Popen(
        [sys.executable, "-m", "vizjax", *map(str, arguments)],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[2],
        text=True,
    )


def test_the_shipped_network_in_a_terminal_of_ascii(tmp_path):
    from skimage import data

    path = tmp_path / "chat é.png"
    Image.fromarray(data.chelsea()).save(path)
    ascii_only = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}
    options = ["--out", tmp_path / "out", "--views", 1, "--top", 1]
    process = command("explain", path, *options, **ascii_only)
    _, err = process.communicate(timeout=120)
    assert process.returncode == 0, err
    assert len(err.splitlines()) <= 2
    best = contents(tmp_path / "out/chat é/result.json")["predictions"][0]
    assert best["name"] == "Egyptian cat"


def test_a_real_interrupt_is_one_line(photo, tmp_path):
    process = command("explain", *[photo] * 200, "--out", tmp_path / "out", "--top", 1)
    deadline = time.monotonic() + 60
    while not (tmp_path / "out").exists() and time.monotonic() < deadline:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err.splitlines()[-1] == "vizjax: interrupted; what was finished is kept"
    assert "Traceback" not in err
    assert not list((tmp_path / "out").rglob("*.part"))


def test_a_terminal_shows_a_bar(photo, tmp_path, network_file):
    ours, theirs = pty.openpty()
    termios.tcsetwinsize(theirs, (24, 90))
    arguments = ["explain", photo, photo.with_name("missing.png"), "--out", tmp_path / "out"]
    options = ["--network", network_file, "--top", "1", "--views", "1"]
    process = subprocess.Popen(
        [sys.executable, "-m", "vizjax", *map(str, arguments + options)],
        stderr=theirs,
        cwd=Path(__file__).parents[2],
    )
    os.close(theirs)
    shown = b""
    while True:
        try:
            shown += os.read(ours, 4096)
        except OSError:  # the other end is closed
            break
    os.close(ours)
    assert process.wait(60) == 2
    text = shown.decode()
    assert "photographs: 100%" in text
    assert "2/2" in text
    assert text.splitlines()[-1] == f"1 of 2 photographs explained in {tmp_path / 'out'}"
