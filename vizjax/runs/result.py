"""What an experiment returns, and how it is written into a folder."""

import io
import json
import math
import re
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from vizjax.data.files import atomic_write
from vizjax.errors import InputError
from vizjax.pictures import Picture

Metric = Mapping[str, Any]
"""Of plain values: numbers, texts, truth values and None."""

PARTS = ("metrics.jsonl", "arrays", "figures", "figures.json", "tables")
"""What of a run's folder is the result."""

STAGED = ".result"

NOTHING: Mapping[str, Any] = MappingProxyType({})


class Figure(NamedTuple):
    """A picture to look at.

    Attributes:
      png: the file's bytes.
      caption: what is seen, and every parameter that it depends on.
    """

    png: bytes
    caption: str

    @classmethod
    def of_plot(cls, figure: Any, caption: str) -> "Figure":
        """Of a figure of matplotlib's, at 150 dots an inch."""
        from vizjax import figures  # matplotlib

        file = io.BytesIO()
        figures.write(figure, file)
        return cls(file.getvalue(), caption)

    @classmethod
    def of_picture(cls, picture: Picture, caption: str) -> "Figure":
        """Of pixels: RGB, 0-255, of shape (height, width, 3)."""
        file = io.BytesIO()
        Image.fromarray(np.ascontiguousarray(picture)).save(file, format="PNG")
        return cls(file.getvalue(), caption)


class Result(NamedTuple):
    """What an experiment found.

    Attributes:
      metrics: lines of plain values; one that stands for the whole run has `"summary": True`.
      arrays: by name.
      figures: by name.
      tables: Markdown to read, by name.
      inputs: what went in, such as weights and photographs, each with its `checksum`.
    """

    metrics: Sequence[Metric]
    arrays: Mapping[str, np.ndarray] = NOTHING
    figures: Mapping[str, Figure] = NOTHING
    tables: Mapping[str, str] = NOTHING
    inputs: Mapping[str, str] = NOTHING


def stage(result: Result, folder: Path) -> None:
    """Write a result into a run's folder, beside the one that may be there.

    Raises:
      InputError: the disk is full, a name is not one of a file, or a metric is no plain value.
    """
    for name in [*result.arrays, *result.figures, *result.tables]:
        if not re.fullmatch(r"[\w+=-][\w.+= -]*", name):
            raise InputError(f"`{name}` names a part of a result; expected letters and digits")
    lines = [json.dumps(_line(metric), ensure_ascii=False) + "\n" for metric in result.metrics]
    staged = folder / STAGED
    discard(staged)
    _write(staged / "metrics.jsonl", "".join(lines).encode())
    for name, array in result.arrays.items():
        with atomic_write(staged / "arrays" / f"{name}.npy") as file:
            np.save(file, np.asarray(array), allow_pickle=False)
    for name, figure in result.figures.items():
        _write(staged / "figures" / f"{name}.png", figure.png)
    captions = {name: figure.caption for name, figure in result.figures.items()}
    _write(staged / "figures.json", _json(captions))
    for name, table in result.tables.items():
        _write(staged / "tables" / f"{name}.md", f"{table.rstrip()}\n".encode())


def publish(folder: Path) -> None:
    """Put the result that was staged in place of the one that may be there.

    Raises:
      InputError: the folder cannot be written.
    """
    staged = folder / STAGED
    try:
        for part in PARTS:
            discard(folder / part)
            if (staged / part).exists():
                (staged / part).replace(folder / part)
    except OSError as error:
        raise InputError(f"`{folder}` cannot be written: {error.strerror or error}") from error
    discard(staged)


def write_json(path: Path, content: Any) -> None:
    """Write JSON, atomically."""
    _write(path, _json(content))


def discard(path: Path) -> None:
    """Delete a file, or a folder with all that is in it, if there is one."""
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _write(path: Path, content: bytes) -> None:
    with atomic_write(path) as file:
        file.write(content)


def _json(content: Any) -> bytes:
    text = json.dumps(content, indent=2, ensure_ascii=False, allow_nan=False)
    return f"{text}\n".encode(errors="backslashreplace")


def _line(metric: Mapping[str, Any]) -> dict[str, Any]:
    """A metric as JSON has it, in which there is neither NaN nor infinity: those are null."""
    found = {}
    for name, value in metric.items():
        plain = value.item() if isinstance(value, np.generic) else value
        if plain is not None and not isinstance(plain, float | int | str | bool):
            raise InputError(f"the metric `{name}` is {plain!r}; expected a number, text or None")
        infinite = isinstance(plain, float) and not math.isfinite(plain)
        found[name] = None if infinite else plain
    return found
