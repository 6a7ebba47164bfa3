"""Makes the pictures of the README and of these pages from the notebooks: `make pictures`."""

import base64
import io
import sys
import tempfile
from pathlib import Path

import nbformat
from nbclient import NotebookClient
from PIL import Image

ROOT = Path(__file__).parents[1]

PICTURES = {
    "tour": {0: "tour.jpg", 2: "rules.jpg", 3: "methods.jpg"},
    "class_models": {1: "class_models.jpg", 3: "channels.jpg"},
    "saliency_and_localisation": {2: "localisation.jpg", 3: "recipes.jpg"},
    "deconvnet": {2: "depth.png"},
    "deconvolution": {},
    "your_own_network": {0: "your_own_network.jpg"},
    "sweeps_and_runs": {1: "sweep.png"},
}
"""For each notebook, which of its pictures, counted from 0, are kept and as what."""

WIDTH, BYTES = 1200, 200_000
"""Of a picture, at most."""


def pictures(name):
    """All pictures of a notebook, in their order; it is run for them."""
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    with tempfile.TemporaryDirectory() as folder:
        resources = {"metadata": {"path": folder}}
        NotebookClient(notebook, resources=resources, kernel_name="python3").execute()
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    shown = [o.data["image/png"] for o in outputs if "image/png" in o.get("data", {})]
    return [Image.open(io.BytesIO(base64.b64decode(one))).convert("RGB") for one in shown]


def encoded(picture, kind):
    """The picture's bytes, as small as they have to be."""
    picture.thumbnail((WIDTH, 10 * WIDTH))
    if kind == ".png":
        file = io.BytesIO()
        picture.quantize(64).save(file, format="PNG", optimize=True)
        return file.getvalue()
    for quality in range(90, 20, -5):
        file = io.BytesIO()
        picture.save(file, format="JPEG", quality=quality, optimize=True)
        if file.tell() <= BYTES:
            break
    return file.getvalue()


def main(names):
    """Makes the pictures of some notebooks, or of all."""
    for name in names or PICTURES:
        found = pictures(name)
        for number, target in PICTURES[name].items():
            path = ROOT / "docs" / "pictures" / target
            path.write_bytes(encoded(found[number], path.suffix))
            print(path.relative_to(ROOT), path.stat().st_size)


if __name__ == "__main__":
    main(sys.argv[1:])
