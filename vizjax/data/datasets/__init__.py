"""Datasets with truth: photographs, and what they show and where, behind one function."""

from vizjax.data.datasets.registry import DATASETS, Known, dataset
