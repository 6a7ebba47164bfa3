"""What TFDS writes of each dataset comes out as it was put in."""

import io

import numpy as np
import pytest
from PIL import Image

from vizjax.data import dataset, read_photo
from vizjax.data.examples import Instance
from vizjax.types import Box

RNG = np.random.default_rng(0)
HEIGHT, WIDTH = 30, 50
PIXELS = RNG.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
ALPHA = RNG.integers(0, 256, (HEIGHT, WIDTH), np.uint8)
RGB = Image.fromarray(PIXELS)
IMAGES = {
    "colour": (RGB, "PNG"),
    "grey": (RGB.convert("L"), "PNG"),
    "alpha": (Image.fromarray(np.dstack([PIXELS, ALPHA])), "PNG"),
    "cmyk": (RGB.convert("CMYK"), "JPEG"),
    "jpeg": (RGB, "JPEG"),
}
TRIMAP = RNG.integers(2, 4, (HEIGHT, WIDTH)).astype(np.uint8)
TRIMAP[4:11, 20:37] = 1
VOTES = RNG.choice(np.array([0, 51, 102, 153, 204, 255], np.uint8), (HEIGHT, WIDTH))
COCO_NAMES = [f"thing {number}" for number in range(79)] + ["dog"]


def encoded(name: str) -> bytes:
    image, form = IMAGES[name]
    file = io.BytesIO()
    image.save(file, form)
    return file.getvalue()


def plane(values: np.ndarray) -> bytes:
    file = io.BytesIO()
    Image.fromarray(values).save(file, "PNG")
    return file.getvalue()


def read_as_file(name, tmp_path):
    path = tmp_path / "photo"
    path.write_bytes(encoded(name))
    return read_photo(path)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """All datasets, as TFDS's own definitions of them write them."""
    from prepared import builders
    from tensorflow_datasets import features

    def box(x0, y0, x1, y1):
        return features.BBox(y0 / HEIGHT, x0 / WIDTH, y1 / HEIGHT, x1 / WIDTH)

    def pascal(label, sides, difficult):
        return {
            "label": label,
            "bbox": box(*sides),
            "pose": "rear",
            "is_truncated": True,
            "is_difficult": difficult,
        }

    objects = [pascal("dog", (1, 1, 50, 30), False), pascal("cat", (11, 3, 20, 3), True)]
    voc = [
        {
            "image": encoded(name),
            "image/filename": f"{name}.jpg",
            "objects": objects if name == "colour" else [],
            "labels": ["cat", "dog"] if name == "colour" else [],
            "labels_no_difficult": ["dog"] if name == "colour" else [],
        }
        for name in IMAGES
    ]
    imagenet = [
        {"image": encoded("jpeg"), "label": wnid, "file_name": f"{name}.JPEG"}
        for name, wnid in (("ILSVRC2012_val_00000001", "n02129165"), ("other", "n15075141"))
    ]
    pets = {
        "image": encoded("colour"),
        "label": "pug",
        "species": "Dog",
        "file_name": "pug_1.jpg",
        "segmentation_mask": plane(TRIMAP),
        "head_bbox": box(21, 5, 25, 9),
    }
    bird = {
        "image": encoded("grey"),
        "image/filename": "003.Sooty_Albatross/Sooty_Albatross_0001.jpg",
        "label": 2,
        "label_name": "sooty_albatross",
        "bbox": box(7, 4, 33, 21),
        "segmentation_mask": plane(VOTES),
    }
    things = [
        {"id": 5, "area": 9, "bbox": box(3.2, 4.6, 9.4, 10.1), "label": "dog", "is_crowd": False},
        {"id": 6, "area": 8, "bbox": box(0, 0, 50, 30), "label": "thing 3", "is_crowd": True},
        {"id": 7, "area": 0, "bbox": box(49.7, 5, 49.9, 5.1), "label": "dog", "is_crowd": False},
    ]
    coco = {
        "image": encoded("jpeg"),
        "image/filename": "000000000139.jpg",
        "image/id": 139,
        "objects": things,
    }
    where = tmp_path_factory.mktemp("tfds")
    builders.write(builders.Voc, where, {"test": voc, "train": voc[:2]}, config="2007")
    builders.write(builders.Voc, where, {"validation": voc[:1]}, config="2012")
    builders.write(builders.Imagenet2012, where, {"validation": imagenet})
    builders.write(builders.OxfordIiitPet, where, {"test": [pets]})
    builders.write(builders.CaltechBirds2011, where, {"test": [bird]})
    builders.write(builders.Coco, where, {"validation": [coco]}, config="2017", names=COCO_NAMES)
    return where


def by_name(examples):
    return {example.name: example for example in examples}


def test_tfds_itself_finds_what_the_tests_read(folder):
    import tensorflow_datasets as tfds

    builder = tfds.builder("voc/2007", data_dir=folder)
    assert type(builder).__module__ == "tensorflow_datasets.object_detection.voc"
    assert builder.data_path == folder / "voc/2007/5.0.0"
    assert builder.info.splits["test"].num_examples == len(IMAGES)


def test_voc(folder):
    data = dataset("voc/2007", folder=folder)
    assert (data.name, len(data), len(data.classes)) == ("voc/2007", len(IMAGES), 20)
    example = by_name(data)["colour.jpg"]
    cat, dog = data.classes.index("cat"), data.classes.index("dog")
    np.testing.assert_array_equal(example.photo, PIXELS)
    assert example.labels == (cat, dog) == (7, 11)
    # PASCAL counts pixels from 1 and names the last one inside.
    whole = Instance(dog, Box(0, 0, 50, 30))
    assert example.instances == (whole, Instance(cat, Box(10, 2, 20, 3), difficult=True))
    assert example.mask is None
    assert example.certain
    assert data.accepted(dog) == tuple(range(151, 269))
    assert data.accepted(data.classes.index("person")) == ()
    assert len(dataset("voc/2007", split="train", folder=folder)) == 2
    assert len(dataset("voc/2007", split="test[1:3]", folder=folder)) == 2


@pytest.mark.parametrize("name", IMAGES)
def test_photographs_are_read_as_files_are(folder, tmp_path, name):
    example = by_name(dataset("voc/2007", folder=folder))[f"{name}.jpg"]
    assert example.photo.shape == (HEIGHT, WIDTH, 3)
    np.testing.assert_array_equal(example.photo, read_as_file(name, tmp_path))


def test_the_default_split_of_voc_2012_has_annotations(folder):
    (example,) = dataset("voc/2012", folder=folder)
    assert len(example.instances) == 2


def test_imagenet(folder, tmp_path):
    data = dataset("imagenet2012", folder=folder)
    assert len(data.classes) == 1000
    examples = by_name(data)
    lion = examples["ILSVRC2012_val_00000001.JPEG"]
    np.testing.assert_array_equal(lion.photo, read_as_file("jpeg", tmp_path))
    assert lion.labels == (291,)
    assert data.classes[291] == "lion"
    assert lion.instances == ()
    assert examples["other.JPEG"].labels == (999,)
    assert [data.accepted(label) for label in (0, 291, 999)] == [(0,), (291,), (999,)]


def test_imagenet_with_boxes(folder, tmp_path):
    table = tmp_path / "LOC_val_solution.csv"
    rows = "ILSVRC2012_val_00000001,n02129165 3 4 20 10 n02129165 0 0 60 29 n99999999 0 0 1 1 "
    table.write_text(f"ImageId,PredictionString\n{rows}\n")
    examples = by_name(dataset("imagenet2012", folder=folder, boxes=table))
    # The largest coordinate is the last pixel inside; what is beyond the photograph is cut off.
    expected = (Instance(291, Box(3, 4, 21, 11)), Instance(291, Box(0, 0, 50, 30)))
    assert examples["ILSVRC2012_val_00000001.JPEG"].instances == expected
    assert examples["other.JPEG"].instances == ()


def test_pets(folder):
    data = dataset("oxford_iiit_pet", folder=folder)
    (example,) = data
    pug = data.classes.index("pug")
    assert (example.name, example.labels, pug) == ("pug_1.jpg", (pug,), 25)
    np.testing.assert_array_equal(example.photo, PIXELS)
    np.testing.assert_array_equal(example.mask, TRIMAP == 1)
    np.testing.assert_array_equal(example.ignored, TRIMAP == 3)
    assert example.instances == (Instance(pug, Box(20, 4, 37, 11)),)
    assert data.accepted(pug) == (254,)


def test_pets_of_an_older_version(folder, tmp_path):
    from prepared import builders

    old = {
        "image": encoded("grey"),
        "label": "Bengal",
        "species": "Cat",
        "file_name": "Bengal_7.jpg",
        "segmentation_mask": plane(np.full((HEIGHT, WIDTH), 2, np.uint8)),
    }
    path = builders.write(builders.OldPet, tmp_path, {"test": [old]})
    assert path.name == "3.2.0"
    (example,) = dataset("oxford_iiit_pet", folder=tmp_path)
    assert example.name == "Bengal_7.jpg"
    assert example.instances == ()  # an empty mask has no box
    assert example.mask is not None
    assert not example.mask.any()


def test_birds(folder):
    data = dataset("caltech_birds2011", folder=folder)
    (example,) = data
    assert data.classes[2] == "Sooty_Albatross"  # TFDS's files have no names
    assert len(set(data.classes)) == 200
    assert example.name == "003.Sooty_Albatross/Sooty_Albatross_0001.jpg"
    assert example.labels == (2,)
    assert example.instances == (Instance(2, Box(7, 4, 33, 21)),)
    np.testing.assert_array_equal(example.photo, np.dstack([np.asarray(RGB.convert("L"))] * 3))
    np.testing.assert_array_equal(example.mask, VOTES >= 153)  # three votes of five
    assert data.accepted(2) == (146,)


def test_coco(folder, tmp_path):
    data = dataset("coco/2017", folder=folder)
    (example,) = data
    assert data.classes == tuple(COCO_NAMES)
    assert example.name == "000000000139.jpg"
    np.testing.assert_array_equal(example.photo, read_as_file("jpeg", tmp_path))
    assert example.labels == (3, 79)
    dog, crowd, small = example.instances
    assert dog == Instance(79, Box(3, 5, 9, 10))
    assert crowd == Instance(3, Box(0, 0, 50, 30), crowd=True)
    assert small == Instance(79, Box(49, 5, 50, 6))  # never empty, never outside
    assert example.boxes(3, crowd=False) == ()
    assert data.accepted(79) == tuple(range(151, 269))
    assert data.accepted(3) == ()
