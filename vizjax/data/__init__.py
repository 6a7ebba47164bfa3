"""Photographs: read, resized, cut into views; and datasets with truth to measure on."""

from vizjax.data.crops import Views, assemble, centre_view, coverage, extract, ten_views
from vizjax.data.datasets import DATASETS, dataset
from vizjax.data.examples import Dataset, Example, Instance
from vizjax.data.files import atomic_write
from vizjax.data.images import canvas, demo_photos, read_photo, resize, resize_mask, write_png
from vizjax.data.packages import cache_folder, download
from vizjax.data.photos import AnnotatedPhoto, annotated_photos, fetch_photos, masked_photos
from vizjax.data.segments import grid, slic
