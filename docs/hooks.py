"""What the pages take from elsewhere: the API from the package, parts of the README."""

import ast
import re
from pathlib import Path

from mkdocs.structure.files import File

ROOT = Path(__file__).parents[1]

PUBLIC = {
    "vizjax.types": "the vocabulary",
    "vizjax.models": "networks, and those that are known by name",
    "vizjax.rules": "backward rules",
    "vizjax.attribution": "maps of an image",
    "vizjax.layered": "score functions with a layer in between",
    "vizjax.targets": "classes, channels, neurons",
    "vizjax.ascent": "class models and feature visualisation",
    "vizjax.localisation": "from a map to a mask and a box",
    "vizjax.evidence": "maps of whole photographs",
    "vizjax.procedures": "procedures by name",
    "vizjax.explain": "photographs explained",
    "vizjax.comparison": "methods side by side",
    "vizjax.portraits": "class models of a network",
    "vizjax.search": "what excites a neuron most",
    "vizjax.exemplars": "its patches and projections",
    "vizjax.evaluation": "measures",
    "vizjax.survey": "measures over a dataset",
    "vizjax.data": "photographs, views, datasets",
    "vizjax.ops": "max-pooling with switches, deconvolution",
    "vizjax.training": "the paper's training",
    "vizjax.runs": "experiments and their runs",
    "vizjax.sweeps": "many runs at once, and their table",
    "vizjax.report": "pages of pictures and runs",
    "vizjax.pictures": "arrays made visible",
    "vizjax.figures": "figures with captions",
    "vizjax.fills": "what hides pixels",
    "vizjax.devices": "many devices",
    "vizjax.cpu": "a process that suits a CPU",
    "vizjax.errors": "errors",
}
"""The public modules, in the order of the pages, each in a few words."""


PAGES = (
    "paper",
    "methods",
    "networks_and_data",
    "notebooks",
    "command_line",
    "adding",
    "results",
    "scale",
)
"""In their order; those that are there."""


def on_config(config):
    """Puts the pages in order."""
    api = [{module: f"api/{module}.md"} for module in PUBLIC]
    pages = [f"{name}.md" for name in PAGES if (ROOT / "docs" / f"{name}.md").exists()]
    config.nav = ["index.md", *pages, {"API": ["api/index.md", *api]}]
    return config


def on_files(files, config):
    """Adds one page a public module, and the page that lists them."""
    lines = ["# API", "", "Every name below is imported from the module it stands under.", ""]
    for module, summary in PUBLIC.items():
        files.append(File.generated(config, f"api/{module}.md", content=page_of(module)))
        lines.append(f"- [`{module}`]({module}.md): {summary}")
    files.append(File.generated(config, "api/index.md", content="\n".join(lines)))
    return files


def on_page_markdown(markdown, page, config, files):
    """Puts parts of the README where a page asks for them, `<!-- README: heading -->`."""
    return re.sub(r"<!-- README: (.+?) -->", lambda match: part_of_readme(match[1]), markdown)


def part_of_readme(heading):
    """What stands under a heading of the README; `results` is the table that a run fills."""
    readme = (ROOT / "README.md").read_text("utf-8")
    if heading == "results":
        found = re.search(r"<!-- results -->\n(.*?)<!-- end of results -->", readme, re.DOTALL)
    else:
        found = re.search(rf"^## {re.escape(heading)}\n(.*?)(?=^## |\Z)", readme, re.DOTALL | re.M)
    if found is None:
        raise ValueError(f"the README has no part {heading!r}")
    return found[1].replace("](docs/", "](").strip()


def page_of(module):
    """The page of a module: what it says of itself, then every public name by itself."""
    parts = [
        f"# `{module}`",
        f"::: {module}\n    options: {{members: false, show_root_heading: false}}",
        *(f"::: {name}\n    options: {{heading_level: 2}}" for name in names_of(module)),
    ]
    return "\n\n".join(parts)


def names_of(module):
    """What a module defines in public, or a package imports, in the order in which it stands.

    A name of a package that is also the name of the module it comes from is said with that module.
    """
    path = ROOT / Path(*module.split("."))
    package = path.is_dir()
    modules = {one.stem for one in path.glob("*")}
    path = path / "__init__.py" if package else path.with_suffix(".py")
    found = []
    for node in ast.parse(path.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            found.append(f"{module}.{node.name}")
        elif package and isinstance(node, ast.ImportFrom) and node.module.startswith("vizjax."):
            for name in (alias.name for alias in node.names):
                found.append(f"{node.module if name in modules else module}.{name}")
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            found.append(f"{module}.{node.target.id}")
        elif isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name):
            found.append(f"{module}.{node.targets[0].id}")
    return [name for name in dict.fromkeys(found) if not name.split(".")[-1].startswith("_")]
