"""Imports go one way, down the layers; what is heavy or confined is imported where it may be."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]

LAYERS = (
    {"types", "errors"},
    {"chunks", "cpu", "devices", "rules", "ops", "data", "fills", "layered", "programs", "targets"},
    {"models"},
    {"attribution", "ascent", "localisation", "evaluation", "search"},
    {
        "comparison",
        "evidence",
        "exemplars",
        "explain",
        "figures",
        "maps",
        "pictures",
        "portraits",
        "procedures",
        "report",
        "runs",
        "survey",
        "sweeps",
        "training",
    },
    {"__init__"},  # the root re-exports what lies below; only the command line may import it
    {"cli", "demo", "__main__"},
)
SIBLINGS = LAYERS[3]
CONFINED = {
    "flax": "vizjax/models/",
    "maxflow": "vizjax/localisation/graphcut.py",
    "matplotlib": ("vizjax/figures", "vizjax/sweeps/plots.py"),
}
HEAVY = (
    "grain",
    "jinja2",
    "matplotlib",
    "maxflow",
    "orbax",
    "ray",
    "scipy.io",
    "skimage",
    "tensorboardX",
    "tensorflow",
    "tensorflow_datasets",
    "tyro",
)

LAYER = {unit: number for number, units in enumerate(LAYERS) for unit in units}
FILES = sorted(path.relative_to(ROOT).as_posix() for path in (ROOT / "vizjax").rglob("*.py"))


def imports(path: str, source: str) -> Iterator[str]:
    """The full names that a file imports, wherever in it the import stands."""
    package = path.split("/")[:-1]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package[: len(package) + 1 - node.level] if node.level else []
            module = ".".join([*above, *filter(None, [node.module])])
            yield from (f"{module}.{alias.name}" for alias in node.names)


def unit(name: str) -> str:
    """The layered unit to which a full name below `vizjax` belongs.

    Of `from vizjax import x`, x is a module, or something that the root re-exports.
    """
    first = name.split(".")[1:2]
    return first[0] if first and first[0] in LAYER else "__init__"


def misplaced(path: str, source: str) -> list[str]:
    """The imports that `path` must not have."""
    here = unit(path.removesuffix(".py").replace("/", "."))

    def allowed(name: str) -> bool:
        top = name.split(".")[0]
        if top != "vizjax":
            return path.startswith(CONFINED.get(top, ""))
        there = unit(name)
        siblings = {here, there} <= SIBLINGS
        return here == there or (LAYER[there] <= LAYER[here] and not siblings)

    return [name for name in imports(path, source) if not allowed(name)]


@pytest.mark.parametrize(
    ("path", "source", "expected"),
    [
        ("vizjax/ops.py", "import jax, numpy as np\nfrom vizjax import rules", []),
        ("vizjax/ops.py", "def f():\n  from vizjax import models", ["vizjax.models"]),
        ("vizjax/rules.py", "import vizjax.models.network", ["vizjax.models.network"]),
        ("vizjax/report.py", "from vizjax import saliency", ["vizjax.saliency"]),
        ("vizjax/report.py", "import vizjax", ["vizjax"]),
        ("vizjax/cli.py", "from vizjax import demo, saliency", []),
        ("vizjax/__init__.py", "from vizjax import cli", ["vizjax.cli"]),
        ("vizjax/ascent/loop.py", "from . import objectives\nfrom ..models import load", []),
        ("vizjax/ascent/loop.py", "from ..attribution import x", ["vizjax.attribution.x"]),
        ("vizjax/ascent/loop.py", "import flax.linen", ["flax.linen"]),
        ("vizjax/models/layers.py", "import flax.linen", []),
        ("vizjax/localisation/pipeline.py", "import maxflow", ["maxflow"]),
    ],
)
def test_the_check_finds_what_it_should(path, source, expected):
    assert misplaced(path, source) == expected


@pytest.mark.parametrize("path", FILES)
def test_imports_go_down_the_layers(path):
    assert misplaced(path, (ROOT / path).read_text(encoding="utf-8")) == []


def test_every_module_has_a_layer():
    modules = {path.split("/")[1].removesuffix(".py") for path in FILES}
    assert modules <= LAYER.keys()


def test_import_is_light():
    code = f"import sys, vizjax; print(*sorted(sys.modules.keys() & set({HEAVY})))"
    run = [sys.executable, "-c", code]
    loaded = subprocess.run(run, cwd=ROOT, capture_output=True, text=True, check=True).stdout
    assert loaded.split() == []
