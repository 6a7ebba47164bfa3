"""A dataset of vizjax's own, written as TFDS writes one; imports TFDS, so import it late."""

import contextlib
import io
from collections.abc import Callable
from pathlib import Path
from typing import Any

import tensorflow_datasets as tfds

from vizjax.errors import InputError


def write(builder: Callable[..., tfds.core.DatasetBuilder], folder: Path, **options: Any) -> Path:
    """Write all splits of a dataset in the format array_record, whole or not at all.

    Args:
      builder: the class of the dataset.
      folder: where TFDS's datasets are, made if need be.
      **options: the builder's own.

    Returns:
      The folder of the dataset's version.

    Raises:
      InputError: the folder cannot be written, or has no room.
    """
    tfds.disable_progress_bar()  # a builder tells how far it is by an option of its own
    # Nothing is downloaded, and no bucket in the cloud is asked for it.
    config = tfds.download.DownloadConfig(
        try_download_gcs=False, compute_stats=tfds.download.ComputeStatsMode.SKIP
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
        built = builder(data_dir=folder, file_format="array_record", **options)
        with contextlib.redirect_stdout(io.StringIO()):  # where TFDS speaks of downloading
            built.download_and_prepare(download_config=config)
    except OSError as error:
        raise InputError(
            f"`{folder}` cannot be written: {error.strerror or error}; "
            "expected a writable folder that has room"
        ) from error
    return Path(built.data_dir)
