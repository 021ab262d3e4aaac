"""`make browser`: a person's first minutes, in a real browser. Opens lesson 01 in JupyterLab, runs all cells, reads a verdict.

Needs Chromium (CHROMIUM=/path, default /usr/bin/chromium) and the [browser] extra; not part of `make test`.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import expect, sync_playwright

ROOT = Path(__file__).parents[2]
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]


def main() -> None:
    chromium = os.environ.get("CHROMIUM", "/usr/bin/chromium")
    if not Path(chromium).exists():
        sys.exit(f"no browser at {chromium}: install Chromium, or set CHROMIUM=/path/to/it")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        for name in ("lessons", "lstmkit"):
            shutil.copytree(ROOT / name, course / name)
        command = [sys.executable, "-m", "lstmkit.course", "lab", "--", "--no-browser", f"--port={port}"]
        command += ["--IdentityProvider.token=course"]
        server = subprocess.Popen(command, cwd=course, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        try:
            opened = server.stdout.readline()
            assert "opening 01_recurrence.ipynb" in opened, opened
            _wait(f"http://127.0.0.1:{port}/api", server)
            with sync_playwright() as play:
                browser = play.chromium.launch(executable_path=chromium, args=QUIET)
                page = browser.new_page(viewport={"width": 1400, "height": 900})
                page.goto(f"http://127.0.0.1:{port}/lab/tree/work/01_recurrence.ipynb?token=course")
                expect(page.get_by_role("heading", name="01 · Recurrence")).to_be_visible(timeout=90_000)
                page.get_by_text("Run", exact=True).first.click()
                page.get_by_text("Run All Cells", exact=True).click()
                first = page.get_by_text("○ 01.1 not attempted yet: the lesson goes on with the reference")
                expect(first).to_be_attached(timeout=120_000)
                browser.close()
        finally:
            server.terminate()
            server.wait(20)
    print("lesson 01 opens in JupyterLab, runs, and tells its first verdict")


def _wait(url: str, server: subprocess.Popen, seconds: float = 60) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if server.poll() is not None:
            sys.exit("JupyterLab did not start")
        try:
            urlopen(url, timeout=2).read()
            return
        except (URLError, OSError):
            time.sleep(0.5)
    sys.exit("JupyterLab did not answer within a minute")


if __name__ == "__main__":
    main()
