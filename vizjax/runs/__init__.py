"""Runs: an experiment with one configuration, and the folder that holds what came of it."""

from vizjax.data.locks import BusyError
from vizjax.runs.configs import EXECUTION, as_json, configured, digest
from vizjax.runs.execution import execute, folder_of
from vizjax.runs.experiments import experiment, experiments
from vizjax.runs.provenance import checksum
from vizjax.runs.reading import Run, read_run, runs_of
from vizjax.runs.result import Figure, Result
from vizjax.runs.spaces import Choice, Grid, LogUniform, Random, Uniform
from vizjax.runs.tables import table
