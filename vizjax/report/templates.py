"""The pages' templates. All that is not a template's own is text, and escaped."""

import base64
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined


def rendered(template: str, **values: Any) -> str:
    """A page.

    Args:
      template: the name of a file in `vizjax/templates`.
      values: what it asks for.
    """
    environment = Environment(
        loader=PackageLoader("vizjax", "templates"),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    return environment.get_template(template).render(values)


def embedded(content: bytes, kind: str) -> str:
    """A file as a `data:` address.

    >>> embedded(b"GIF", "image/gif")
    'data:image/gif;base64,R0lG'
    """
    return f"data:{kind};base64,{base64.b64encode(content).decode('ascii')}"
