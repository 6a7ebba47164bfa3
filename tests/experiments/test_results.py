"""The table of results: its cells by hand, the document that it fills, and the tiny variant."""

import pytest
from survey_records import case, record

from experiments import results
from experiments.results import BEGIN, END, HEADER, TINY, Config, cells_of, fill, main
from vizjax.errors import InputError

DOCUMENT = f"# Title\r\n\nbefore\n{BEGIN}\nold\n{END}\nafter, and {END} once more\n"


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


def test_the_text_stands_between_the_marks(tmp_path):
    path = tmp_path / "README.md"
    path.write_bytes(DOCUMENT.encode())
    fill(path, "| new |")
    filled = path.read_bytes().decode()
    assert filled == DOCUMENT.replace("\nold\n", "\n\n| new |\n\n", 1)
    fill(path, "| new |")
    assert path.read_bytes().decode() == filled  # again, the same


@pytest.mark.parametrize(
    "content", ["", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN} <!-- end of result -->"]
)
def test_a_document_without_the_marks_is_left_alone(tmp_path, content):
    path = tmp_path / "README.md"
    path.write_text(content)
    with pytest.raises(InputError, match=r"expected a document with .*results.* and, behind it"):
        fill(path, "| new |")
    assert path.read_text() == content


def test_a_document_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"`--readme` is .*README\.md: No such file"):
        fill(tmp_path / "README.md", "")


def test_the_tiny_variant_fills_a_document(offline, out, squeezenet, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(results, "load", lambda name: squeezenet)
    path = tmp_path / "README.md"
    path.write_bytes(DOCUMENT.encode())
    assert main(TINY, out / "steps", path) == 0
    printed = capsys.readouterr().out.strip()
    assert printed.startswith("squeezenet1_1, 1 photographs with boxes, 1 with masks; in brackets")
    assert printed in path.read_text()
    lines = printed.splitlines()
    header = "| " + " | ".join(HEADER) + " |"
    first = lines[lines.index(header) + 2]
    assert first.startswith("| saliency, graph cut (the paper) | 0.0% (0–0) |")
    assert "–" not in [cell.strip() for cell in first.strip("|").split("|")]  # all was measured
    # Of one photograph none is left for the half that judges.
    halves = lines[lines.index("| procedure | all | tune | report |") + 2]
    assert halves.split("|")[4].strip() == "–"


@pytest.mark.parametrize("procedures", [("paper",), ("paper", "cam")])
def test_the_best_is_measured(procedures):
    with pytest.raises(InputError, match="`best` is vizjax; expected one of `procedures`: paper"):
        Config(procedures=procedures)
