"""Generated pictures of plane shapes, with exact masks and boxes: truth without a download."""

from vizjax.data.shapes.drawing import Drawing, draw
from vizjax.data.shapes.outlines import OUTLINES
