"""Methods and their hyperparameters as the command line names them."""

import ast
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from vizjax.attribution.registry import METHODS, Bound, bind
from vizjax.errors import InputError
from vizjax.models.network import Network

if TYPE_CHECKING:
    MethodName: TypeAlias = str
else:  # the parser reads the names off the type
    MethodName: TypeAlias = Literal[tuple(METHODS)]


def bound(name: str, network: Network, *, layer: str, settings: Sequence[str]) -> Bound:
    """A method with what the command line says of it.

    Args:
      name: of the method.
      network: what it will explain.
      layer: for the methods that read one; empty for the network's last plane.
      settings: hyperparameters, `NAME=VALUE` each.

    Returns:
      The method, ready to be called.

    Raises:
      InputError: an unknown name, hyperparameter or layer, or a value of another type.
    """
    options = dict(_setting(text) for text in settings)
    if "layer" in METHODS[name].hyperparameters:
        chosen = layer or options.get("layer") or network.last_plane()
        network.layer(str(chosen))  # an unknown one is refused here
        options["layer"] = str(chosen)
    elif layer:
        raise InputError(f"`--layer` is {layer}; expected none, as {name} reads no layer")
    method = bind(name, **options)
    for option, value in options.items():
        default = METHODS[name].hyperparameters[option]
        if isinstance(default, bool | int | float | str | tuple) and not _alike(value, default):
            raise InputError(
                f"`--set` is {option}={value}; expected {_article(type(default).__name__)}, "
                f"such as {option}={default}"
            )
    return method


def _setting(text: str) -> tuple[str, Any]:
    """A hyperparameter and its value: a Python literal where it is one, else the text.

    >>> _setting("samples=100"), _setting("fill=blur"), _setting("window=(16,8)")
    (('samples', 100), ('fill', 'blur'), ('window', (16, 8)))
    """
    name, equals, value = text.partition("=")
    if not (name and equals and value):
        raise InputError(f"`--set` is {text}; expected NAME=VALUE, such as samples=100")
    if value in ("true", "false"):
        return name, value == "true"
    try:
        literal = ast.literal_eval(value)
        hash(literal)
    except (ValueError, SyntaxError, TypeError):
        literal = value
    return name, literal


def _alike(value: Any, default: Any) -> bool:
    """Whether a value can stand where the default stands: a whole number may be a float."""
    if isinstance(default, float):
        return isinstance(value, int | float) and not isinstance(value, bool)
    if isinstance(default, str):  # such as a fill: a name, or a number
        return isinstance(value, str | int | float) and not isinstance(value, bool)
    if isinstance(default, tuple) and isinstance(value, tuple):  # a pair of whole numbers
        return [type(part) for part in value] == [type(part) for part in default]
    if isinstance(default, tuple):  # one for both
        return type(value) is type(default[0])
    return type(value) is type(default)


def _article(name: str) -> str:
    return f"an {name}" if name[0] in "aeiou" else f"a {name}"
