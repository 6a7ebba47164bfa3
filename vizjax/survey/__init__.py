"""Procedures measured over a dataset: maps on the device, graph cuts in worker processes."""

from vizjax.survey.cases import Case, cases_of
from vizjax.survey.lines import Lines
from vizjax.survey.measures import RECALLS, Work, measured
from vizjax.survey.pipeline import Plan, survey
