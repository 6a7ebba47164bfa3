"""Tables in Markdown."""

from collections.abc import Sequence


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown; every column but the first is a number and stands to the right.

    >>> print(table(["box", "error"], [["full image", "55.0 %"]]))
    | box | error |
    |---|--:|
    | full image | 55.0 % |
    """
    rule = "|---|" + "--:|" * (len(header) - 1)
    lines = ["| " + " | ".join(cells) + " |" for cells in (header, *rows)]
    return "\n".join([lines[0], rule, *lines[1:]])
