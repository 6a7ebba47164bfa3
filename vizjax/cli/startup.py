"""What makes a command start fast: compiled programs kept on disk, and a process that suits JAX."""

import contextlib
import functools
import hashlib
import os
import platform
import stat
import warnings
from pathlib import Path

from vizjax import cpu

MOST_BYTES = 256 << 20
"""Of the compiled programs; beyond, those that were used longest ago are deleted to half of it."""


def prepare() -> None:
    """Prepares the process, before JAX has started: `vizjax.cpu.tune`, and the compiled programs.

    They are kept in the cache (`vizjax.data.cache_folder`), by JAX's persistent compilation cache.
    Whoever has set one up (`JAX_COMPILATION_CACHE_DIR`) keeps it, and a folder that cannot be
    used, or is full, is no failure: the programs are then compiled at each start.
    """
    cpu.tune()

    import jax  # after its flags are set

    if jax.config.values["jax_compilation_cache_dir"] is None and (folder := programs_folder()):
        jax.config.update("jax_compilation_cache_dir", str(folder))
        jax.config.update("jax_persistent_cache_min_compile_time_secs", 0.0)
        jax.config.update("jax_persistent_cache_min_entry_size_bytes", -1)
        warnings.filterwarnings("ignore", "Error (reading|writing) persistent compilation cache")


@functools.cache
def programs_folder() -> Path | None:
    """The folder for this processor, if it is ours alone: what lies there is executed."""
    from vizjax.data.packages import cache_folder  # and with it JAX

    folder = cache_folder() / "programs" / _processor()
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        status = folder.lstat()  # a link may lead where files are that nobody wants deleted
        if stat.S_ISLNK(status.st_mode):
            return None
        if hasattr(os, "getuid") and (status.st_uid != os.getuid() or status.st_mode & 0o022):
            return None
        _prune(folder, MOST_BYTES)
    except OSError:
        return None
    return folder


def _processor() -> str:
    """A name for what the processor can do: a program for another one may not run on this."""
    features = [platform.machine()]
    with contextlib.suppress(OSError), Path("/proc/cpuinfo").open(encoding="utf-8") as lines:
        features += [next((line for line in lines if line.startswith(("flags", "Features"))), "")]
    return hashlib.sha256("\n".join(features).encode()).hexdigest()[:16]


def _prune(folder: Path, most: int) -> None:
    """Deletes the files used longest ago, to half of `most` bytes, if there are more."""
    files = []
    with os.scandir(folder) as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # another process deletes as well
                if entry.is_file():
                    status = entry.stat()
                    used = max(status.st_atime, status.st_mtime)
                    files.append((used, status.st_size, entry.path))
    total = sum(size for _, size, _ in files)
    if total <= most:
        return
    for _, size, path in sorted(files):
        if total <= most // 2:
            return
        with contextlib.suppress(OSError):
            Path(path).unlink()
        total -= size
