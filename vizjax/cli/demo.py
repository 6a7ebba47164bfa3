"""`vizjax demo`: the whole paper on one page."""

from dataclasses import dataclass
from pathlib import Path

from vizjax.cli.console import output_folder, progress, say
from vizjax.data.files import atomic_write
from vizjax.data.images import demo_photos
from vizjax.demo import demo_page
from vizjax.models.zoo import load


@dataclass(frozen=True)
class Demo:
    """Show the whole paper on scikit-image's photographs, as one self-contained page."""

    out: Path
    """The folder for `index.html`."""
    seed: int = 0
    """Of the random transformations and the colour models' start."""


def run(options: Demo) -> int:
    """Writes `index.html`."""
    folder = output_folder(options.out)
    html = demo_page(load("squeezenet1_1"), demo_photos(), seed=options.seed, progress=progress)
    with atomic_write(folder / "index.html") as file:
        file.write(html.encode())
    say(f"the page: {(folder / 'index.html').resolve()}")
    return 0
