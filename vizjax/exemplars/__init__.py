"""The photographs that excite a network's channels most, and what in them does so.

Zeiler & Fergus 2013 (arXiv 1311.2901, fig. 2): of each channel the nine strongest neurons over a
dataset, cut to what each of them can see, beside their DeconvNet projections to pixels.
"""

from vizjax.exemplars.pipeline import exemplars, search_photos
from vizjax.exemplars.tracing import Exemplar, Exemplars, chosen_channels, trace_back
from vizjax.exemplars.views import box_on_photo, view_of
