"""Every notebook is stored without outputs, and runs anywhere, without a network or a warning."""

import asyncio
from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))
LIMIT = 600
"""Seconds after which a notebook counts as hanging: on 2 idle cores each takes a minute or so."""

ALONE = """
import socket


def refuse(*_, **__):
    raise OSError("a notebook must not need a network")


socket.getaddrinfo = socket.create_connection = refuse
"""


def read(path):
    notebook = nbformat.read(path, as_version=4)
    nbformat.validate(notebook)
    return notebook


def code_cells(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def outputs_of(notebook, folder):
    """What a reader would see below the cells, run in `folder`; a kernel and its process a call."""
    notebook.cells.insert(0, nbformat.v4.new_code_cell(ALONE))
    resources = {"metadata": {"path": str(folder)}}
    client = NotebookClient(notebook, resources=resources, kernel_name="python3")
    asyncio.run(asyncio.wait_for(client.async_execute(), LIMIT))
    return [output for cell in code_cells(notebook) for output in cell.outputs]


def complaints(outputs):
    """What went to the standard error: warnings above all."""
    return "".join(output.text for output in outputs if output.get("name") == "stderr")


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def path(request):
    return request.param


def test_there_are_notebooks():
    assert NOTEBOOKS


def test_it_is_stored_without_outputs(path):
    notebook = read(path)
    assert all(cell.outputs == [] for cell in code_cells(notebook))
    assert all(cell.execution_count is None for cell in code_cells(notebook))
    assert all(cell.metadata == {} for cell in notebook.cells)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"


@pytest.mark.notebooks
def test_it_runs(path, tmp_path):
    outputs = outputs_of(read(path), tmp_path)
    assert complaints(outputs) == ""
    assert any("image/png" in output.get("data", {}) for output in outputs)
    assert list(tmp_path.iterdir()) == []


def test_a_warning_and_a_connection_would_be_noticed(tmp_path):
    source = "import warnings; warnings.warn('old')\nimport urllib.request as r"
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source)])
    assert "UserWarning: old" in complaints(outputs_of(notebook, tmp_path))
    notebook.cells.append(nbformat.v4.new_code_cell("r.urlopen('http://localhost:1')"))
    with pytest.raises(CellExecutionError, match="must not need a network"):
        outputs_of(notebook, tmp_path)
