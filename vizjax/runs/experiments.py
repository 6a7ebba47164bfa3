"""The experiments that are there: modules with a `Config` and a `run(config, work)`."""

import ast
import dataclasses
import hashlib
import importlib
import importlib.util
import sys
from pathlib import Path
from types import ModuleType

from vizjax.errors import InputError, unknown

FOLDER = Path("experiments")

RESERVED = ("out", "again", "tiny", "over", "workers", "on", "gpus")
"""The options of the commands, which no field of a configuration may be called."""


def experiments(folder: Path = FOLDER) -> dict[str, str]:
    """The names of the experiments of a folder, each with its title; nothing is imported.

    Raises:
      InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(
            f"`{folder}` is no folder here; expected to be where the experiments are, or the path "
            "of one, such as my_experiment.py"
        )
    found = {}
    for path in sorted(folder.glob("*.py")):
        try:
            tree = ast.parse(path.read_bytes())
        except (SyntaxError, ValueError):
            continue
        runs = any(
            isinstance(one, ast.FunctionDef)
            and one.name == "run"
            and [argument.arg for argument in one.args.args] == ["config", "work"]
            for one in tree.body
        )
        if runs:
            title, *_ = (ast.get_docstring(tree) or "").splitlines() or [""]
            found[path.stem] = title
    return found


def experiment(name: str | Path) -> ModuleType:
    """An experiment's module.

    Args:
      name: of a module in the folder `experiments` of where we are, or the path of a `.py` file.

    Raises:
      InputError: there is none of that name, or it is not an experiment.
    """
    path = Path(name)
    if path.suffix != ".py":
        known = experiments()
        if str(name) not in known:
            raise unknown("experiment", name, list(known), "or the path of a .py file")
        path = FOLDER / f"{name}.py"
    if not path.is_file():
        raise InputError(f"`experiment` is {path}: no such file; expected a Python module")
    try:
        module = _imported(path.resolve())
    except InputError:
        raise
    except Exception as error:
        raise InputError(
            f"`experiment` is {path}, which cannot be imported: {type(error).__name__}: {error}; "
            "expected a Python module without mistakes"
        ) from error
    config = getattr(module, "Config", None)
    if not dataclasses.is_dataclass(config) or not callable(getattr(module, "run", None)):
        raise InputError(
            f"`experiment` is {path}; expected a module with a dataclass `Config` and a function "
            "`run(config, work)`"
        )
    for field in dataclasses.fields(config):
        if field.name in RESERVED:
            raise InputError(
                f"`experiment` is {path}, whose configuration has a field `{field.name}`; expected "
                f"none of the commands' own options: {', '.join(RESERVED)}"
            )
    return module


def _imported(path: Path) -> ModuleType:
    """The module of a file: within its package if it stands in one, else on its own."""
    root, names = path.parent, [path.stem]
    while (root / "__init__.py").is_file():
        names.insert(0, root.name)
        root = root.parent
    if str(root) not in sys.path:
        sys.path.append(str(root))  # as of a script, but behind all that is installed
    if len(names) > 1:
        module = importlib.import_module(".".join(names))
        if Path(module.__file__ or "").resolve() == path:
            return module
    # Its name is of no package that is already imported from elsewhere.
    unique = f"{path.stem}_{hashlib.sha256(str(path).encode()).hexdigest()[:8]}"
    if unique not in sys.modules:
        spec = importlib.util.spec_from_file_location(unique, path)
        assert spec is not None
        assert spec.loader is not None
        module = importlib.util.module_from_spec(spec)
        sys.modules[unique] = module
        try:
            spec.loader.exec_module(module)
        except BaseException:
            del sys.modules[unique]
            raise
    return sys.modules[unique]
