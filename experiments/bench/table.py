"""The benchmark's table, its figures kept from one run to the next, and their comparison."""

import json
import math
import os
import platform
from importlib import metadata
from pathlib import Path
from typing import Any

import jax

from experiments.bench.inputs import MATMUL
from experiments.bench.rows import COMPILED, Row
from experiments.bench.workers import Outcome
from experiments.output import table
from vizjax.data.files import atomic_write
from vizjax.errors import InputError

KEPT = Path(__file__).with_name("kept.json")
"""The ratios that `--check` compares with."""

PACKAGES = ("jax", "jaxlib", "numpy", "torch", "captum", "torchcam", "opencv-python-headless")
NOISE = 0.75
"""The share of its kept ratio that a row may fall to before it counts as slower."""

Results = dict[tuple[str, Row], Outcome]


def machine() -> dict[str, Any]:
    """What the figures were measured on."""
    device = jax.devices()[0]
    return (
        ({} if device.platform == "cpu" else {"device": device.device_kind})
        | {
            "processor": _processor(),
            "cores": os.cpu_count(),
            "memory_GB": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9),
            "system": platform.system(),
            "python": platform.python_version(),
        }
        | {name: _version(name) for name in PACKAGES}
    )


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    if info.exists():
        pairs = (line.partition(":") for line in info.read_text().splitlines())
        facts = {name.strip(): value.strip() for name, _, value in pairs}
        if "model name" in facts:
            wide = [name for name in ("avx2", "avx512f") if name in facts.get("flags", "").split()]
            return f"{facts['model name']} ({', '.join(wide)})"
    return platform.processor() or platform.machine()


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"


def table_of(results: Results) -> str:
    """All rows in Markdown, then the geometric mean and the share of the matmul peak."""
    header = [
        "network and result", "vizjax, ms", "peer, ms", "peer / vizjax", "at least",
        "first call, s", "peak memory, MB", "difference", "peer",
    ]  # fmt: skip
    lines = [
        [
            f"{network}: {row.what}",
            _milliseconds(outcome.ours.median),
            _milliseconds(outcome.peer.median),
            f"**{outcome.ratio:.2f}**",
            f"{row.bar:g}",
            f"{outcome.ours.first:.1f} / {outcome.peer.first:.1f}",
            f"{outcome.ours.peak / 1e6:.0f} / {outcome.peer.peak / 1e6:.0f}",
            "" if outcome.difference is None else f"{outcome.difference:.0e}",
            row.peer,
        ]
        for (network, row), outcome in results.items()
    ]
    text = f"{table(header, lines)}\n\n"
    for compiled, peers in ((False, "the peers as they come"), (True, COMPILED)):
        logs = [
            math.log(outcome.ratio)
            for (_, row), outcome in results.items()
            if (row.peer == COMPILED) == compiled
        ]
        if logs:
            mean = math.exp(sum(logs) / len(logs))
            text += f"Geometric mean of {len(logs)} ratios to {peers}: {mean:.2f}.\n"
    for (network, _), outcome in results.items():
        if outcome.extra:
            speed = outcome.extra["flops"] / outcome.ours.median
            peak = 2 * MATMUL[jax.default_backend()] ** 3 / outcome.extra["matmul"]
            text += (
                f"Gradient of 64 images, {network}: {speed / 1e9:.0f} GFLOP/s, "
                f"{speed / peak:.0%} of a matrix product's {peak / 1e9:.0f}.\n"
            )
    return text


def _milliseconds(seconds: float) -> str:
    """With two digits at least.

    >>> _milliseconds(1.234), _milliseconds(0.00234)
    ('1234', '2.3')
    """
    return f"{1000 * seconds:.{0 if seconds >= 0.01 else 1}f}"


def ratios_of(results: Results) -> dict[str, float]:
    """What is kept: each row's ratio by network and name."""
    return {f"{n}/{row.name}": round(outcome.ratio, 2) for (n, row), outcome in results.items()}


def keep(path: Path, results: Results) -> None:
    """Writes the ratios, by the machine that they were measured on; rows not measured stay.

    Raises:
      InputError: what was kept cannot be read.
    """
    runs, here = _runs(path) if path.exists() else [], machine()
    own = next((run for run in runs if run["machine"] == here), None)
    if own is None:
        runs.append(own := {"machine": here, "ratios": {}})
    own["ratios"] |= ratios_of(results)
    with atomic_write(path) as file:
        file.write((json.dumps({"runs": runs}, indent=2) + "\n").encode())


def slower(path: Path, results: Results) -> list[str]:
    """A line for every row whose ratio fell below `NOISE` of the kept one.

    A row that was kept on this machine is compared with that ratio, another with the last that was
    kept anywhere, with the same GPU or also without one.

    Raises:
      InputError: nothing was kept, or it cannot be read.
    """
    here, ratios = machine(), {}
    for run in sorted(_runs(path), key=lambda run: run["machine"] == here):
        if run["machine"].get("device") == here.get("device"):
            ratios |= run["ratios"]
    return [
        f"{name}: {ratio:.2f}, kept {ratios[name]:.2f}"
        for name, ratio in ratios_of(results).items()
        if name in ratios and ratio < NOISE * ratios[name]
    ]


def _runs(path: Path) -> list[dict[str, Any]]:
    try:
        runs = json.loads(path.read_text())["runs"]
        return [
            {
                "machine": dict(run["machine"]),
                "ratios": {n: float(r) for n, r in run["ratios"].items()},
            }
            for run in runs
        ]
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError(
            f"`{path}` cannot be read ({error}); expected the ratios of an earlier run: make them "
            "with `--keep`"
        ) from error
