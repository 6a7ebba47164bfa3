"""What the host does beside the device, for `experiments.cost`: reading, cutting, writing."""

import io
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import jax
import numpy as np
from PIL import Image

from experiments.scale import Cost
from vizjax.data.examples import Dataset, Example, Instance
from vizjax.data.images import demo_photos, read_photo, resize
from vizjax.evidence import Pyramid, canvas_of
from vizjax.evidence.canvases import cut_out, laid_out
from vizjax.evidence.pyramid import covering
from vizjax.exemplars.views import view_of
from vizjax.maps import size_of
from vizjax.models import Network, load
from vizjax.search import save, top_activations
from vizjax.types import Box, Photo

SIDES = (375, 500)
"""Height and width of most of ImageNet's photographs, in pixels."""

LABEL = 281
"""The class whose maps are made: the time does not depend on it."""

LAYERS = {"squeezenet1_1": ("fire3", "fire6", "fire9"), "convnet": ("conv1", "conv3", "conv5")}
"""Those that are searched."""

DEEP = {"squeezenet1_1": "fire8"}
"""The layer of the procedure `vizjax`."""


def on_host(count: int, rounds: int) -> Iterator[Cost]:
    """What one core does beside the device, and what a result takes on the disk.

    Args:
      count: photographs of the survey.
      rounds: of timing.
    """
    from vizjax.procedures import procedures  # and with it the graph cut's library
    from vizjax.survey import Plan, survey

    network, photos = load("squeezenet1_1"), photographs()
    size, key = size_of(network), jax.random.key(0)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "photo.jpg"
        path.write_bytes(_jpeg(photos[0]))
        photo = read_photo(path)

        def ten() -> Any:
            whole = canvas_of(network, photo)
            return cut_out([whole], [laid_out(whole, 10, size)])

        def measure(what: str, function: Callable[[], Any]) -> Cost:
            return Cost(what, "", "photograph", median_seconds(rounds, function))

        yield measure("read", lambda: read_photo(path))
        yield measure("read, one view", lambda: view_of(network, path))
        yield measure("ten views", ten)
        yield measure("pyramid", lambda: pyramid_of(network, photo))
        known, whole = procedures(network), canvas_of(network, photo)
        for name in ("paper", "vizjax"):
            (one,) = known[name].evidence(key, network, [photo], [LABEL])
            yield measure(
                f"cut, {name}", lambda name=name, one=one: known[name].segment(key, whole, one)
            )
        out, data = Path(folder) / "survey.jsonl", labelled(photos, count)
        plan = Plan(("paper",))
        survey(network, data[:1], plan, Path(folder) / "first.jsonl", workers=0)
        start = time.perf_counter()
        survey(network, data, plan, out, workers=0)
        seconds = (time.perf_counter() - start) / len(data)
        lines = out.read_bytes().splitlines(keepends=True)[1:]
        disk = sum(map(len, lines)) / len(lines)
        yield Cost("survey, paper", "", "photograph", seconds, disk=disk)
        state = top_activations(
            network.activations, [ten()[4]], layers=LAYERS["squeezenet1_1"], chunk=1
        )
        save(Path(folder) / "state", state, searched={})
        disk = (Path(folder) / "state").stat().st_size
        yield Cost("state of a search", "squeezenet1_1", "search", 0, disk=disk)
        explained = Path(folder) / "explained"
        seconds = _explained(network, path, photo, explained)
        disk = sum(file.stat().st_size for file in explained.rglob("*") if file.is_file())
        yield Cost("explain, five classes", "", "photograph", seconds, disk=disk)


def _explained(network: Network, path: Path, photo: Photo, out: Path) -> float:
    """Writes what `vizjax explain` does; the seconds of the second time."""
    from vizjax.cli.explain import Explain, write
    from vizjax.explain import explain
    from vizjax.maps import SALIENCY

    seconds = 0.0
    for _ in range(2):
        start = time.perf_counter()
        explanation = explain(jax.random.key(0), network, photo)
        write(out, path, photo, explanation, network, Explain((path,), out), SALIENCY)
        seconds = time.perf_counter() - start
    return seconds


def photographs() -> list[Photo]:
    """Two photographs at the size of most of ImageNet's."""
    demo = demo_photos()
    return [np.round(resize(demo[n], *SIDES)).astype(np.uint8) for n in ("chelsea", "coffee")]


def pyramid_of(network: Network, photo: Photo) -> np.ndarray:
    """The views that the procedure `vizjax` takes of a photograph."""
    images = [level.image for level in Pyramid(DEEP[network.name]).levels(network, photo)]
    size = size_of(network)
    return cut_out(images, [covering(one.shape[0], one.shape[1], size) for one in images])


def labelled(photos: Sequence[Photo], count: int) -> Dataset:
    """So many photographs, with a class and a box each."""
    box = Instance(0, Box(100, 50, 400, 300))

    def read(number: int) -> Example:
        return Example(f"{number}.jpg", photos[number % len(photos)], (0,), (box,))

    return Dataset("photographs", ("cat",), ((LABEL,),), read, range(count))


def _jpeg(photo: Photo) -> bytes:
    file = io.BytesIO()
    Image.fromarray(photo).save(file, format="JPEG", quality=92)
    return file.getvalue()


def png(picture: Photo) -> bytes:
    """A picture as a file."""
    file = io.BytesIO()
    Image.fromarray(picture).save(file, format="PNG")
    return file.getvalue()


def median_seconds(rounds: int, function: Callable[[], Any]) -> float:
    """Seconds of a call; the first, which compiles, does not count."""
    function()
    times = []
    for _ in range(rounds):
        start = time.perf_counter()
        function()
        times.append(time.perf_counter() - start)
    return statistics.median(times)
