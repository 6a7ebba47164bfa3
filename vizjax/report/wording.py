"""Values as people read them: numbers to compare, settings to copy, durations, times."""

import math
from collections.abc import Sequence
from datetime import datetime
from typing import Any

from markupsafe import Markup

ABSENT = "–"
"""In place of a value that a run does not have."""

DIGITS = 4
"""Significant digits of the largest number of a row."""


def setting(value: Any) -> str:
    """A value of a configuration, exact.

    >>> setting(1e-6), setting([0.9, "a"]), setting(True), setting(None), setting("")
    ('1e-06', '0.9, a', 'true', 'none', '“”')
    """
    match value:
        case None:
            return "none"
        case bool():
            return str(value).lower()
        case list():
            return ", ".join(map(setting, value)) or "()"
        case str():
            return value or "“”"
        case _:
            return str(value)


def numbers(values: Sequence[Any]) -> list[str]:
    """The values of one measure, so that they can be compared: numbers to the same decimals.

    >>> numbers([0.97312, 0.5]), numbers([1234, 7]), numbers([2.5e-9, 1.0])
    (['0.9731', '0.5000'], ['1234', '7'], ['2.5e−9', '1'])
    >>> numbers([True, "cam", None])
    ['true', 'cam', '–']
    """
    decimals = _decimals([value for value in values if _is_number(value)])
    return [_number(v, decimals) if _is_number(v) else _text(v) for v in values]


def differences(values: Sequence[Any], reference: int) -> list[str]:
    """How much each differs from one of them; empty where either is no number.

    >>> differences([0.5, 0.75, 0.5, None], 0)
    ['', '+0.2500', '=', '']
    """
    decimals = _decimals([value for value in values if _is_number(value)])
    base, found = values[reference], []
    for number, value in enumerate(values):
        if number == reference or not (_is_number(base) and _is_number(value)):
            found.append("")
        elif value == base:
            found.append("=")
        else:
            text = _number(value - base, decimals)
            if not set(text) - set("−0."):  # it would look like none
                text = _number(value - base, None)
            found.append(text if text.startswith("−") else f"+{text}")
    return found


def duration(seconds: float | int | None) -> str:
    """Of a run; it stays on one line.

    >>> [" ".join(duration(time).split()) for time in (0.7, 59.7, 7384, None)]
    ['0.7 s', '1 min 0 s', '2 h 3 min', '–']
    """
    if seconds is None:
        return ABSENT
    minutes, rest = divmod(round(seconds), 60)
    if seconds < 10:
        text = f"{seconds:.1f} s"
    elif minutes < 1:
        text = f"{rest} s"
    elif minutes < 60:
        text = f"{minutes} min {rest} s"
    else:
        text = f"{minutes // 60} h {minutes % 60} min"
    return text.replace(" ", "\N{NO-BREAK SPACE}")


def moment(text: str | None) -> str:
    """A time in ISO 8601, shorter; what is none stays as it is.

    >>> moment("2026-11-26T02:31:59+00:00"), moment("yesterday"), moment(None)
    ('2026-11-26 02:31 UTC', 'yesterday', '–')
    """
    try:
        return f"{datetime.fromisoformat(text or ''):%Y-%m-%d %H:%M %Z}".strip()
    except ValueError:
        return text or ABSENT


def counted(count: int, what: str) -> str:
    """A number of things.

    >>> counted(1, "run"), counted(12, "run")
    ('1 run', '12 runs')
    """
    return f"{count} {what}{'' if count == 1 else 's'}"


def listed(words: Sequence[str]) -> str:
    """Words in a sentence.

    >>> listed(["a"]), listed(["a", "b", "c"])
    ('a', 'a, b and c')
    """
    *others, last = words
    return f"{', '.join(others)} and {last}" if others else last


def breakable(name: str) -> Markup:
    """A name that may go on in the next line after a dot or an underscore.

    >>> breakable("mask_iou <1>")
    Markup('mask_<wbr>iou &lt;1&gt;')
    """
    escaped = str(Markup.escape(name))
    return Markup(escaped.replace("_", "_<wbr>").replace(".", ".<wbr>"))


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _text(value: Any) -> str:
    return ABSENT if value is None else setting(value)


def _decimals(values: Sequence[float | int]) -> int | None:
    """How many decimals show every value to two digits or more; None if none do."""
    sizes = [abs(value) for value in values if value]
    if all(isinstance(value, int) for value in values):
        return 0
    if not sizes:
        return 1
    decimals = max(0, DIGITS - 1 - math.floor(math.log10(max(sizes))))
    return decimals if decimals <= 7 and min(sizes) >= 10 ** (1 - decimals) else None


def _number(value: float | int, decimals: int | None) -> str:
    """A number, with a true minus.

    >>> _number(-0.12345, 2), _number(-1.5e-7, None)
    ('−0.12', '−1.5e−7')
    """
    if decimals is None:
        mantissa, _, exponent = f"{value:.{DIGITS}g}".partition("e")
        text = f"{mantissa}e{int(exponent)}" if exponent else mantissa
    else:
        text = f"{value:.{decimals}f}"
    return text.replace("-", "−")
