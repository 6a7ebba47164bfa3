"""Methods by name: `bind("grad_cam", layer="conv10")` is one with its hyperparameters."""

import inspect
from dataclasses import dataclass
from typing import Any

from jaxtyping import Array, Float

from vizjax.attribution.entries import METHODS, Entry
from vizjax.errors import InputError, unknown
from vizjax.types import KeyArray, Label, SaliencyMap, ScoreFn


@dataclass(frozen=True)
class Bound:
    """A registered method with its hyperparameters: equal by value, so that it compiles once.

    Attributes:
      name: in `METHODS`.
      options: the hyperparameters that differ from the defaults, as sorted pairs.
    """

    name: str
    options: tuple[tuple[str, Any], ...] = ()

    @property
    def entry(self) -> Entry:
        """What is known of the method."""
        return METHODS[self.name]

    @property
    def hyperparameters(self) -> dict[str, Any]:
        """All of them, with their values."""
        return {**self.entry.hyperparameters, **dict(self.options)}

    def __call__(
        self, key: KeyArray, score_fn: ScoreFn, image: Float[Array, "..."], label: Label
    ) -> Float[Array, "..."]:
        """The raw attribution; a method without randomness leaves the key alone."""
        first = (key,) if self.entry.keyed else ()
        return self.entry.function(*first, score_fn, image, label, **self.hyperparameters)

    def map(
        self, key: KeyArray, score_fn: ScoreFn, image: Float[Array, "..."], label: Label
    ) -> SaliencyMap:
        """The attribution with one value a pixel (see `Entry.plane`)."""
        return self.plane(self(key, score_fn, image, label))

    def plane(self, attribution: Any) -> Any:
        """One value a pixel of a raw attribution, of JAX or NumPy (see `Entry.plane`)."""
        colours = attribution[..., None] if attribution.ndim == 2 else attribution
        if self.entry.plane == "magnitude":
            return abs(colours).max(axis=-1)
        return colours.sum(axis=-1)

    def parameters(self) -> str:
        """All that the maps depend on, but for what bounds the memory.

        >>> Bound("occlusion", (("stride", 8), ("window", 32))).parameters()
        'window 32, stride 8, fill mean'
        """
        return ", ".join(
            f"{name} {value:g}" if isinstance(value, float) else f"{name} {value}"
            for name, value in self.hyperparameters.items()
            if name != "chunk" and value is not None
        )

    def caption(self) -> str:
        """The method with its parameters.

        >>> Bound("saliency").caption(), bind("cam", layer="conv10").caption()
        ('saliency', 'cam (layer conv10, upsample True)')
        """
        return f"{self.name} ({self.parameters()})" if self.parameters() else self.name


def bind(name: str, **options: Any) -> Bound:
    """A registered method with hyperparameters.

    Args:
      name: in `METHODS`.
      **options: hyperparameters of the method, hashable; those left out have their defaults.

    Returns:
      `(key, score_fn, image, label) -> attribution`, with `.map` for one value a pixel.

    Raises:
      InputError: an unknown method or hyperparameter, or one missing that has no default, such as
        `layer`.
    """
    if name not in METHODS:
        raise unknown("method", name, list(METHODS))
    known = METHODS[name].hyperparameters
    for option in options:
        if option not in known:
            raise unknown("option", f"{option} of {name}", list(known) or ["none"])
    for option, default in known.items():
        if default is inspect.Parameter.empty and option not in options:
            raise InputError(f"`{option}` is missing; {name} expects one")
    return Bound(name, tuple(sorted(options.items())))
