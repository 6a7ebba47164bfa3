"""A disc of light, and how much of the ground it covers.

Claim: a disc of radius `r` covers the share `πr²/A` of a ground of `A` pixels.

    vizjax run discs [--radius 12]

Expected: 0.0785 for a radius of 12 on 60 × 96 pixels. Time: none.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from matplotlib.figure import Figure as Plot

from vizjax.errors import InputError
from vizjax.runs import Figure, Result, table

SIZE = 60, 96


@dataclass(frozen=True)
class Config:
    """What is drawn."""

    radius: float = 12.0
    """In pixels."""
    colour: str = "orange"
    """Its name, for the captions."""
    seed: int = 0
    """Of the ground's noise."""


TINY = Config()


def run(config: Config, work: Path) -> Result:
    """Draw, and count; a radius below 0 is an error, and one of 0 an interruption."""
    if config.radius < 0:
        raise InputError(f"`radius` is {config.radius}; expected more than 0")
    if config.radius == 0:
        raise KeyboardInterrupt
    y, x = np.mgrid[: SIZE[0], : SIZE[1]]
    disc = (y - 30) ** 2 + (x - 40) ** 2 <= config.radius**2
    ground = np.random.default_rng(config.seed).integers(20, 90, (*SIZE, 3))
    picture = np.where(disc[..., None], [240, 160, 40], ground).astype(np.uint8)
    rows = disc.sum(axis=1)
    plot = Plot(figsize=(16, 3))
    plot.add_subplot().plot(rows)
    shade = np.broadcast_to(np.linspace(0, 255, SIZE[1]).astype(np.uint8)[:, None], (*SIZE, 3))
    metrics = [
        {"half": half, "covered": float(part.mean()), "pixels": part.size}
        for half, part in (("left", disc[:, :48]), ("right", disc[:, 48:]))
    ]
    header = [f"rows {start} to {start + 4}" for start in range(0, SIZE[0], 5)]
    cells = [str(int(rows[start : start + 5].sum())) for start in range(0, SIZE[0], 5)]
    parameters = f"radius {config.radius}, {config.colour}, seed {config.seed}"
    return Result(
        metrics=[*metrics, {"summary": True, "covered": float(disc.mean()), "pixels": disc.size}],
        figures={
            "disc": Figure.of_picture(picture, f"A disc: {parameters}."),
            "rows": Figure.of_plot(plot, f"Its pixels in every row: {parameters}."),
            "shade": Figure.of_picture(shade, "From black to white."),
        },
        tables={"rows": table(header, [cells])},
    )
