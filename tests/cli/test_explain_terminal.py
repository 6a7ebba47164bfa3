"""`vizjax explain` as a process of its own: what a person at a terminal sees."""

import os
import pty
import signal
import subprocess
import sys
import termios
import time
from pathlib import Path

import pytest
from PIL import Image
from written import contents

import vizjax


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


@pytest.mark.parametrize("after", ["jaxlib._jax", "numpy._core._multiarray_umath", "flax"])
def test_an_interrupt_while_modules_are_imported_is_one_line(photo, tmp_path, after):
    """Some extensions would end the process, or call it an ImportError, or forget of it."""
    code = f"""
import os, signal, sys
class Interrupting:
    def find_spec(self, name, path=None, target=None):
        if name == {after!r}:
            os.kill(os.getpid(), signal.SIGINT)
signal.signal(signal.SIGINT, signal.default_int_handler)
from vizjax.cli import command
assert {after!r} not in sys.modules
sys.meta_path.insert(0, Interrupting())
sys.argv = ["vizjax", "explain", {str(photo)!r}, "--out", {str(tmp_path / "out")!r}]
command()
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 130
    assert done.stderr.splitlines() == ["vizjax: interrupted; what was finished is kept"]
    assert not (tmp_path / "out").exists()


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


def test_the_version():
    out, err = command("--version").communicate(timeout=60)
    assert (out.split(), err) == (["vizjax", vizjax.__version__], "")


@pytest.mark.parametrize("arguments", [["--help"], ["explain", "--help"], ["data", "list"]])
def test_who_reads_no_further_is_told_nothing(arguments):
    """As `head`: the process ends with the status that a shell has for SIGPIPE."""
    with command(*arguments) as process:
        assert process.stdout
        process.stdout.close()
        assert process.wait(60) == 141
        assert process.stderr
        assert process.stderr.read() == ""
