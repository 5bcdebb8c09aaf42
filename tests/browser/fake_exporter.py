# SPDX-License-Identifier: BSD-2-Clause
"""A server with the page of a real exporter and numbers that the test chooses, for states that a real one cannot be put into on demand."""

import http.server
import json
import threading
import urllib.request


class FakeExporter:
    """Serves what the exporter at `url` serves, except for what the page polls: that is `answer`, a snapshot to be
    changed by the test, or a status code to fail with. `polls` counts how often it was asked for."""

    def __init__(self, url):
        self.answer = json.loads(urllib.request.urlopen(url + "/api/v1/live", timeout=10).read())
        self.polls = 0
        fake = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                if self.path == "/api/v1/live":
                    return self.send(*fake.poll())
                with urllib.request.urlopen(url + self.path, timeout=10) as original:
                    self.send(original.status, original.read(), original.headers)

            def send(self, status, body, headers=None):
                self.send_response(status)
                for name in ("Content-Type", "Content-Security-Policy"):
                    if headers and name in headers:
                        self.send_header(name, headers[name])
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        self.thread = threading.Thread(target=self.server.serve_forever, daemon=True)
        self.thread.start()

    def poll(self):
        self.polls += 1
        if isinstance(self.answer, int):
            return self.answer, b"not today\n"
        self.answer["time"] += 2
        return 200, json.dumps(self.answer).encode()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.server.shutdown()
        self.server.server_close()
