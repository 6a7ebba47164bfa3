import subprocess
import sys

import pytest

from vizjax.data import DATASETS, dataset
from vizjax.data.datasets.registry import present
from vizjax.errors import InputError


def test_an_unknown_name_lists_the_known_ones():
    known = (
        "photos, photos/masks, shapes, cifar10, imagenet2012, voc/2007, voc/2012, "
        "oxford_iiit_pet, caltech_birds2011, coco/2017"
    )
    with pytest.raises(InputError, match=f"`name` is voc; expected one of: {known}$"):
        dataset("voc")
    assert ", ".join(DATASETS) == known


def test_photographs_have_no_splits(tmp_path):
    with pytest.raises(InputError, match="`split` is train; expected none: photos has no splits"):
        dataset("photos", split="train", folder=tmp_path)


def test_boxes_are_of_imagenet_alone(tmp_path):
    with pytest.raises(InputError, match=r"`boxes` is b.csv; expected none for voc/2007"):
        dataset("voc/2007", folder=tmp_path, boxes="b.csv")


def test_nothing_is_there(tmp_path):
    assert all(present(name, tmp_path) is None for name in DATASETS)


def test_the_library_of_datasets_is_imported_when_it_is_needed(tmp_path):
    code = (
        "import sys, vizjax.data, vizjax.cli.data\n"
        "from vizjax.data.datasets.registry import present\n"
        f"present('voc/2007', __import__('pathlib').Path({str(tmp_path)!r}))\n"
        "assert not {'tensorflow_datasets', 'array_record', 'pyarrow'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
