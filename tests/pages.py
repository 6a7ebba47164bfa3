"""Reading the pages that vizjax writes."""

import re
from html.parser import HTMLParser

VOID = {"meta", "img", "link", "br", "hr", "wbr"}


class Page(HTMLParser):
    """Walks a page, checks that its tags close in turn, and keeps what it says.

    Nothing in it may refer to what is outside, nor be run, but for so many scripts of its own.
    """

    def __init__(self, html, *, scripts=0):
        super().__init__()
        self.open, self.images, self.texts, self.links, self.ids = [], [], [], [], set()
        self.scripts = 0
        self.feed(html)
        self.close()
        assert not self.open
        assert self.scripts == scripts
        bare = re.sub(r"base64,[^\"]*", "", html)
        assert not re.search("(?i)https?:|url\\(|@import", bare)

    def handle_starttag(self, tag, attrs):
        attributes = dict(attrs)
        assert len(attributes) == len(attrs), f"{tag} has an attribute twice"
        assert attributes.get("id") not in self.ids - {None}, attributes["id"]
        self.ids.add(attributes.get("id"))
        if tag == "img":
            self.images.append(attributes)
        if tag == "a":
            self.links.append(attributes["href"])
        assert not {"srcset", "poster", "data", "action"} & set(attributes)
        assert tag not in {"iframe", "link", "object", "embed"}
        assert not any(name.startswith("on") for name in attributes)
        self.scripts += tag == "script"
        if tag not in VOID:
            self.open.append(tag)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        if self.open:
            self.texts.append((self.open[-1], data.strip()))

    def said(self, tag):
        return [text for where, text in self.texts if where == tag and text]
