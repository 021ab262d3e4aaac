"""A real browser and a real JupyterLab, for the checks beside this file. No browser here: one clear line, and status 0 (skipped)."""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.error import URLError
from urllib.request import urlopen

from playwright.sync_api import Page, sync_playwright

ROOT = Path(__file__).parents[2]
SHOTS = Path(os.environ.get("SHOTS", ROOT / ".cache" / "browser"))  # screenshots: artefacts, not committed
QUIET = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
QUIET += ["--disable-component-update", "--disable-sync"]
SIZE = {"width": 1400, "height": 900}


def chromium() -> str:
    """The browser: $CHROMIUM, or Chromium or Chrome where systems keep them. Leaves with one line if there is none."""
    names = [os.environ.get("CHROMIUM"), "chromium", "chromium-browser", "google-chrome"]
    found = next((path for name in names if name and (path := shutil.which(name))), None)
    if found is None:
        print("skipped: no Chromium here. Install it, or set CHROMIUM=/path/to/it")
        sys.exit(0)
    return found


@contextmanager
def page(size: dict = SIZE, offline: bool = False) -> Iterator[Page]:
    """A fresh page; offline: whoever asks a network for anything fails."""
    SHOTS.mkdir(parents=True, exist_ok=True)
    with sync_playwright() as play:
        browser = play.chromium.launch(executable_path=chromium(), args=QUIET)
        context = browser.new_context(viewport=size, offline=offline)
        made = context.new_page()
        asked: list[str] = []
        made.on("request", lambda request: asked.append(request.url) if request.url.startswith("http") else None)
        yield made
        if offline:
            assert not asked, f"asked a network for {asked[:3]}"
        browser.close()


def shot(page: Page, name: str) -> None:
    page.screenshot(path=SHOTS / f"{name}.png")


@contextmanager
def lab() -> Iterator[tuple[Path, str]]:
    """(the course's folder, JupyterLab's address): a learner's fresh start, by `lstmkit lab`."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    with tempfile.TemporaryDirectory() as folder:
        course = Path(folder)
        for name in ("lessons", "lstmkit"):
            shutil.copytree(ROOT / name, course / name)
        env = {
            **os.environ,
            "JUPYTER_CONFIG_DIR": f"{folder}/.jupyter",
            "JUPYTERLAB_SETTINGS_DIR": f"{folder}/.settings",
        }
        env["JUPYTERLAB_WORKSPACES_DIR"] = f"{folder}/.workspaces"
        command = [sys.executable, "-m", "lstmkit.course", "lab", "--", "--no-browser", f"--port={port}"]
        command += ["--IdentityProvider.token=course", "--expose-app-in-browser"]
        server = subprocess.Popen(
            command,
            cwd=course,
            stderr=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            text=True,
            env=env,
            start_new_session=True,
        )
        try:
            opened = server.stdout.readline()
            assert "opening 01_recurrence.ipynb" in opened, opened
            _wait(f"http://127.0.0.1:{port}/api", server)
            yield course, f"http://127.0.0.1:{port}"
        finally:
            os.killpg(server.pid, signal.SIGTERM)  # JupyterLab and its kernels with it
            server.wait(60)


def _wait(url: str, server: subprocess.Popen, seconds: float = 180) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < seconds:
        if server.poll() is not None:
            sys.exit("JupyterLab did not start")
        try:
            urlopen(url, timeout=2).read()
            return
        except (URLError, OSError):
            time.sleep(0.5)
    sys.exit("JupyterLab did not answer within three minutes")
