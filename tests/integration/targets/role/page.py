# Copyright (c) 2026, the adverity.management authors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""A run of the playbook ``report``, and the page it writes, taken apart."""

from __future__ import annotations

from html.parser import HTMLParser

REPORT = "adverity.management.report"
VOID = {"meta", "br", "link", "img", "input", "hr", "base"}


class Page(HTMLParser):
    """A page, taken apart: its tags with attributes, and by id the text of each element that has one."""

    def __init__(self, text):
        super().__init__(convert_charrefs=True)
        self.tags, self.words, self.styles, self._open = [], {}, [], []
        self.feed(text)
        self.close()
        assert not self._open, f"never closed: {self._open}"

    def handle_starttag(self, tag, attrs):
        attrs = dict(attrs)
        self.tags.append((tag, attrs))
        self.styles += [attrs["style"]] if "style" in attrs else []
        if tag not in VOID:
            self._open.append((tag, attrs.get("id")))

    def handle_endtag(self, tag):
        assert self._open, f"</{tag}> closes nothing"
        assert self._open.pop()[0] == tag, f"</{tag}> closes something else"

    def handle_data(self, data):
        if self._open[-1:] and self._open[-1][0] == "style":
            self.styles.append(data)
            return
        for identity in {None, *(identity for _tag, identity in self._open)}:
            self.words[identity] = self.words.get(identity, "") + data

    def handle_comment(self, data):
        raise AssertionError(f"a comment: {data}")

    def says(self, identity):
        """The text of the element with this id, as one line."""
        return " ".join(self.words[identity].split())

    def names(self):
        """How many of each element there are."""
        return {name: sum(tag == name for tag, _attrs in self.tags) for name in {tag for tag, _attrs in self.tags}}


def report(scene, **options):
    """Run the playbook; variables go without their prefix."""
    known = ("check", "env", "fails", "verbosity")
    ours = {name: options.pop(name) for name in known if name in options}
    return scene.play(REPORT, extra_vars={f"report_{name}": value for name, value in options.items()}, **ours)
