"""Sweeps: many configurations of one experiment, on worker processes or a Ray cluster."""

from vizjax.sweeps.collect import Collected, collected, write_collected
from vizjax.sweeps.points import grid_over, points_of
from vizjax.sweeps.sweep import Failure, Swept, sweep
from vizjax.sweeps.workers import Submit, cluster, local
