"""A run's tables, from Markdown."""

from markdown_it import MarkdownIt
from markupsafe import Markup


def html_of(markdown: str, label: str) -> Markup:
    """Markdown as HTML: each table in a box of its own, in which it can be scrolled.

    HTML within it is text, and so are pictures, which would have to be fetched.

    Args:
      markdown: with tables as on GitHub.
      label: what the tables are, for who cannot see them.
    """
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image")
    box = Markup('<div class="scroll" role="region" tabindex="0" aria-label="{}">').format(label)
    parser.add_render_rule("table_open", lambda *_: f"{box}<table>\n")
    parser.add_render_rule("table_close", lambda *_: "</table></div>\n")
    tokens = parser.parse(markdown)
    for token in tokens:
        if token.type in {"heading_open", "heading_close"}:
            token.tag = "h5"  # below the page's own
    return Markup(parser.renderer.render(tokens, parser.options, {}))
