"""`vizjax explain`: what it writes, of photographs of every kind."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from written import contents, every_file, size

from vizjax.cli.explain import Explain, caption
from vizjax.cli.methods import bound
from vizjax.data.images import read_photo
from vizjax.localisation import bounding_box


def test_everything_is_there_at_the_photographs_size(explain, photo, out):
    assert explain(photo, top=3, views=10).status == 0
    result = contents(out / "photo/result.json")
    assert result["image"] == {"path": str(photo), "width": 60, "height": 40}
    assert result["network"] == "tiny"
    assert result["options"]["rule"] == "gradient"
    assert result["options"]["views"] == 10
    assert len(result["predictions"]) == 3
    scores = [prediction["score"] for prediction in result["predictions"]]
    assert scores == sorted(scores, reverse=True)
    posteriors = [prediction["posterior"] for prediction in result["predictions"]]
    # Softmax: the logarithms of the posteriors differ as the scores do.
    np.testing.assert_allclose(np.diff(np.log(posteriors)), np.diff(scores), atol=1e-4)
    for prediction in result["predictions"]:
        label = prediction["label"]
        assert prediction["wnid"] == f"n{10000000 + label}"
        saliency = np.load(out / "photo" / prediction["saliency"])
        assert (saliency.shape, saliency.dtype) == ((40, 60), np.float32)
        assert saliency.min() >= 0 < saliency.max()
        assert size(out / f"photo/saliency_{label}.png") == (60, 40)
        mask = read_photo(out / "photo" / prediction["mask"])[..., 0]
        assert mask.shape == (40, 60)
        assert set(np.unique(mask)) == {0, 255}
        assert prediction["box"] == list(bounding_box(mask > 0) or ())
    assert min(size(out / "photo/figure.png")) > 300


def test_a_second_run_writes_the_same_bytes(explain, photo, out):
    explain(photo)
    first = every_file(out)
    explain(photo)
    assert every_file(out) == first
    assert len(first) == 5


def test_the_rule_changes_the_map_and_not_the_scores(explain, photo, out):
    found = {}
    for rule in ("gradient", "deconvnet", "guided"):
        assert explain(photo, "--rule", rule).status == 0
        best = contents(out / "photo/result.json")["predictions"][0]
        found[rule] = best, np.load(out / "photo" / best["saliency"])
    scores = {best["score"] for best, _ in found.values()}
    assert len(scores) == 1
    assert np.ptp(found["gradient"][1] - found["deconvnet"][1]) > 0
    assert np.ptp(found["guided"][1] - found["deconvnet"][1]) > 0


def test_maps_of_other_classes_go_and_what_it_never_wrote_stays(explain, photo, out):
    assert explain(photo, top=3).status == 0
    (out / "photo/mask_mine.png").write_bytes(b"")
    assert explain(photo, top=1).status == 0
    label = contents(out / "photo/result.json")["predictions"][0]["label"]
    found = {path.name for path in (out / "photo").glob("*_*")}
    expected = {f"mask_{label}.png", f"saliency_{label}.npy", f"saliency_{label}.png"}
    assert found == expected | {"mask_mine.png"}


def test_labels_replace_the_top_once_each_and_in_order_of_score(explain, photo, out):
    given = ("zebra", "Maned Wolf", "1", "n10000012")
    options = [part for label in given for part in ("--label", label)]
    assert explain(*options, photo).status == 0  # a photograph after a label stays a photograph
    result = contents(out / "photo/result.json")
    assert {prediction["label"] for prediction in result["predictions"]} == {1, 12, 14}
    scores = [prediction["score"] for prediction in result["predictions"]]
    assert scores == sorted(scores, reverse=True)
    assert result["options"]["label"] == list(given)


def save(path, pixels, kind):
    image = Image.fromarray(pixels)
    match kind:
        case "grey":
            image.convert("L").save(path)
        case "16-bit":
            Image.fromarray(pixels[..., 0].astype(np.uint16) * 257).save(path)
        case "palette":
            image.quantize(16).save(path)
        case "alpha":
            image.putalpha(Image.fromarray(pixels[..., 1]))
            image.save(path)
        case "one pixel":
            image.crop((0, 0, 1, 1)).save(path)
        case "black":
            image.point(lambda value: 0).save(path)


@pytest.mark.parametrize("kind", ["grey", "16-bit", "palette", "alpha", "one pixel", "black"])
def test_photographs_of_every_kind_are_explained(kind, explain, pixels, tmp_path, out):
    save(tmp_path / "odd.png", pixels, kind)
    assert explain(tmp_path / "odd.png").status == 0
    result = contents(out / "odd/result.json")
    expected = (1, 1) if kind == "one pixel" else (60, 40)
    assert (result["image"]["width"], result["image"]["height"]) == expected
    assert size(out / "odd" / result["predictions"][0]["mask"]) == expected


def test_cmyk_and_a_turned_camera(explain, pixels, tmp_path, out):
    image = Image.fromarray(pixels)
    image.convert("CMYK").save(tmp_path / "cmyk.jpg")
    exif = Image.Exif()
    exif[0x0112] = 6  # to be turned by a quarter
    image.save(tmp_path / "turned.jpg", exif=exif)
    assert explain(tmp_path / "cmyk.jpg", tmp_path / "turned.jpg").status == 0
    assert contents(out / "cmyk/result.json")["image"]["height"] == 40
    turned = contents(out / "turned/result.json")
    assert (turned["image"]["width"], turned["image"]["height"]) == (40, 60)
    assert np.load(out / "turned" / turned["predictions"][0]["saliency"]).shape == (60, 40)


def test_twenty_megapixels(explain, pixels, tmp_path, out):
    Image.fromarray(pixels).resize((5500, 3700)).save(tmp_path / "large.bmp")
    assert explain(tmp_path / "large.bmp").status == 0
    best = contents(out / "large/result.json")["predictions"][0]
    assert np.load(out / "large" / best["saliency"], mmap_mode="r").shape == (3700, 5500)


@pytest.mark.parametrize("shape", [(20, 400), (400, 20)], ids=["tower", "panorama"])
def test_the_longest_panorama(shape, explain, pixels, tmp_path, out):
    Image.fromarray(pixels).resize(shape).save(tmp_path / "long.png")
    assert explain(tmp_path / "long.png", top=3, views=10).status == 0
    width, height = size(out / "long/figure.png")
    assert max(width, height) < 5000  # opens in any viewer


def test_the_recipe_vizjax_has_maps_of_its_own(explain, photo, out):
    found = {}
    for recipe in ("paper", "vizjax"):
        assert explain(photo, "--recipe", recipe).status == 0
        result = contents(out / "photo/result.json")
        assert result["options"]["recipe"] == recipe
        best = result["predictions"][0]
        found[recipe] = best["score"], np.load(out / "photo" / best["saliency"])
    assert found["paper"][0] == pytest.approx(found["vizjax"][0])
    evidence = found["vizjax"][1]
    assert evidence.shape == (40, 60)
    assert 0 <= evidence.min() < evidence.max() <= 1
    assert not np.allclose(evidence, found["paper"][1])


def test_the_caption_of_the_recipe_vizjax_says_rule_and_views(squeezenet):
    options = Explain((), out=Path(), recipe="vizjax", rule="guided", views=1)
    said = caption(options, squeezenet, bound("saliency", squeezenet, layer="", settings=[]))
    assert said.startswith(
        "squeezenet1_1; scores: the centre view; recipe vizjax by the guided rule: Pyramid("
    )


def test_the_recipe_vizjax_refuses_another_method(explain, photo):
    outcome = explain(photo, "--recipe", "vizjax", "--method", "grad_cam")
    assert outcome.status == 2
    assert "`--method` is grad_cam" in outcome.lines[-1]
