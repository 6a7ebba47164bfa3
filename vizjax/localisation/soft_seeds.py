"""Localisation from soft seeds: the map as log odds, beside the colours, in an iterated cut."""

from dataclasses import dataclass

import jax
import numpy as np
from jaxtyping import Array, Float, Num

from vizjax.data.images import resize, resize_mask
from vizjax.errors import InputError
from vizjax.localisation.colour_models import fitted_log_density
from vizjax.localisation.graphcut import contrast_edges, cut
from vizjax.localisation.pipeline import Localisation, checked_colours
from vizjax.localisation.regions import bounding_box, connected_components
from vizjax.localisation.seeding import Seeds, pad
from vizjax.types import KeyArray, Mask


@dataclass(frozen=True)
class SoftSeeds:
    """Where an object is, from a map whose values say how likely each pixel belongs to it.

    The paper's idea (Simonyan et al. 2013, §3.2: the class's evidence trains two colour models, a
    graph cut labels the pixels by them) with three changes. Instead of two quantiles the map gives
    every pixel log odds,

        o_i = clip((M_i − Otsu(M)) / width − border · [i in the frame], ±limit),

    by which it trains both colour models, with weights σ(o) and σ(−o), and speaks in the cut:

        U_i(0) − U_i(1) = clip(log p(x_i | F) − log p(x_i | B), ±limit) + trust · o_i.

    And as in GrabCut (Rother et al. 2004) the colours are trained anew on what was cut, where a
    pixel that the cut took from a model still counts a tenth. The object is the component that
    holds the most evidence, its holes filled. A call is `(key, image, map) -> Localisation`.

    Attributes:
      width: the part of the map's range that makes one nat of log odds.
      trust: of the map against the colours.
      limit: of log odds and of the colours' log ratio, in nats: no pixel is certain.
      border: log odds taken off in the frame: objects seldom touch the edges everywhere.
      margin: the frame's width, as a part of each side.
      components: Gaussians in a colour model.
      starts: fits of each colour model, from starts of their own, whose log densities are averaged:
        where one fit would leave a mask to chance.
      smoothness: γ of the cut, in nats.
      rounds: of training and cutting.
      side: short side that the cut is made at, in pixels.
    """

    width: float = 0.2
    trust: float = 1.5
    limit: float = 3.0
    border: float = 2.0
    margin: float = 0.03
    components: int = 8
    starts: int = 4
    smoothness: float = 20.0
    rounds: int = 4
    side: int = 128

    def __post_init__(self):
        positive = ("width", "limit", "components", "starts", "rounds", "side")
        for name in positive:
            if not getattr(self, name) > 0:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected more than 0")
        for name in ("trust", "border", "smoothness"):
            if not 0 <= getattr(self, name) < np.inf:
                raise InputError(f"`{name}` is {getattr(self, name)}; expected 0 or more, finite")
        if not 0 <= self.margin < 0.5:
            raise InputError(f"`margin` is {self.margin}; expected a part of each side, below 0.5")

    def __call__(
        self,
        key: KeyArray,
        image: Num[np.ndarray | Array, "height width channels"],
        saliency_map: Float[np.ndarray | Array, "rows columns"],
    ) -> Localisation:
        """Mask, box and seeds (the pixels whose log odds reach 1 nat, either way).

        Args:
          key: of the mixtures' start.
          image: (H, W, 3), RGB in 0-255, at the map's size.
          saliency_map: (H, W), any scale; larger is more salient.

        Returns:
          As of `localise`; an empty mask where the map is flat.

        Raises:
          InputError: as of `localise`.
        """
        colours, values = checked_colours(image), np.asarray(saliency_map, np.float32)
        if values.shape != colours.shape[:2] or not np.isfinite(values).all():
            raise InputError(
                f"`saliency_map` has shape {values.shape}, {np.sum(~np.isfinite(values))} values "
                f"not finite; expected one finite value for each pixel of {colours.shape[:2]}"
            )
        height, width = values.shape
        if values.min() == values.max():
            nothing = np.zeros(values.shape, bool)
            return Localisation(nothing, None, Seeds(nothing, nothing.copy()))
        odds = self.log_odds(values)
        scale = min(1.0, self.side / min(height, width))
        small = max(1, round(height * scale)), max(1, round(width * scale))
        mask = self._cut(key, _lab(resize(colours, *small)), resize(odds, *small))
        mask = resize_mask(_most_evident(mask, resize(values, *small)), height, width)
        return Localisation(mask, bounding_box(mask), Seeds(odds >= 1, odds <= -1))

    def log_odds(
        self, saliency_map: Float[np.ndarray, "height width"]
    ) -> Float[np.ndarray, "height width"]:
        """The log odds of the object at each pixel, in nats, ±limit."""
        from skimage.filters import threshold_otsu

        low, high = float(saliency_map.min()), float(saliency_map.max())
        level = (saliency_map - low) / (high - low)
        y, x = (np.abs((np.arange(n) + 0.5) / n * 2 - 1) for n in level.shape)
        frame = np.maximum(y[:, None], x[None]) > 1 - 2 * self.margin
        odds = (level - threshold_otsu(level)) / self.width - self.border * frame
        return np.clip(odds, -self.limit, self.limit).astype(np.float32)

    def _cut(
        self,
        key: KeyArray,
        colours: Float[np.ndarray, "rows columns 3"],
        odds: Float[np.ndarray, "rows columns"],
    ) -> Mask:
        rows, columns = odds.shape
        edges = contrast_edges(colours, smoothness=self.smoothness)
        pixels, _ = pad([colours.reshape(-1, 3)])
        samples, padding = pad([colours[::2, ::2].reshape(-1, 3)] * 2)  # every fourth pixel
        likely = 1 / (1 + np.exp(-odds))
        trained = likely, 1 - likely
        mask = likely > 0.5
        for _ in range(self.rounds):
            weights = np.zeros_like(padding)
            for row, one in zip(weights, trained, strict=True):
                few = one[::2, ::2].ravel()
                row[: few.size] = few
            fits = [
                np.asarray(
                    fitted_log_density(
                        start, samples, weights, pixels[0], self.components, EM_STEPS
                    )
                )
                for start in jax.random.split(key, self.starts)
            ]
            mean = np.mean(fits, axis=0)[:, : rows * columns]
            object_, background = mean.reshape(2, rows, columns)
            ratio = np.clip(object_ - background, -self.limit, self.limit)
            found = cut(edges, (ratio + self.trust * odds).astype(np.float64))
            if not found.any() or found.all():
                break
            mask = found
            trained = (
                np.where(mask, likely, LEFT * likely),
                np.where(mask, LEFT * (1 - likely), 1 - likely),
            )
        return mask


EM_STEPS = 30
"""At most: the colours are trained again in the next round."""

LEFT = 0.1
"""What a pixel that the cut took away from a colour model still counts there."""


def _lab(image: Float[np.ndarray, "rows columns 3"]) -> Float[np.ndarray, "rows columns 3"]:
    """CIE L*a*b*, its axes stretched and moved to about 0-255, the unit of the mixtures' noise."""
    from skimage.color import rgb2lab

    return (rgb2lab(image / 255) * [2.55, 1, 1] + [0, 128, 128]).astype(np.float32)


def _most_evident(mask: Mask, evidence: Float[np.ndarray, "rows columns"]) -> Mask:
    """The 8-connected component whose evidence adds up to the most, without holes."""
    from scipy.ndimage import binary_fill_holes

    if not mask.any():
        return mask
    labels = connected_components(mask)
    held = np.bincount(labels.ravel(), evidence.ravel() - evidence.min())[1:]
    return np.asarray(binary_fill_holes(labels == 1 + np.argmax(held)))
