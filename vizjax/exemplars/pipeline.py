"""Photographs in, exemplars out."""

import contextlib
import warnings
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from vizjax.errors import InputError
from vizjax.exemplars.tracing import Channels, Exemplars, Photos, trace_back
from vizjax.exemplars.views import view_of
from vizjax.models.network import Network
from vizjax.search import TopK, start, top_activations


def exemplars(
    network: Network,
    photos: Photos,
    *,
    layers: Sequence[str],
    k: int = 9,
    channels: Channels = 9,
    rule: str = "deconvnet",
    chunk: int | None = 16,
    progress: Callable[[TopK], Any] | None = None,
) -> Exemplars:
    """Searches photographs for what excites channels most, and traces it back to pixels.

    All channels of the layers are searched in one pass. An exemplar is the strongest neuron of a
    channel's plane in a photograph, `x_ijc = max_rs x_rsc`; its patch is what this neuron can see,
    its projection the neuron's gradient under the backward rule, `∂x_ijc/∂I`, within the same box:
    outside it is 0.

    Zeiler & Fergus 2013 (arXiv 1311.2901, §2.1 and fig. 2) set all other activations of the layer
    to zero and run the DeconvNet down; the gradient of one neuron under the rule `deconvnet` is
    that, from an activation of 1: the scale alone differs. They show a random choice of channels,
    here they are evenly spaced.

    Args:
      network: with `preprocessing.size`. Its view of a photograph is the centre.
      photos: RGB in 0-255 of any size, or paths of files, read as the search gets to them.
      layers: the names of the layers.
      k: how many photographs a channel.
      channels: which channels are traced back: so many of each layer, evenly spaced among those
        whose k values are all positive (a rectified channel is silent at 0); or these; or these by
        layer.
      rule: the backward rule of the projections, a name of `vizjax.rules.RULES`.
      chunk: images in memory at once; None for all.
      progress: called with what was found so far after every chunk of the search.

    Returns:
      The hits of all channels, and the exemplars of some.

    Raises:
      InputError: a photograph, layer, channel or option that cannot be used.
    """
    network.with_rule(rule)  # an unknown one is known before the work
    found = search_photos(network, photos, layers=layers, k=k, chunk=chunk, progress=progress)
    return trace_back(network, photos, found, channels=channels, rule=rule, chunk=chunk)


def search_photos(
    network: Network,
    photos: Photos,
    *,
    layers: Sequence[str],
    k: int = 9,
    chunk: int | None = 16,
    state: TopK | None = None,
    readers: int = 0,
    unusable: Callable[[int, InputError], Any] | None = None,
    progress: Callable[[TopK], Any] | None = None,
) -> TopK:
    """The first half of `exemplars`: `vizjax.search.top_activations` of the views of photographs.

    Args:
      network: as of `exemplars`.
      photos: likewise.
      layers: likewise.
      k: likewise.
      chunk: likewise.
      state: what an earlier search of the same photographs had found, to go on from.
      readers: threads that read photographs ahead, eight each at most: one reads some 200 a second,
        fewer than a GPU can look at. 0: each is read when the search gets to it.
      unusable: called with the number of a photograph that cannot be used, and the error, in
        place of raising it: the photograph is passed over.
      progress: as of `exemplars`.

    Returns:
      The hits of all channels of the layers.

    Raises:
      InputError: as of `exemplars`.
    """

    def read(number):
        try:
            return view_of(network, photos[number])
        except InputError as error:
            return error

    def usable(number, view):
        if not isinstance(view, InputError):
            return view
        if unusable is None:
            raise view
        unusable(number, view)
        return None

    begun = state or start(network.activations, network.blank(), layers=layers, k=k)
    numbers = range(begun.seen, len(photos))
    with _ahead(read, numbers, readers) as views:
        return top_activations(
            network.activations,
            map(usable, numbers, views),
            layers=layers,
            k=k,
            chunk=chunk,
            state=begun,
            progress=progress,
        )


@contextlib.contextmanager
def _ahead(
    read: Callable[[int], Any], numbers: Sequence[int], threads: int
) -> Iterator[Iterator[Any]]:
    """`read` of numbers in their order, by threads that are ahead of who asks."""
    if not threads:
        yield map(read, numbers)
        return

    def results():
        waiting = deque()
        for number in numbers:
            waiting.append(pool.submit(read, number))
            if len(waiting) > 8 * threads:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()

    pool = ThreadPoolExecutor(threads)
    # `read_photo` silences warnings, which two threads must not do and undo in turns.
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        try:
            yield results()
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
