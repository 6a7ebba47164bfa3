"""Surveys of five drawn photographs."""

import few_photos
import pytest
import tiny
from few_photos import PROCEDURES

from vizjax.survey import survey


@pytest.fixture(scope="module")
def network():
    return tiny.network()


@pytest.fixture
def surveyed(network, tmp_path):
    """`(plan, **options) -> records`, of the five photographs, into a new file."""

    def run(plan, out="a.jsonl", *, dataset=None, known=PROCEDURES, workers=0, **options):
        data = few_photos.dataset() if dataset is None else dataset
        path = tmp_path / out
        return survey(network, data, plan, path, known=known, workers=workers, **options)

    return run
