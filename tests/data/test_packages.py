import hashlib
import os
import zipfile
from pathlib import Path

import pytest

from vizjax.data import packages
from vizjax.data.packages import cache_folder, download
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
