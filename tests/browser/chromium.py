# SPDX-License-Identifier: BSD-2-Clause
"""A headless Chromium that looks at one page: what it shows, what it complained about, and whom it asked."""

import base64
import json
import pathlib
import urllib.parse

from selenium import webdriver
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service

FLAGS = ("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--no-proxy-server", "--force-color-profile=srgb")

# Rows of a table as {title of the column: text}, with "data-value" where a cell has one: {title + " value": number}.
TABLE = """
const table = document.querySelector(arguments[0] + " table");
const titles = [...table.querySelectorAll("thead th")].map((cell) => cell.textContent);
return [...table.querySelectorAll("tbody tr")].map((row) => Object.fromEntries([...row.children].flatMap((cell, index) =>
    [[titles[index], cell.textContent], ...(cell.dataset.value ? [[titles[index] + " value", Number(cell.dataset.value)]] : [])])));
"""


class Chromium:
    def __init__(self, profile):
        """`profile` is a new and empty directory."""
        options = Options()
        options.binary_location = "/usr/bin/chromium"
        for flag in (*FLAGS, f"--user-data-dir={profile}"):
            options.add_argument(flag)
        options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
        self.driver = webdriver.Chrome(service=Service("/usr/bin/chromedriver"), options=options)
        self.driver.set_page_load_timeout(30)
        self.asked = []

    def open(self, url, width=1280, height=900, dark=False):
        self.view(width, height, dark)
        self.driver.get(url)

    def leave(self):
        """Closes the page, which would complain if its server went away first."""
        self.driver.get("about:blank")

    def view(self, width, height, dark=False):
        """The size of the window in CSS pixels; below 600 it is a phone's, with its viewport rules and its density."""
        phone = width < 600
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {
            "width": width, "height": height, "deviceScaleFactor": 2 if phone else 1, "mobile": phone})
        self.driver.execute_cdp_cmd("Emulation.setScrollbarsHidden", {"hidden": True})
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {
            "features": [{"name": "prefers-color-scheme", "value": "dark" if dark else "light"}]})

    def script(self, text, *arguments):
        return self.driver.execute_script(text, *arguments)

    def text(self, selector):
        """What a person reads there; "" when it is hidden or not there."""
        return self.script("const found = document.querySelector(arguments[0]); return found?.checkVisibility() ? found.innerText : ''", selector)

    def value(self, selector):
        return self.script("return document.querySelector(arguments[0])?.dataset.value ?? null", selector)

    def table(self, selector):
        return self.script(TABLE, selector)

    def overflow(self):
        """By how many pixels the page is wider than its window."""
        return self.script("return document.documentElement.scrollWidth - document.documentElement.clientWidth")

    def screenshot(self, path, full=True):
        """Of the whole page, or of what the window shows."""
        picture = self.driver.execute_cdp_cmd("Page.captureScreenshot", {"format": "png", "captureBeyondViewport": full})
        pathlib.Path(path).write_bytes(base64.b64decode(picture["data"]))

    def complaints(self):
        """What reached the console since the last call: errors, warnings, violations of the policy."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] in ("SEVERE", "WARNING")]

    def origins(self):
        """Whom pages asked for anything since the start, as scheme://host:port."""
        for entry in self.driver.get_log("performance"):
            message = json.loads(entry["message"])["message"]
            if message["method"] in ("Network.requestWillBeSent", "Network.webSocketCreated"):
                self.asked.append(message["params"].get("request", message["params"])["url"])
        parts = [urllib.parse.urlsplit(url) for url in self.asked]
        # The browser's own start page is asked for before ours.
        return {f"{part.scheme}://{part.netloc}" for part in parts if part.scheme not in ("chrome", "data", "about")}

    def close(self):
        self.driver.quit()
