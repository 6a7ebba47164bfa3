"""The one exception that vizjax raises for input it cannot use."""


class InputError(ValueError):
    """Input that vizjax cannot use: the message says what was given, expected, and to be done.

    The command line prints the message on one line and exits with status 2; anything else
    that escapes is a fault of vizjax itself.
    """


def unknown(what: str, given: object, known: list[str], hint: str = "") -> InputError:
    """An unknown name, with the known ones (the nearest, where there are many).

    >>> unknown("rule", "deconv", ["gradient", "deconvnet", "guided"])
    InputError('`rule` is deconv; expected one of: gradient, deconvnet, guided')
    """
    tail = f"; {hint}" if hint else ""
    return InputError(f"`{what}` is {given}; expected one of: {', '.join(known)}{tail}")
