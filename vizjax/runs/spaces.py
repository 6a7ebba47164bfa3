"""What an experiment declares as its sweep: a grid, or random draws."""

import itertools
from collections.abc import Mapping, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np

from vizjax.errors import InputError


@runtime_checkable
class Distribution(Protocol):
    """What a field of a random sweep is drawn from."""

    def draw(self, rng: np.random.Generator) -> Any:
        """One value."""
        ...


class Uniform:
    """Numbers between two ends, all alike.

    Args:
      low: the smallest.
      high: the largest, above `low`.

    Raises:
      InputError: the ends are not in order.
    """

    def __init__(self, low: float | int, high: float | int):
        if not -np.inf < low < high < np.inf:
            raise InputError(f"`low`, `high` are {low}, {high}; expected finite numbers in order")
        self.low, self.high = float(low), float(high)

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        return float(rng.uniform(self.low, self.high))


class LogUniform:
    """Numbers between two ends whose logarithms are all alike.

    Args:
      low: the smallest, above 0.
      high: the largest, above `low`.

    Raises:
      InputError: the ends are not positive and in order.
    """

    def __init__(self, low: float | int, high: float | int):
        if not 0 < low < high < np.inf:
            raise InputError(
                f"`low`, `high` are {low}, {high}; expected finite numbers above 0, in order"
            )
        self.low, self.high = float(low), float(high)

    def draw(self, rng: np.random.Generator) -> float:
        """One value."""
        drawn = np.exp(rng.uniform(np.log(self.low), np.log(self.high)))
        return float(np.clip(drawn, self.low, self.high))


class Choice:
    """One of some values, all alike.

    Args:
      *values: at least one.

    Raises:
      InputError: there is none.
    """

    def __init__(self, *values: Any):
        if not values:
            raise InputError("`values` is empty; expected at least one value to choose from")
        self.values = values

    def draw(self, rng: np.random.Generator) -> Any:
        """One value."""
        return self.values[int(rng.integers(len(self.values)))]


class Grid:
    """Every combination of values.

    Args:
      **fields: of the configuration, each with its values, at least one.

    Raises:
      InputError: there is no field, or one without a value.

    >>> Grid(rate=(0.1, 0.2), rule=("a", "b")).points()[1]
    {'rate': 0.1, 'rule': 'b'}
    """

    def __init__(self, **fields: Sequence[Any]):
        _check(fields)
        for name, values in fields.items():
            if isinstance(values, str) or not len(values):
                raise InputError(f"`{name}` is {values!r}; expected a sequence of values")
        self.fields: Mapping[str, Sequence[Any]] = fields

    def points(self) -> list[dict[str, Any]]:
        """The combinations, those of the last field next to one another."""
        combined = itertools.product(*self.fields.values())
        return [dict(zip(self.fields, values, strict=True)) for values in combined]


class Random:
    """Independent draws of every field.

    Args:
      points: how many, at least 1; the first of many are those of few.
      seed: of the draws.
      **fields: of the configuration, each with what it is drawn from.

    Raises:
      InputError: there is no field, or no point.

    >>> Random(points=20, rate=Uniform(0.1, 0.2)).points()[:2] == Random(
    ...     points=2, rate=Uniform(0.1, 0.2)
    ... ).points()
    True
    """

    def __init__(self, *, points: int, seed: int = 0, **fields: Distribution):
        _check(fields)
        if points < 1:
            raise InputError(f"`points` is {points}; expected 1 or more")
        self.count, self.seed = points, seed
        self.fields: Mapping[str, Distribution] = fields

    def points(self) -> list[dict[str, Any]]:
        """The draws."""
        rng = np.random.default_rng(self.seed)
        return [
            {name: one.draw(rng) for name, one in self.fields.items()} for _ in range(self.count)
        ]


def _check(fields: Mapping[str, Any]) -> None:
    if not fields:
        raise InputError("a sweep is of no field; expected some, such as `rate=(0.1, 0.2)`")
