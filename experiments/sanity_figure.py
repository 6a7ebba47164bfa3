"""The figure of `experiments.sanity`: similarity, layer by layer, and the maps behind it."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments import plots
from experiments.sanity import Config, Measured, spread
from experiments.sanity_maps import NAMES
from experiments.sanity_measures import MEASURES, SCHEMES, Row, Strip
from vizjax.pictures import heat, to_pixels

REWRITTEN = ("guided_grad_cam", "guided_backprop", "deconvnet")
"""The methods that change the rectifiers' backward rule: dashed."""

TITLES = {"cascading": "random down to this layer", "independent": "this layer alone random"}

LIMITS = {"rank": (-0.3, 1.05), "rank_absolute": (-0.3, 1.05), "ssim": (0.0, 1.05)}

COLUMNS = 8
"""Maps of a method, at most."""


def figure(
    config: Config, result: Measured, classes: Callable[[int], str], photos: int
) -> tuple[Figure, str]:
    """The curves of every method, and the maps of one photograph under the cascade.

    Args:
      config: for the layers, and the caption.
      result: from `experiments.sanity.measure`.
      classes: the name of a class.
      photos: how many photographs were measured.

    Returns:
      The page, and what to say of it.
    """
    tall = 0.9 * len(config.methods)
    page = plots.page(9, tall + 6.4)
    above, below = page.add_gridspec(2, 1, height_ratios=[5.2, tall + 0.4])
    panels: Any = above.subgridspec(2, 4, width_ratios=[1, 1, 1, 0.6]).subplots()
    _curves(panels[:, :3], config, result.rows)
    legend, image = panels[:, 3]
    legend.set_axis_off()
    legend.legend(*panels[0, 0].get_legend_handles_labels(), fontsize=plots.POINTS, frameon=False)
    plots.picture(image, to_pixels(result.strip.image), title=result.strip.photo)
    steps = [0, *(place + 1 for place in spread(len(config.layers), COLUMNS - 1))]
    axes = below.subgridspec(len(config.methods), len(steps)).subplots(squeeze=False)
    for line, method in zip(axes, config.methods, strict=True):
        for axis, step in zip(line, steps, strict=True):
            plots.picture(axis, heat(result.strip.magnitudes[method][step]))
        plots.side(line[0], NAMES[method])
    for axis, step in zip(axes[0], steps, strict=True):
        name = f"to {config.layers[step - 1]}" if step else "trained"
        axis.set_title(name, fontsize=plots.POINTS)
    return page, _caption(config, result.strip, classes, photos)


def _curves(axes: Any, config: Config, rows: Sequence[Row]) -> None:
    places = np.arange(len(config.layers))
    for line, scheme in zip(axes, SCHEMES, strict=True):
        for axis, measure in zip(line, MEASURES, strict=True):
            for number, method in enumerate(config.methods):
                ours = [row for row in rows if row[:2] == (method, scheme)]
                value, low, high = np.array([getattr(row, measure) for row in ours]).T
                style, colour = "--" if method in REWRITTEN else "-", f"C{number}"
                axis.plot(places, value, style, color=colour, label=NAMES[method], lw=1.4)
                axis.fill_between(places, low, high, color=colour, alpha=0.12, lw=0)
            axis.axhline(0, color="grey", lw=0.6)
            axis.grid(alpha=0.3, lw=0.5)
            axis.set_ylim(*LIMITS[measure])
            axis.set_xticks(places, config.layers, rotation=60)
            axis.tick_params(labelsize=plots.POINTS)
        line[0].set_ylabel(TITLES[scheme], fontsize=plots.POINTS)
    for axis, title in zip(axes[0], MEASURES.values(), strict=True):
        axis.set_title(title, fontsize=plots.POINTS + 1)


def _caption(config: Config, strip: Strip, classes: Callable[[int], str], photos: int) -> str:
    return (
        "Maps of the trained SqueezeNet v1.1 against those of randomised ones: means over "
        f"{photos} photographs, each with random weights of its own ({config.fresh}, seed "
        f"{config.seed}), for the class that the trained network predicts; bands are 95 % "
        "bootstrap intervals; dashed methods change the rectifiers' backward rule. With signs: a "
        "map summed over the colours; magnitudes: the largest over the colours. Integrated "
        f"gradients: {config.steps} steps from black; SmoothGrad: {config.samples} samples, σ "
        f"{config.sigma:g} of 0-255; Grad-CAM of {config.cam_layer}; SSIM in windows of 7 pixels. "
        f"Below: magnitudes of {strip.photo}, class {classes(strip.label)}, each over its own "
        "99.5 % quantile, as the weights become random from the scores down."
    )
