"""Prepared datasets that are not there, not whole, or not what they are called."""

import io
import json
import re
import shutil

import numpy as np
import pytest
from PIL import Image

from vizjax.data import dataset
from vizjax.data.datasets.records import data_folder, decode, pixels, prepared
from vizjax.errors import InputError
from vizjax.types import Box


def png(seed=0, size=(20, 30, 3)):
    file = io.BytesIO()
    noise = np.random.default_rng(seed).integers(0, 256, size, np.uint8)
    Image.fromarray(noise).save(file, "PNG")
    return file.getvalue()


@pytest.fixture(scope="module")
def written(tmp_path_factory):
    from prepared import builders

    where = tmp_path_factory.mktemp("tfds")
    voc = [
        {
            "image": png(number, (300, 300, 3)),
            "image/filename": f"{number}.jpg",
            "objects": [],
            "labels": [],
            "labels_no_difficult": [],
        }
        for number in range(3)
    ]
    voc.append({**voc[0], "image": png()[:200], "image/filename": "cut"})
    builders.write(builders.Voc, where, {"test": voc}, config="2007")
    return where


@pytest.fixture
def folder(written, tmp_path):
    """A copy that a test may damage."""
    return shutil.copytree(written, tmp_path / "tfds")


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("shapes", "`vizjax data prepare shapes --folder FOLDER` first$"),
        ("voc/2012", "`tfds build voc/2012 --file_format=array_record --data_dir=FOLDER` first"),
        ("coco/2017", "`tfds build coco/2017 --file_format=array_record --data_dir=FOLDER` first"),
        ("imagenet2012", "tfds build imagenet2012 .*ILSVRC2012_img_val.tar.*downloads/manual"),
    ],
)
def test_not_prepared_says_the_command(tmp_path, name, command):
    with pytest.raises(InputError, match=f"`{name}` is not prepared in {tmp_path}; expected") as e:
        dataset(name, folder=tmp_path)
    assert e.match(command.replace("FOLDER", str(tmp_path)))


def test_a_preparation_that_was_interrupted_does_not_count(folder):
    version = folder / "voc/2007/5.0.0"
    version.rename(version.with_name("incomplete.ABCDEF_5.0.0"))
    with pytest.raises(InputError, match="`voc/2007` is not prepared in"):
        dataset("voc/2007", folder=folder)


def test_the_newest_version_counts(tmp_path):
    for version in ("5.0.0", "10.0.0", "9.9.9", "11.0.0", "latest"):
        (tmp_path / "voc/2007" / version).mkdir(parents=True)
        if version != "11.0.0":
            (tmp_path / "voc/2007" / version / "dataset_info.json").touch()
    assert prepared("voc/2007", tmp_path) == tmp_path / "voc/2007/10.0.0"


def test_where_prepared_datasets_are(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    assert data_folder() == tmp_path / "tensorflow_datasets"
    assert data_folder("~/x") == tmp_path / "x"
    monkeypatch.setenv("TFDS_DATA_DIR", "/data")
    assert str(data_folder()) == "/data"


@pytest.mark.parametrize("split", ["valid", "tests", "[:3]"])
def test_an_unknown_split(written, split):
    with pytest.raises(InputError, match=r"`split` is .*; expected one of: test$"):
        dataset("voc/2007", split=split, folder=written)


@pytest.mark.parametrize("split", ["test[:", "test[9:9]"])
def test_a_part_of_a_split_that_there_is_not(written, split):
    with pytest.raises(InputError, match=r"`split` is test\[.*expected a part of test"):
        dataset("voc/2007", split=split, folder=written)


def test_a_damaged_image_is_told_and_the_others_are_read(written):
    data = dataset("voc/2007", folder=written)
    names, told = [], []
    for index in range(len(data)):
        try:
            names.append(data[index].name)
        except InputError as error:
            told.append(str(error))
    assert sorted(names) == ["0.jpg", "1.jpg", "2.jpg"]
    (line,) = told
    assert "voc/2007/5.0.0: cut` cannot be decoded: " in line
    assert "\n" not in line


@pytest.mark.parametrize("damage", ["truncated", "flipped", "missing"])
def test_damaged_files(folder, damage):
    (file,) = folder.glob("voc/2007/5.0.0/*array_record*")
    content = bytearray(file.read_bytes())
    if damage == "truncated":
        file.write_bytes(content[: len(content) // 2])
    elif damage == "flipped":
        middle = len(content) // 2
        content[middle : middle + 1000] = bytes(255 - byte for byte in content[middle:][:1000])
        file.write_bytes(content)
    else:
        file.unlink()
    data = dataset("voc/2007", folder=folder)
    told = []
    for index in range(len(data)):
        try:
            data[index]
        except InputError as error:
            told.append(str(error))
    pattern = r"record \d of `\S*/voc/2007/5.0.0`, split test, cannot be read: .* prepare it anew"
    assert any(re.fullmatch(pattern, line) for line in told), told


def test_another_format_is_told(folder):
    info = folder / "voc/2007/5.0.0/dataset_info.json"
    described = json.loads(info.read_text())
    info.write_text(json.dumps({**described, "fileFormat": "tfrecord"}))
    with pytest.raises(InputError, match=r"is in the format tfrecord; expected array_record"):
        dataset("voc/2007", folder=folder)


def test_a_description_that_is_no_json(folder):
    (folder / "voc/2007/5.0.0/features.json").write_text("{")
    with pytest.raises(InputError, match=r"5.0.0` cannot be opened: .* prepare it anew"):
        dataset("voc/2007", folder=folder)


def test_another_dataset_under_the_name(folder):
    shutil.copytree(folder / "voc/2007", folder / "oxford_iiit_pet")
    with pytest.raises(InputError, match="has no label, file_name, segmentation_mask; expected"):
        dataset("oxford_iiit_pet", folder=folder)


def test_numbers_beyond_the_end(written):
    data = dataset("voc/2007", folder=written)
    assert data[-1].name == data[3].name
    with pytest.raises(IndexError):
        data[4]


def test_decode_of_one_plane():
    values = np.arange(6, dtype=np.uint8).reshape(2, 3)
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    np.testing.assert_array_equal(decode(file.getvalue(), "mask", "L"), values)


@pytest.mark.parametrize(
    ("bbox", "first", "expected"),
    [
        ((0.0, 0.0, 1.0, 1.0), 0, Box(0, 0, 100, 40)),
        ((0.25, 0.5, 0.5, 0.75), 0, Box(50, 10, 75, 20)),
        ((0.25, 0.5, 0.5, 0.75), 1, Box(49, 9, 75, 20)),
        ((-0.1, 0.2, 1.2, 0.2), 0, Box(20, 0, 21, 40)),  # beyond the edges; no width
        ((1.0, 1.0, 1.0, 1.0), 0, Box(99, 39, 100, 40)),
    ],
)
def test_pixels_by_hand(bbox, first, expected):
    assert pixels(np.array(bbox, np.float32), 40, 100, first=first) == expected
