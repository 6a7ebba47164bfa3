"""The figure of `experiments.noise`: what noise does, and one photograph from raw to smoothed."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure

from experiments import plots
from experiments.noise import Config, Measured, Shown
from experiments.noise_maps import ONE, SMOOTH, TEN, Scene, Variant, named
from experiments.noise_measures import MEASURES, Row
from vizjax.localisation import CAPTION
from vizjax.pictures import cut_out, heat, seeded

PANELS = {
    "signal to noise": ("snr_signed", "snr_map"),
    **{f"{MEASURES[name]} agree": (name,) for name in ("seeds", "masks", "boxes")},
    MEASURES["truth"]: ("truth",),
}
"""What each column of curves shows: signed and, dashed, as a map."""

COLOURS = {ONE: "C0", TEN: "C1", SMOOTH: "C2"}


def figure(config: Config, result: Measured, photos: int) -> tuple[Figure, str]:
    """The measures against the noise and the samples, and the pictures of one photograph.

    Args:
      config: for the axes, and the caption.
      result: from `experiments.noise.measure`.
      photos: how many photographs were measured.

    Returns:
      The page, and what to say of it.
    """
    page = plots.page(10, 9.6)
    outer = page.add_gridspec(2, 1, height_ratios=[4.3, 4.7])
    curves: Any = outer[0].subgridspec(2, len(PANELS)).subplots(sharey="col")
    for line, kinds in zip(curves, ((ONE, TEN), (SMOOTH,)), strict=True):
        for axis, measures in zip(line, PANELS.values(), strict=True):
            for kind in kinds:
                rows = [row for row in result.rows if row.variant.kind == kind]
                for measure in measures:
                    _curve(axis, kind, measure, rows)
            _dress(axis, config, smooth=kinds == (SMOOTH,), ratio=len(measures) > 1)
        line[0].legend(fontsize=6, frameon=False)
    for axis, title in zip(curves[0], PANELS, strict=True):
        axis.set_title(title, fontsize=plots.POINTS + 1)
    most = max(config.sigmas)
    columns = [
        Variant(ONE, 0.0),
        Variant(ONE, most),
        Variant(TEN, most),
        *(Variant(SMOOTH, config.smooth_sigma, count) for count in config.samples[-3:]),
    ]
    strip = outer[1].subgridspec(3, len(columns)).subplots(squeeze=False)
    _pictures(strip, columns, result.shown)
    return page, _caption(config, result.shown.scene, photos)


def _curve(axis: Any, kind: str, measure: str, rows: Sequence[Row]) -> None:
    known = [(row.variant, getattr(row, measure)) for row in rows]
    known = [(variant, interval) for variant, interval in known if interval is not None]
    x = [one.samples if kind == SMOOTH else 100 * one.sigma for one, _ in known]
    value, low, high = np.array([interval for _, interval in known]).T
    style, name = ("o--", None) if measure == "snr_map" else ("o-", kind)
    axis.plot(x, value, style, color=COLOURS[kind], ms=3, lw=1.3, label=name)
    axis.fill_between(x, low, high, color=COLOURS[kind], alpha=0.15, lw=0)


def _dress(axis: Any, config: Config, *, smooth: bool, ratio: bool) -> None:
    axis.tick_params(labelsize=plots.POINTS)
    axis.grid(alpha=0.3, lw=0.5)
    if ratio:
        axis.set_yscale("log")
        axis.margins(y=0.4)  # for the legend
        axis.axhline(1 / config.draws, color="grey", lw=1, ls=":")
    if smooth:
        axis.set_xscale("log")
        axis.set_xticks(config.samples, [str(count) for count in config.samples])
        axis.minorticks_off()
    name = "samples of SmoothGrad" if smooth else "noise, % of 0-255"
    axis.set_xlabel(name, fontsize=plots.POINTS)


def _pictures(axes: Any, columns: Sequence[Variant], shown: Shown) -> None:
    image = shown.scene.canvas[shown.scene.window]
    for column, variant in zip(axes.T, columns, strict=True):
        place, title = shown.places[variant], named(variant).replace(", ", "\n")
        plots.picture(column[0], heat(shown.maps[variant]), title=title)
        plots.picture(column[1], seeded(image, place.seeds))
        plots.picture(column[2], cut_out(image, place.mask, place.box))
    for axis, name in zip(axes[:, 0], ("map", "seeds", "mask, box"), strict=True):
        plots.side(axis, name)


def _caption(config: Config, scene: Scene, photos: int) -> str:
    return (
        f"SqueezeNet v1.1, gradients of the true class, {photos} photographs, {config.draws} draws "
        f"of Gaussian noise each (seed {config.seed}); bands are 95 % bootstrap intervals. One "
        "view: the centre, in whose pixels all is measured; ten views: the paper's, their maps "
        "averaged; SmoothGrad: the mean signed gradient of copies of the centre with noise of "
        f"{100 * config.smooth_sigma:g} %. Signal to noise: Σ mean² / Σ variance over the draws, "
        "of signed gradients and, dashed, of maps. Noise alone has "
        f"1/{config.draws} (dotted) with signs; as a map more, because magnitudes do not cancel. "
        f"Agreement: mean IoU of two draws. {CAPTION} Below: {scene.name}, not among the "
        "photographs measured, the first draw; each map over its own 99.5 % quantile; seeds of "
        "the object red, of the background blue."
    )
