"""What a run's numbers depend on besides its configuration."""

import hashlib
import importlib.metadata
import os
import platform
import socket
import subprocess
from pathlib import Path
from typing import Any

import jax
import numpy as np

PACKAGES = (
    "jax", "jaxlib", "flax", "optax", "numpy", "scipy", "scikit-image", "pillow", "PyMaxflow",
    "matplotlib",
)  # fmt: skip


def checksum(value: Any) -> str:
    """The SHA-256 of what goes into an experiment, in hexadecimal digits.

    Args:
      value: bytes, the path of a file, or arrays: one, or a pytree such as a network. Of arrays
        the types and shapes count as well.

    >>> checksum(b"")[:12]
    'e3b0c44298fc'
    """
    if isinstance(value, bytes):
        return hashlib.sha256(value).hexdigest()
    if isinstance(value, Path):
        with value.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    found = hashlib.sha256()
    for leaf in jax.tree.leaves(value):
        array = np.asarray(leaf)
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def begun(source: Path, command: str) -> dict[str, Any]:
    """What is known of a run when it starts.

    Args:
      source: the experiment's file.
      command: that started it.
    """
    found = {package: _version(package) for package in PACKAGES}
    versions = {name: version for name, version in found.items() if version is not None}
    return {
        "command": command,
        "vizjax": _version("vizjax"),
        **revision(source),
        "source": checksum(source),
        "versions": {"python": platform.python_version()} | versions,
        "process": {"host": socket.gethostname(), "pid": os.getpid()},
    }


def _version(package: str) -> str | None:
    """Of an installed package; vizjax may also run from its sources."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def revision(source: Path) -> dict[str, Any]:
    """The git revision of a file's repository, and whether anything in it has changed since.

    Both are None where there is no repository, or no git.
    """

    def git(*arguments: str) -> str:
        asked = ["git", "-C", str(source.parent), *arguments]
        done = subprocess.run(asked, capture_output=True, text=True, timeout=60, check=True)
        return done.stdout.strip()

    try:
        head = git("rev-parse", "HEAD")
        changed = git("status", "--porcelain", "--untracked-files=no")
        changed += git("status", "--porcelain", "--ignored", "--", source.name)
    except (OSError, subprocess.SubprocessError):
        return {"revision": None, "dirty": None}
    return {"revision": head, "dirty": bool(changed)}


def device() -> str:
    """The devices of JAX, and the processor."""
    devices = jax.local_devices()
    found = f"{len(devices)} × {devices[0].device_kind}" if devices else "none"
    processor = platform.processor() or platform.machine()
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
    except OSError:
        lines = []
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    return f"{found}; {models[0] if models else processor}"
