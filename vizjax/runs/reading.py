"""Reading what a run left behind."""

import json
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from vizjax.errors import InputError


class Run(NamedTuple):
    """A run's folder, read.

    Attributes:
      path: of the folder.
      name: of the experiment.
      config: its fields as JSON has them.
      manifest: status, command, versions, device, inputs, times.
      metrics: the lines; those of a run that is not finished may be of an earlier try, or none.
      figures: name, path of the PNG, caption.
      tables: Markdown by name.
    """

    path: Path
    name: str
    config: dict[str, Any]
    manifest: dict[str, Any]
    metrics: list[dict[str, Any]]
    figures: list[tuple[str, Path, str]]
    tables: dict[str, str]

    @property
    def finished(self) -> bool:
        """Whether it is whole."""
        return self.manifest["status"] == "finished"

    def array(self, name: str) -> np.ndarray:
        """One of its arrays.

        Raises:
          InputError: it has none of that name.
        """
        try:
            return np.load(self.path / "arrays" / f"{name}.npy", allow_pickle=False)
        except (OSError, ValueError) as error:
            known = ", ".join(sorted(p.stem for p in self.path.glob("arrays/*.npy"))) or "nothing"
            raise InputError(
                f"`array` is {name}, which cannot be read from {self.path}; it has: {known}"
            ) from error


def read_run(path: str | Path) -> Run:
    """Read a run.

    Args:
      path: its folder, such as runs/localisation/0123456789ab.

    Raises:
      InputError: there is no run, or its files are damaged.
    """
    path = Path(path)
    manifest = read_manifest(path)
    if manifest is None:
        raise InputError(
            f"`{path}` is no run: it has no manifest.json; expected a folder that `vizjax run` "
            "wrote, such as runs/NAME/0123456789ab"
        )
    try:
        lines = _text(path / "metrics.jsonl").splitlines()
        captions = json.loads(_text(path / "figures.json") or "{}")
        return Run(
            path,
            manifest["name"],
            json.loads(_text(path / "config.json") or "{}"),
            manifest,
            [json.loads(line) for line in lines],
            [(name, path / "figures" / f"{name}.png", text) for name, text in captions.items()],
            {one.stem: _text(one) for one in sorted(path.glob("tables/*.md"))},
        )
    except (OSError, ValueError, KeyError) as error:
        raise InputError(
            f"`{path}` holds a damaged run: {error}; expected files as `vizjax run` wrote them"
        ) from error


def runs_of(name: str, root: Path = Path("runs")) -> list[Run]:
    """The runs of an experiment below a folder, in the order of their names."""
    return [read_run(one.parent) for one in sorted(root.glob(f"{name}/*/manifest.json"))]


def read_manifest(path: Path) -> dict[str, Any] | None:
    """A run's manifest; None where there is none.

    Raises:
      InputError: it is damaged.
    """
    try:
        found = json.loads((path / "manifest.json").read_bytes())
        if not isinstance(found, dict) or not {"name", "status"} <= found.keys():
            raise ValueError("it has no name or no status")
        return found
    except (FileNotFoundError, NotADirectoryError):
        return None
    except (OSError, ValueError) as error:
        raise InputError(
            f"`{path / 'manifest.json'}` cannot be read: {error}; expected one that `vizjax run` "
            "wrote; delete it to run anew"
        ) from error


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""
