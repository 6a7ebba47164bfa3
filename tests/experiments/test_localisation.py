"""The localisation experiment: on hand-made records, on two photographs, on generated datasets."""

import dataclasses
import io
import json

import pytest
import tyro
from PIL import Image
from survey_records import records

from experiments import localisation, pointing
from experiments.localisation import TINY, Config, rows_of
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
def result(two_photos, squeezenet, tmp_path_factory):
    config = dataclasses.replace(TINY, procedures=("cam", "middle", "whole"), best="middle")
    out = tmp_path_factory.mktemp("localisation")
    return localisation.run(config, out, network=squeezenet, examples=two_photos)


def test_every_procedure_is_measured_on_every_photograph(result):
    rows, found = result
    assert [row.procedure for row in rows] == ["cam", "middle", "whole"]
    assert [one["name"] for one in found] == ["chelsea.png", "coffee.png"]
    assert found[0]["cases"][0]["target"] in (281, 282, 285)
    assert found[1]["cases"][0]["target"] == 967


def test_boxes_are_in_the_pixels_of_the_photograph(result):
    cat, cup = (
        {name: figures["iou"] for name, figures in one["cases"][0]["procedures"].items()}
        for one in result[1]
    )
    # 450 × 300 and 600 × 400, of which the cat fills 400 × 300 and the cup with saucer 403 × 371.
    assert cat["whole"] == pytest.approx(400 / 450, abs=1e-6)
    assert cup["whole"] == pytest.approx(403 * 371 / (600 * 400), abs=1e-6)
    # A box left at the canvas's size, 256 high, could not reach these.
    assert min(cat["cam"], cup["cam"]) > 0.4


def test_from_the_command_line(offline, out, squeezenet, monkeypatch, capsys):
    monkeypatch.setattr("experiments.surveyed.load", lambda name, progress: squeezenet)
    assert localisation.main(TINY, out) == 0
    printed = capsys.readouterr().out
    assert "Localisation error on 2 photographs of photos (all)." in printed
    assert "| boxes | GT-known, IoU 0.3 | GT-known, IoU 0.5 |" in printed
    assert "| less paper | difference |" in printed
    written = json.loads((out / "errors.json").read_text())
    assert written["config"]["procedures"] == ["paper", "middle"]
    assert [row["procedure"] for row in written["rows"]] == ["paper", "middle"]
    lines = (out / "photos-paper.jsonl").read_text().splitlines()[1:]
    cases = [case for line in lines for case in json.loads(line)["cases"]]
    assert min(case["procedures"]["paper"]["iou"] for case in cases) > 0.6
    # The half that judges is the second photograph; it needs no new survey.
    judged = dataclasses.replace(TINY, half="report")
    monkeypatch.setattr("experiments.surveyed.survey", _only_reading(monkeypatch))
    assert localisation.main(judged, out) == 0
    assert "on 1 photographs of photos (report)" in capsys.readouterr().out


def _only_reading(monkeypatch):
    from vizjax.survey import pipeline

    def refuse(*arguments):
        raise AssertionError("the survey is finished")

    monkeypatch.setattr(pipeline, "_works", refuse)
    return pipeline.survey


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"half": "third"}, "`half` is third; expected one of: all, tune, report"),
        ({"best": "saliency_1"}, "`best` is saliency_1; expected one of `procedures`: vizjax"),
        ({"photos": -1}, "`photos`, `workers`"),
    ],
)
def test_configurations_it_refuses(fields, message):
    with pytest.raises(InputError, match=message):
        Config(**fields)


def test_photographs_without_boxes_are_refused(two_photos, squeezenet, tmp_path):
    def read(number):
        return two_photos.read(number)._replace(instances=())

    config = dataclasses.replace(TINY, procedures=("middle",), best="middle")
    unboxed = dataclasses.replace(two_photos, read=read)
    with pytest.raises(InputError, match=r"there are no boxes; expected one with boxes"):
        localisation.run(config, tmp_path, network=squeezenet, examples=unboxed)


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


def command(experiment, prepared, out, *options):
    given = ["--folder", str(prepared), "--out", str(out), "--workers", "0"]
    chosen = ["--procedures", "middle", "cam", "--best", "middle"]
    return tyro.cli(experiment.main, args=[*options, *given, *chosen])


def row_of(printed, name):
    (line,) = [line for line in printed.splitlines() if line.startswith(f"| {name} |")][:1]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_the_same_commands_on_voc(prepared, tmp_path, capsys):
    assert command(localisation, prepared, tmp_path, "--dataset", "voc/2007") == 0
    printed = capsys.readouterr().out
    # A person is no class of ImageNet; a dining table is.
    assert "on 2 photographs of voc/2007" in printed
    assert row_of(printed, "middle")[1:4] == ["0.0%", "0.0% (0–0)", "0.0%"]
    assert "voc" in json.loads((tmp_path / "errors.json").read_text())["config"]["dataset"]
    assert command(pointing, prepared, tmp_path, "--dataset", "voc/2007") == 0
    assert row_of(capsys.readouterr().out, "middle")[1:3] == ["100.0% (100–100)", "100.0%"]


def test_the_same_commands_on_imagenet(prepared, tmp_path, capsys):
    boxes = str(prepared / "LOC_val_solution.csv")
    options = ("--dataset", "imagenet2012", "--boxes", boxes)
    assert command(localisation, prepared, tmp_path, *options, "--batch", "2") == 0
    middle = row_of(capsys.readouterr().out, "middle")
    assert middle[1:4] == ["0.0%", "0.0% (0–0)", "0.0%"]
    assert middle[5] == "0.0%"  # both classes are among the five first
    assert json.loads((tmp_path / "errors.json").read_text())["config"]["boxes"] == boxes
    assert command(pointing, prepared, tmp_path, *options, "--batch", "2") == 0
    assert row_of(capsys.readouterr().out, "cam")[1].startswith("100.0%")


def test_imagenet_without_its_boxes_is_told_what_to_give(prepared, tmp_path):
    for experiment in (localisation, pointing):
        with pytest.raises(InputError, match=r"there are no boxes.*imagenet2012: give `--boxes`"):
            command(experiment, prepared, tmp_path, "--dataset", "imagenet2012", "--photos", "1")
