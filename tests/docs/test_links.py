# SPDX-License-Identifier: BSD-2-Clause
"""Every relative link of the documentation leads to a file that exists, and every anchor to a heading of that page."""

import functools
import re
import sys
import urllib.parse

import pytest

sys.dont_write_bytecode = True

import shell_blocks  # noqa: E402

LINK = re.compile(r"\]\(([^()\s]+)\)")
# GitHub makes an anchor of a heading: lower case, spaces become hyphens, other punctuation is dropped.
DROPPED = re.compile(r"[^\w\- ]")


def prose(page):
    """The page without fenced blocks, whose brackets are not links."""
    return re.sub(r"^```.*?^```$", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


@functools.cache
def anchors(page):
    headings = re.findall(r"^#+ (.*)$", prose(page), re.MULTILINE)
    return {DROPPED.sub("", heading.lower()).replace(" ", "-") for heading in headings}


def broken_links(page):
    for link in LINK.findall(prose(page)):
        target = urllib.parse.urlsplit(link)
        if target.scheme:
            continue
        file = (page.parent / target.path).resolve() if target.path else page
        if not file.exists():
            yield f"{link}: no such file"
        elif target.fragment and target.fragment not in anchors(file):
            yield f"{link}: no such heading"


def test_an_anchor_is_made_of_a_heading():
    page = shell_blocks.ROOT / "docs/operations.md"
    assert "the-applications-own-metrics" in anchors(page)


@pytest.mark.parametrize("page", [*shell_blocks.pages(), shell_blocks.ROOT / "CHANGELOG.md"],
                         ids=lambda page: str(page.relative_to(shell_blocks.ROOT)))
def test_links(page):
    assert list(broken_links(page)) == []


def linked_from(page):
    return {(page.parent / link.partition("#")[0]).resolve() for link in LINK.findall(prose(page))}


@pytest.mark.parametrize("index", ["docs/README.md", "docs/decisions/README.md"])
def test_an_index_names_every_page(index):
    """docs/decisions has an index of its own."""
    index = shell_blocks.ROOT / index
    inner = [page.parent for page in index.parent.glob("*/README.md")]
    pages = {page for page in index.parent.rglob("*.md") if page.parent not in inner} - {index}
    assert pages and pages - linked_from(index) == set()
