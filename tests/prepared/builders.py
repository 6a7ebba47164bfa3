"""TFDS's own definitions of the datasets, given a few examples instead of their downloads.

Each class inherits `_info`, and with it features, names of classes and version, from the class of
the same dataset in the installed package; what an example holds is handed in by the test.
"""

import contextlib
import io
import types
from typing import Any

import numpy as np
import tensorflow_datasets as tfds
from tensorflow_datasets.core import registered
from tensorflow_datasets.datasets.imagenet2012 import imagenet2012_dataset_builder as imagenet
from tensorflow_datasets.datasets.oxford_iiit_pet import oxford_iiit_pet_dataset_builder as pets
from tensorflow_datasets.image_classification import caltech_birds
from tensorflow_datasets.object_detection import coco, voc

# All that COCO's definition wants of TensorFlow is the name of a type.
coco.tf = types.SimpleNamespace(int64=np.int64)


# Of what is overridden, only TFDS's loop over the splits takes notice.
# pyright: reportIncompatibleMethodOverride=false


class _Given:
    """Splits that are handed in: `{split: [example, …]}`."""

    def __init__(self, *, splits, **options):
        self._given = splits
        super().__init__(**options)

    def _split_generators(self, dl_manager):
        return {split: self._generate_examples(split) for split in self._given}

    def _generate_examples(self, split):
        yield from ((f"{number:04d}", one) for number, one in enumerate(self._given[split]))

    def dataset_info_from_configs(self, **options):
        return tfds.core.DatasetInfo(builder=self, **options)  # without the package's README


with registered.skip_registration():  # TFDS has its own of these names

    class Voc(_Given, voc.Voc):
        """`tensorflow_datasets.object_detection.voc.Voc`."""

    class Imagenet2012(_Given, imagenet.Builder):
        """`tensorflow_datasets.datasets.imagenet2012`: its `Builder`."""

    class OxfordIiitPet(_Given, pets.Builder):
        """`tensorflow_datasets.datasets.oxford_iiit_pet`: its `Builder`."""

    class OldPet(OxfordIiitPet):
        """As version 3.2.0 had it, before the boxes of heads."""

        name = "oxford_iiit_pet"
        VERSION = tfds.core.Version("3.2.0")

        def _info(self):
            described: Any = super()._info().features
            features = dict(described)
            del features["head_bbox"]
            return tfds.core.DatasetInfo(
                builder=self, features=tfds.features.FeaturesDict(features)
            )

    class CaltechBirds2011(_Given, caltech_birds.CaltechBirds2011):
        """`tensorflow_datasets.image_classification.caltech_birds.CaltechBirds2011`."""

    class Coco(_Given, coco.Coco):
        """`tensorflow_datasets.object_detection.coco.Coco`."""

        def __init__(self, *, names, **options):
            self._names = names
            super().__init__(**options)

        def _generate_examples(self, split):
            described: Any = self.info.features
            described["objects"]["label"].names = self._names  # as the original does
            yield from super()._generate_examples(split)


def write(builder_class, folder, splits, *, file_format="array_record", **options):
    """Write `{split: [example, …]}` below `folder`; returns the folder of the version."""
    builder = builder_class(splits=splits, data_dir=folder, file_format=file_format, **options)
    config = tfds.download.DownloadConfig(
        try_download_gcs=False, compute_stats=tfds.download.ComputeStatsMode.SKIP
    )
    tfds.disable_progress_bar()
    with contextlib.redirect_stdout(io.StringIO()):  # where TFDS speaks of downloading
        builder.download_and_prepare(download_config=config)
    return builder.data_path
