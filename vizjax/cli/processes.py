"""The option of commands that several processes share."""

from typing import Annotated, TypeAlias

import tyro

from vizjax.devices import ENVIRONMENT

Distributed: TypeAlias = Annotated[
    bool,
    tyro.conf.FlagCreatePairsOff,
    tyro.conf.arg(
        help="This is one of several processes with the same command, on one machine or many "
        "(jax.distributed), that share the work. Slurm, Open MPI and Kubernetes tell it which; "
        f"elsewhere {', '.join(ENVIRONMENT)} do."
    ),
]
"""The option `--distributed`, with its help; a command gives it to `vizjax.devices.connected`."""
