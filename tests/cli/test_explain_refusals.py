"""`vizjax explain` meets what it cannot use, and what stops it: one line, and nothing is lost."""

import errno
import os
import re
import resource
import signal
import tempfile
import time

import pytest
from PIL import Image
from written import contents, every_file


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
