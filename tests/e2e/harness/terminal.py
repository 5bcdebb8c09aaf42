# SPDX-License-Identifier: BSD-2-Clause
"""A terminal of one's own, in a tmux server of one's own: keys in, screens out."""

import os
import shlex
import subprocess
import uuid

from . import processes


class Terminal:
    """Runs a shell; what is typed and shown is as a person would have it."""

    def __init__(self, directory, width=120, height=32, locale="C.UTF-8"):
        self.socket = f"{directory}/tmux-{uuid.uuid4().hex[:8]}"
        environment = {"PATH": os.environ["PATH"], "HOME": str(directory), "LANG": locale, "LC_ALL": locale, "PS1": "ready$ "}
        self._tmux("-f", "/dev/null", "new-session", "-d", "-x", str(width), "-y", str(height), "/bin/bash", "--norc", "--noprofile",
                   environment=environment)
        try:
            self.wait_for("ready$")
        except BaseException:
            self.close()
            raise

    def _tmux(self, *arguments, environment=None):
        command = ["tmux", "-u", "-S", self.socket, *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, env=environment, timeout=60).stdout

    def type(self, *keys):
        """Keys as tmux names them: "q", "Enter", "Tab"."""
        self._tmux("send-keys", *keys)

    def enter(self, line):
        self._tmux("send-keys", "-l", line)
        self.type("Enter")

    def run(self, *command):
        self.enter(shlex.join(command))

    def screen(self):
        return self._tmux("capture-pane", "-p")

    def attributes(self):
        """The screen with its escape sequences."""
        return self._tmux("capture-pane", "-p", "-e")

    def resize(self, width, height):
        self._tmux("resize-window", "-x", str(width), "-y", str(height))

    def is_on_the_other_screen(self):
        """In the alternate screen of a full-screen program, rather than in that of the shell."""
        return self._tmux("display-message", "-p", "#{alternate_on}").strip() == "1"

    def shell(self):
        """Its pid, also of what it has executed in its place."""
        return int(self._tmux("display-message", "-p", "#{pane_pid}"))

    def modes(self):
        """What programs tell the terminal to be like: whether it shows the cursor, and what its keys send."""
        names = ("cursor", "insert", "keypad_cursor", "keypad", "wrap", "origin", "mouse_any")
        flags = self._tmux("display-message", "-p", " ".join(f"#{{{name}_flag}}" for name in names))
        return dict(zip(names, flags.split()))

    def wait_for(self, what, seconds=processes.PATIENCE):
        """Until the screen has the text, or the condition on it is true; returns it."""
        condition = what if callable(what) else lambda screen: what in screen
        shown = [""]

        def look():
            shown[0] = self.screen()
            return condition(shown[0])

        processes.wait_for(look, lambda: f"not on the screen: {what}\n{shown[0]}", seconds=seconds, every=0.03)
        return shown[0]

    def close(self):
        self._tmux("kill-server")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
