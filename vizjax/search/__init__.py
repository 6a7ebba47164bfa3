"""The images of a dataset that excite a neuron, a channel or a class most."""

from vizjax.search.neurons import neurons_at
from vizjax.search.receptive_field import receptive_field, receptive_fields
from vizjax.search.storage import arrays_of, digest, found_of, load, save
from vizjax.search.stream import TopK, joined, start, top_activations
from vizjax.search.topk import Hits, merge, no_hits, strongest, update
