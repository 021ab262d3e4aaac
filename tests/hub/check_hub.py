"""`python -m tests.hub.check_hub [learners] [cells]`: a real hub on this machine's loopback, and a class that uses it hard.

Learners (eight) log in by the form, run lesson 01 at the same time and save. Then one learner's server and the hub itself are killed, the hub is
started again, everybody logs in again: every saved notebook is there as it was saved, and the lesson runs again. Needs jupyterhub and
configurable-http-proxy (on PATH, or CONFIGURABLE_HTTP_PROXY=/path); where one is missing it says so and is skipped.
"""

from __future__ import annotations

import asyncio
import importlib.util
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import uuid
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import requests
from tornado.httpclient import HTTPError, HTTPRequest
from tornado.ioloop import IOLoop
from tornado.websocket import websocket_connect

ROOT = Path(__file__).parents[2]
NAMES = ["ada", "alan", "edsger", "emmy", "grace", "john", "kurt", "sofia"]
LESSON = "work/01_recurrence.ipynb"
PATIENCE = 400  # seconds


class Hub:
    """The hub's process, with its proxy and its learners' servers."""

    def __init__(self, folder: Path, proxy: str):
        self.folder, free = folder, []
        for _ in range(3):
            with socket.socket() as one:
                one.bind(("127.0.0.1", 0))
                free.append(str(one.getsockname()[1]))
        self.address = f"http://127.0.0.1:{free[0]}"
        path = os.pathsep.join([str(Path(proxy).parent), str(Path(sys.executable).parent), os.environ["PATH"]])
        settings = {"HUB_PORT": free[0], "HUB_INNER_PORT": free[1], "HUB_PROXY_PORT": free[2], "HUB_PASSWORD": "class"}
        self.env = {**os.environ, **settings, "PATH": path, "HUB_HOMES": str(folder / "homes")}

    def start(self) -> None:
        command = [sys.executable, "-m", "jupyterhub", "-f", str(ROOT / "hub" / "jupyterhub_config.py")]
        with (self.folder / "hub.log").open("a") as log:
            self.process = subprocess.Popen(
                command, cwd=self.folder, env=self.env, stdout=log, stderr=log, start_new_session=True
            )
        wait_for(lambda: requests.get(f"{self.address}/hub/login", timeout=5).status_code == 200, "the hub")

    def kill(self) -> None:
        """As a power cut would: the hub alone, at once."""
        self.process.send_signal(signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """Everything that this hub has begun: known by the folder in its environment or command line."""
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                said = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
                if str(self.folder).encode() in said and int(entry.name) != os.getpid():
                    os.kill(int(entry.name), signal.SIGKILL)
            except OSError:
                continue


class Learner:
    """A person with a browser, without the browser."""

    def __init__(self, hub: Hub, name: str):
        self.hub, self.name, self.saved = hub, name, None

    def log_in(self) -> None:
        self.session = requests.Session()
        form = self.session.get(f"{self.hub.address}/hub/login", timeout=60).text
        token = re.search(r'name="_xsrf" value="([^"]+)"', form)[1]
        answer = {"username": self.name, "password": "class", "_xsrf": token}
        self.session.post(f"{self.hub.address}/hub/login?next=/hub/spawn", data=answer, timeout=120)
        wait_for(lambda: "content" in self.ask("GET", f"contents/{LESSON}"), f"{self.name}'s server")

    def ask(self, verb: str, what: str, **body) -> dict:
        url = f"{self.hub.address}/user/{self.name}/api/{what}"
        self.session.get(f"{self.hub.address}/user/{self.name}/lab", timeout=60)  # sets the cookie that a change needs
        token = next((c.value for c in self.session.cookies if c.name == "_xsrf" and c.path.startswith("/user/")), "")
        found = self.session.request(verb, url, json=body or None, headers={"X-XSRFToken": token}, timeout=120)
        found.raise_for_status()
        return found.json()

    def work(self, cells: int | None) -> int:
        """Run the lesson's code cells in a kernel and save the notebook; returns how many verdicts it shows."""
        book = self.ask("GET", f"contents/{LESSON}")["content"]
        code = [cell for cell in book["cells"] if cell["cell_type"] == "code"][:cells]
        kernel = self.ask("POST", "kernels", name="python3", path=LESSON)["id"]
        url = f"{self.hub.address.replace('http', 'ws')}/user/{self.name}/api/kernels/{kernel}/channels"
        cookies = "; ".join(
            f"{c.name}={c.value}" for c in self.session.cookies if c.path in ("/", f"/user/{self.name}/")
        )
        IOLoop(make_current=False).run_sync(lambda: execute(url, cookies, code), timeout=PATIENCE)
        wait_for(lambda: self.ask("GET", "kernels") is not None, "the proxy")
        self.ask("PUT", f"contents/{LESSON}", type="notebook", format="json", content=book)
        self.saved = book["cells"]
        return sum("○ 01." in str(cell["outputs"]) for cell in code)

    def finds_the_work(self) -> bool:
        there = self.ask("GET", f"contents/{LESSON}")["content"]["cells"]
        shown = [[cell["source"], text(cell)] for cell in there]
        return shown == [[cell["source"], text(cell)] for cell in self.saved]

    def server(self) -> int:
        """The process of this learner's Jupyter server."""
        home = str(self.hub.folder / "homes" / self.name / "course").encode()
        for entry in Path("/proc").glob("[0-9]*"):
            try:
                command = (entry / "cmdline").read_bytes()
                if (
                    b"jupyterhub.singleuser" in command
                    and f"JUPYTERHUB_USER={self.name}\0".encode() in (entry / "environ").read_bytes()
                ):
                    return int(entry.name)
            except OSError:
                continue
        raise AssertionError(f"no server of {self.name} in {home!r}")


def text(cell: dict) -> str:
    return "".join("".join(out.get("text", "")) for out in cell.get("outputs", []))


async def execute(url: str, cookies: str, code: list[dict]) -> None:
    """Run cells one after the other over the kernel's websocket, as JupyterLab does, and keep what they print.

    A line that breaks (the hub's proxy was started again) is taken up anew under the same session: the server has kept what was said meanwhile.
    """
    session, line = uuid.uuid4().hex, None

    async def connected():
        nonlocal line
        begun = time.monotonic()
        while line is None:
            try:
                request = HTTPRequest(f"{url}?session_id={session}", headers={"Cookie": cookies}, connect_timeout=30)
                line = await websocket_connect(request)
            except (OSError, HTTPError):
                if time.monotonic() - begun > PATIENCE:
                    raise
                await asyncio.sleep(1)
        return line

    for number, cell in enumerate(code, 1):
        id = uuid.uuid4().hex
        content = {"code": cell["source"], "silent": False, "store_history": True, "user_expressions": {}}
        content["allow_stdin"] = False
        header = {
            "msg_id": id,
            "msg_type": "execute_request",
            "session": session,
            "username": "",
            "version": "5.3",
            "date": "",
        }
        message = {"header": header, "parent_header": {}, "metadata": {}, "content": content, "channel": "shell"}
        cell["outputs"], cell["execution_count"] = [], number
        await (await connected()).write_message(json.dumps(message))
        while True:
            said = await (await connected()).read_message()
            if said is None:
                line = None
                continue
            got = json.loads(said)
            if got["parent_header"].get("msg_id") != id:
                continue
            if got["msg_type"] == "stream" and got["content"]["name"] == "stdout":
                cell["outputs"].append({"output_type": "stream", "name": "stdout", "text": got["content"]["text"]})
            if got["msg_type"] == "status" and got["content"]["execution_state"] == "idle":
                break
    line.close()


def wait_for(there, what: str) -> None:
    begun = time.monotonic()
    while time.monotonic() - begun < PATIENCE:
        try:
            if there():
                return
        except (requests.RequestException, ValueError):
            pass
        time.sleep(1)
    raise AssertionError(f"{what} does not answer within {PATIENCE} s")


def peak(process: int) -> float:
    """MiB that a process has held at most."""
    return int(re.search(r"VmHWM:\s+(\d+)", Path(f"/proc/{process}/status").read_text())[1]) / 1024


def main() -> None:
    count = int(sys.argv[1]) if len(sys.argv) > 1 else len(NAMES)
    cells = int(sys.argv[2]) if len(sys.argv) > 2 else None
    proxy = os.environ.get("CONFIGURABLE_HTTP_PROXY") or shutil.which("configurable-http-proxy")
    for what, there in (("jupyterhub", importlib.util.find_spec("jupyterhub")), ("configurable-http-proxy", proxy)):
        if not there:
            print(f"skipped: no {what} here (hub/README.md says how to install it)")
            return
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(count) as crowd:
        hub = Hub(Path(folder), proxy)
        try:
            hub.start()
            learners = [Learner(hub, name) for name in NAMES[:count]]
            list(crowd.map(Learner.log_in, learners))
            begun = time.monotonic()
            verdicts = list(crowd.map(lambda one: one.work(cells), learners))
            seconds = time.monotonic() - begun
            assert all(verdicts) and len(set(verdicts)) == 1, verdicts
            memory = max(peak(one.server()) for one in learners)
            busy = crowd.submit(learners[-1].work, cells)  # in the middle of somebody's work
            os.kill(learners[0].server(), signal.SIGKILL)
            hub.kill()
            hub.start()
            assert busy.result(PATIENCE) == verdicts[0], "a learner at work was stopped by the hub's end"
            list(crowd.map(Learner.log_in, learners))
            assert all(crowd.map(Learner.finds_the_work, learners)), "saved work was lost"
            assert learners[0].work(cells) == verdicts[0]
        except BaseException:
            print((Path(folder) / "hub.log").read_text()[-4000:])
            raise
        finally:
            hub.end()
    print(
        f"{count} learners ran lesson 01 at once in {seconds:.0f} s; a server and the hub were killed; no saved work was lost"
    )
    print(f"a learner's Jupyter server held {memory:.0f} MiB at most")


if __name__ == "__main__":
    main()
