"""The localisation experiment: on hand-made records, on two photographs, on generated datasets."""

import dataclasses
import io
import json

import pytest
from PIL import Image
from survey_records import records

from experiments import localisation, pointing, sources
from experiments.localisation import TINY, Config, result_of, rows_of
from experiments.surveyed import surveyed
from vizjax.data import demo_photos
from vizjax.errors import InputError


def test_rows_by_hand():
    found = records(one=[0.5, 0.7, 0.9, 0.45, 0.25], none=[0.0] * 5)
    for one, rank in zip(found, (1, 2, 9, 1, 1), strict=True):
        one["cases"][0]["rank"] = rank
    one, none = rows_of(Config(procedures=("one", "none"), best="one"), found)
    assert one.procedure == "one"
    assert one.gt_known == pytest.approx((0.2, 0.4, 0.6))
    assert (one.top1, one.top5) == pytest.approx((0.8, 0.6))
    assert one.mean_iou == pytest.approx(0.56)
    assert none[1:] == ((1.0, 1.0, 1.0), 1.0, 1.0, 0.0)


@pytest.fixture(scope="module")
def found(two_photos, squeezenet, tmp_path_factory):
    names, out = ("cam", "middle", "whole"), tmp_path_factory.mktemp("localisation")
    return surveyed(TINY, names, out, network=squeezenet, examples=two_photos)


def test_every_procedure_is_measured_on_every_photograph(found):
    assert [one["name"] for one in found] == ["chelsea.png", "coffee.png"]
    assert found[0]["cases"][0]["target"] in (281, 282, 285)
    assert found[1]["cases"][0]["target"] == 967
    result = result_of(Config(procedures=("cam", "middle"), best="middle"), found, {})
    assert [one.get("procedure") for one in result.metrics] == ["cam", "middle", None]
    assert result.metrics[-1]["summary"] is True
    assert result.metrics[-1]["IoU cam"] == result.metrics[0]["IoU"]


def test_boxes_are_in_the_pixels_of_the_photograph(found):
    cat, cup = (
        {name: figures["iou"] for name, figures in one["cases"][0]["procedures"].items()}
        for one in found
    )
    # 450 × 300 and 600 × 400, of which the cat fills 400 × 300 and the cup with saucer 403 × 371.
    assert cat["whole"] == pytest.approx(400 / 450, abs=1e-6)
    assert cup["whole"] == pytest.approx(403 * 371 / (600 * 400), abs=1e-6)
    # A box left at the canvas's size, 256 high, could not reach these.
    assert min(cat["cam"], cup["cam"]) > 0.4


def test_the_tiny_variant(offline, squeezed, out):
    result = localisation.run(TINY, out)
    text = result.tables["errors"]
    assert text.startswith("Localisation error on 2 photographs of photos.")
    assert "| boxes | GT-known, IoU 0.3 | GT-known, IoU 0.5 |" in text
    assert result.tables["differences"].startswith("| less paper | difference |")
    assert [one.get("procedure") for one in result.metrics] == ["paper", "middle", None]
    assert result.arrays["wrong"].shape == (2, 2)
    assert list(result.inputs) == ["squeezenet1_1", "photos"]
    lines = (out / "photos-paper.jsonl").read_text().splitlines()[1:]
    cases = [case for line in lines for case in json.loads(line)["cases"]]
    assert min(case["procedures"]["paper"]["iou"] for case in cases) > 0.6
    # One photograph of each half: both right.
    assert "| paper | 0.0% (0–0) | 0.0% (0–0) | 0.0% (0–0) |" in result.tables["halves"]


def test_an_interrupted_run_goes_on(offline, squeezed, out, monkeypatch):
    whole = localisation.run(TINY, out)
    monkeypatch.setattr("vizjax.survey.pipeline._works", None)  # nothing is left to be done
    again = localisation.run(TINY, out)
    assert again.metrics == whole.metrics
    assert again.arrays["wrong"].tolist() == whole.arrays["wrong"].tolist()


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"best": "saliency_1"}, "`best` is saliency_1; expected one of `procedures`: vizjax"),
        ({"photos": -1}, "`photos`, `processes`, `batch` are"),
    ],
)
def test_configurations_it_refuses(fields, message):
    with pytest.raises(InputError, match=message):
        Config(**fields)


def test_photographs_without_boxes_are_refused(two_photos, squeezed, monkeypatch, tmp_path):
    def read(number):
        return two_photos.read(number)._replace(instances=())

    config = dataclasses.replace(TINY, procedures=("middle",), best="middle")
    unboxed = dataclasses.replace(two_photos, read=read)
    monkeypatch.setattr(sources, "dataset", lambda name, **options: unboxed)
    with pytest.raises(InputError, match=r"there are no boxes; expected one with boxes"):
        localisation.run(config, tmp_path)


# Datasets with the features of TFDS's own ---------------------------------------------------

HEIGHT, WIDTH = 100, 150
MIDDLE = (22, 15, 128, 85)
"""x0, y0, x1, y1: near what `middle` says, 71 % of each side."""


@pytest.fixture(scope="module")
def prepared(tmp_path_factory):
    """`voc/2007` and `imagenet2012`: a cat and a cup of coffee, small."""
    from prepared import builders
    from tensorflow_datasets import features

    def encoded(name):
        file, photo = io.BytesIO(), Image.fromarray(demo_photos()[name])
        photo.resize((WIDTH, HEIGHT)).save(file, "JPEG", quality=95)
        return file.getvalue()

    def pascal(label, difficult=False):
        x0, y0, x1, y1 = MIDDLE
        box = features.BBox(y0 / HEIGHT, x0 / WIDTH, y1 / HEIGHT, x1 / WIDTH)
        return {
            "label": label, "bbox": box, "pose": "left", "is_truncated": False,
            "is_difficult": difficult,
        }  # fmt: skip

    def voc(name, objects, *labels):
        return {
            "image": encoded(name), "image/filename": f"{name}.jpg", "objects": objects,
            "labels": list(labels), "labels_no_difficult": list(labels),
        }  # fmt: skip

    where = tmp_path_factory.mktemp("tfds")
    test = [
        voc("chelsea", [pascal("cat"), pascal("person")], "cat", "person"),
        voc("coffee", [pascal("diningtable")], "diningtable"),
    ]
    builders.write(builders.Voc, where, {"test": test}, config="2007")
    validation = [
        {"image": encoded(photo), "label": wnid, "file_name": f"{name}.JPEG"}
        for photo, wnid, name in (
            ("chelsea", "n02124075", "ILSVRC2012_val_00000001"),
            ("coffee", "n07920052", "ILSVRC2012_val_00000002"),
        )
    ]
    builders.write(builders.Imagenet2012, where, {"validation": validation})
    x0, y0, x1, y1 = MIDDLE
    rows = [
        f"ILSVRC2012_val_0000000{n},{wnid} {x0} {y0} {x1 - 1} {y1 - 1} "
        for n, wnid in ((1, "n02124075"), (2, "n07920052"))
    ]
    lines = "\n".join(["ImageId,PredictionString", *rows])
    (where / "LOC_val_solution.csv").write_text(f"{lines}\n")
    return where


def table_of(experiment, prepared, work, **fields):
    given = {"folder": prepared, "processes": 0, "procedures": ("middle", "cam"), "best": "middle"}
    result = experiment.run(experiment.Config(**given, **fields), work)
    return next(iter(result.tables.values()))


def row_of(text, name):
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {name} |")][:1]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_same_on_voc(prepared, tmp_path, squeezed):
    text = table_of(localisation, prepared, tmp_path, dataset="voc/2007")
    # A person is no class of ImageNet; a dining table is.
    assert "on 2 photographs of voc/2007" in text
    assert row_of(text, "middle")[1:4] == ["0.0%", "0.0% (0–0)", "0.0%"]
    text = table_of(pointing, prepared, tmp_path, dataset="voc/2007")
    assert row_of(text, "middle")[1:3] == ["100.0% (100–100)", "100.0%"]


def test_the_same_on_imagenet(prepared, tmp_path, squeezed):
    boxes = prepared / "LOC_val_solution.csv"
    options = {"dataset": "imagenet2012", "boxes": boxes, "batch": 2}
    middle = row_of(table_of(localisation, prepared, tmp_path, **options), "middle")
    assert middle[1:4] == ["0.0%", "0.0% (0–0)", "0.0%"]
    assert middle[5] == "0.0%"  # both classes are among the five first
    text = table_of(pointing, prepared, tmp_path, **options)
    assert row_of(text, "cam")[1].startswith("100.0%")


def test_imagenet_without_its_boxes_is_told_what_to_give(prepared, tmp_path, squeezed):
    for experiment in (localisation, pointing):
        with pytest.raises(InputError, match=r"there are no boxes.*imagenet2012: give `--boxes`"):
            table_of(experiment, prepared, tmp_path, dataset="imagenet2012", photos=1)
