"""A real browser without a window, for pages that are files."""

import base64
import io
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
CHROMEDRIVER = shutil.which("chromedriver")
_FLAGS = (
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_browser(profile: Path) -> Iterator["Browser"]:
    """Start Chromium with an empty profile, and stop it in the end."""
    from selenium import webdriver
    from selenium.webdriver.chrome.service import Service

    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = webdriver.Chrome(options=options, service=Service(CHROMEDRIVER))
    try:
        yield Browser(driver)
    finally:
        driver.quit()


class Browser:
    """What the tests do with a page."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, page: Path, width: int = 1280, height: int = 900, *, dark: bool = False) -> None:
        """Open a page and wait until it says that it is ready."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600}
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        self.driver.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [scheme]})
        for kind in ("browser", "performance"):
            self.driver.get_log(kind)  # so that the next is of this page alone
        self.driver.get(page.as_uri())
        end = time.monotonic() + 30
        while not self.run("return document.documentElement.dataset.ready"):
            assert time.monotonic() < end, self.run("return document.getElementById('readout').textContent")

    def run(self, script: str, *values: Any) -> Any:
        return self.driver.execute_script(script, *values)

    def settle(self) -> None:
        """Wait until what was asked for is drawn."""
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => done()))"
        )

    def slide(self, name: str, value: int) -> None:
        """Move a slider as a hand does: the value, then the event."""
        self.run(
            "const slider = document.getElementById(arguments[0]); slider.value = arguments[1];"
            "slider.dispatchEvent(new Event('input', { bubbles: true }))",
            name,
            value,
        )
        self.settle()

    def click(self, selector: str) -> None:
        self.run("document.querySelector(arguments[0]).click()", selector)
        self.settle()

    def canvas(self, panel: int) -> np.ndarray:
        """The pixels of a panel, RGBA."""
        url = self.run(
            "return document.querySelectorAll('#panels canvas')[arguments[0]].toDataURL('image/png')", panel
        )
        with Image.open(io.BytesIO(base64.b64decode(url.partition(",")[2]))) as picture:
            return np.asarray(picture.convert("RGBA")).astype(int)

    def cells(self, panel: int, rows: int, columns: int) -> np.ndarray:
        """The pixel in the middle of each cell of a panel, (rows, columns, RGBA)."""
        pixels = self.canvas(panel)
        down = ((np.arange(rows) + 0.5) * pixels.shape[0] / rows).astype(int)
        across = ((np.arange(columns) + 0.5) * pixels.shape[1] / columns).astype(int)
        return pixels[np.ix_(down, across)]

    def complaints(self) -> list[Any]:
        return list(self.driver.get_log("browser"))

    def requests(self) -> list[str]:
        """Everything that was asked for since the page was opened."""
        import json

        told = [json.loads(entry["message"])["message"] for entry in self.driver.get_log("performance")]
        sent = [
            one["params"]["request"]["url"] for one in told if one["method"] == "Network.requestWillBeSent"
        ]
        return [url for url in sent if not url.startswith("data:")]
