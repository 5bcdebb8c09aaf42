# SPDX-License-Identifier: BSD-2-Clause
"""The commands that the documentation tells a reader to run: fenced blocks marked `sh`."""

import pathlib
import re

ROOT = pathlib.Path(__file__).resolve().parents[2]
FENCE = re.compile(r"^```(\w*)$")


class Block:
    """Commands in the order in which a reader would type them."""

    def __init__(self, page, line, commands):
        self.page, self.line, self.commands = page, line, commands

    def __repr__(self):
        return f"{self.page}:{self.line}"


def pages():
    return [ROOT / "README.md", ROOT / "CONTRIBUTING.md", *sorted((ROOT / "docs").rglob("*.md")), *sorted((ROOT / "deploy").rglob("*.md"))]


def commands_of(lines):
    """Without comments, continued lines joined."""
    commands, open_line = [], ""
    for line in lines:
        line = re.sub(r"(^|\s)#.*$", "", line).rstrip()
        if line.endswith("\\"):
            open_line += line[:-1].strip() + " "
        elif open_line or line.strip():
            commands.append((open_line + line.strip()).strip())
            open_line = ""
    return commands


def blocks():
    found = []
    for page in pages():
        language, begin, lines = None, 0, []
        for number, line in enumerate(page.read_text().splitlines(), 1):
            fence = FENCE.match(line.strip())
            if fence and language is None:
                language, begin, lines = fence.group(1), number, []
            elif fence:
                if language == "sh":
                    found.append(Block(page.relative_to(ROOT), begin, commands_of(lines)))
                language = None
            elif language is not None:
                lines.append(line)
        assert language is None, f"{page}: a fence is not closed"
    return found
