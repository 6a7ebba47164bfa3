"""Evidence: the map of a class on a photograph's canvas, which a procedure then segments.

An evidence takes several photographs at once, one class each, and computes them on the device in
calls of one shape: whatever the photographs' sizes, all is compiled once.
"""

from vizjax.evidence.averaged import Averaged, Middle
from vizjax.evidence.canvases import VIEWS, CanvasMap, Evidence, canvas_of, in_chunks, mean_scores
from vizjax.evidence.pyramid import Pyramid
