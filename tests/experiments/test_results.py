"""The table of results: its cells by hand, and the tiny variant."""

import pytest
from survey_records import case, record

from experiments import results
from experiments.results import HEADER, TINY, Config, cells_of
from vizjax.errors import InputError


def test_cells_by_hand():
    boxed = [
        record(case(0, rank, one={"iou": iou, "hit": hit, "insertion": 0.5, "deletion": 0.25}))
        for rank, iou, hit in ((1, 0.6, True), (3, 0.9, True), (8, 0.5, False), (1, 0.2, True))
    ]
    masked = [record(case(one={"mask_iou": 0.4, "pixel_accuracy": 0.8}))]
    cells = cells_of(Config(), "one", boxed, masked)
    assert len(cells) == len(HEADER) - 1
    assert [cell.split()[0] for cell in cells] == [
        "25.0%", "75.0%", "50.0%", "0.400", "0.800", "75.0%", "0.500", "0.250",
    ]  # fmt: skip


def test_the_tiny_variant(offline, out, squeezed):
    result = results.run(TINY, out / "steps")
    text = result.tables["results"]
    assert text.startswith("squeezenet1_1, 1 photographs with boxes, 1 with masks; in brackets")
    lines = text.splitlines()
    header = "| " + " | ".join(HEADER) + " |"
    first = lines[lines.index(header) + 2]
    assert first.startswith("| saliency, graph cut (the paper) | 0.0% (0–0) |")
    assert "–" not in [cell.strip() for cell in first.strip("|").split("|")]  # all was measured
    # Of one photograph none is left for the half that judges.
    halves = lines[lines.index("| procedure | all | tune | report |") + 2]
    assert halves.split("|")[4].strip() == "–"
    assert [one.get("procedure") for one in result.metrics] == ["paper", "middle", None]
    assert list(result.inputs) == ["squeezenet1_1", "photos", "photos/masks"]


def test_the_masks_may_be_elsewhere(tmp_path):
    config = Config(
        folder=tmp_path / "a", boxes=tmp_path / "b.csv", split="test", masks="shapes",
        masks_folder=tmp_path / "c", masks_split="test[:9]",
    )  # fmt: skip
    masks = config.of_masks()
    assert (masks.dataset, masks.folder, masks.split) == ("shapes", tmp_path / "c", "test[:9]")
    assert masks.boxes is None


@pytest.mark.parametrize("procedures", [("paper",), ("paper", "cam")])
def test_the_best_is_measured(procedures):
    with pytest.raises(InputError, match="`best` is vizjax; expected one of `procedures`: paper"):
        Config(procedures=procedures)
