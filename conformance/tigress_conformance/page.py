# SPDX-License-Identifier: Apache-2.0
"""What a robot reads from the page behind a link."""
from html.parser import HTMLParser


class Page(HTMLParser):
    """Tags, attributes, the content of meta elements by property or name, and the text."""

    def __init__(self, answer):
        super().__init__(convert_charrefs=True)
        self.meta, self.tags, self.attributes, self.text = {}, [], [], ""
        self.feed(answer.body.decode("utf-8", "replace"))

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        values = dict(attrs)
        if tag == "meta" and "content" in values:
            self.meta[values.get("property") or values.get("name")] = values["content"] or ""

    def handle_data(self, data):
        self.text += data
