"""The document that a run's tables are put in."""

import dataclasses
from pathlib import Path

import pytest

from experiments.readme import fill, main
from vizjax.errors import InputError
from vizjax.runs import execute, experiment

BOWL = experiment(Path(__file__).parents[1] / "bowl.py")

BEGIN, END = "<!-- results -->", "<!-- end of results -->"

DOCUMENT = f"# Title\r\n\nbefore\n{BEGIN}\nold\n{END}\nafter, and {END} once more\n"


def test_the_text_stands_between_the_marks(tmp_path):
    path = tmp_path / "README.md"
    path.write_bytes(DOCUMENT.encode())
    fill(path, "results", "| new |")
    filled = path.read_bytes().decode()
    assert filled == DOCUMENT.replace("\nold\n", "\n\n| new |\n\n", 1)
    fill(path, "results", "| new |")
    assert path.read_bytes().decode() == filled  # again, the same


@pytest.mark.parametrize(
    "content", ["", BEGIN, END, f"{END}\n{BEGIN}", f"{BEGIN} <!-- end of result -->"]
)
def test_a_document_without_the_marks_is_left_alone(tmp_path, content):
    path = tmp_path / "README.md"
    path.write_text(content)
    with pytest.raises(InputError, match=r"expected a document with .*results.* and, behind it"):
        fill(path, "results", "| new |")
    assert path.read_text() == content


def test_a_document_that_is_not_there(tmp_path):
    with pytest.raises(InputError, match=r"`--readme` is .*README\.md: No such file"):
        fill(tmp_path / "README.md", "results", "")


def test_a_run_fills_a_document(tmp_path):
    run = execute(BOWL, BOWL.TINY, tmp_path / "runs")
    path = tmp_path / "README.md"
    path.write_text("<!-- bowl --><!-- end of bowl -->\n")
    assert main(run.path, path) == 0
    table = run.tables["walk"].strip()
    assert path.read_text() == f"<!-- bowl -->\n\n{table}\n\n<!-- end of bowl -->\n"


def test_a_run_that_failed_fills_none(tmp_path):
    config = dataclasses.replace(BOWL.TINY, fail="InputError")
    with pytest.raises(InputError):
        execute(BOWL, config, tmp_path)
    (folder,) = Path(tmp_path / "bowl").iterdir()
    with pytest.raises(InputError, match="is failed; expected a finished run"):
        main(folder, tmp_path / "README.md")
