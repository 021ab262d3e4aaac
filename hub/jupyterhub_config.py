"""A JupyterHub for a class on one machine. Start it in this folder, in an environment with `lstmkit[course]` and `jupyterhub`:

    jupyterhub -f jupyterhub_config.py

Every learner has a folder `homes/NAME/course` with the lessons (links, not copies) and a `work/` of their own, filled by `lstmkit lab`
as on a laptop. Settings come from the environment: HUB_HOMES (where the folders are, default ./homes), HUB_PORT (8000), HUB_PASSWORD
(one password for all, for a class behind a door; without it the machine's own accounts are asked), HUB_MEMORY (a learner's limit, 3G),
HUB_DEVICE (what lessons compute on: cpu, cuda), HUB_IDLE (seconds after which an idle server is stopped, 3600; its files stay).
"""

import os
import re
import subprocess
import sys
from pathlib import Path

COURSE = Path(__file__).resolve().parents[1]
HOMES = Path(os.environ.get("HUB_HOMES", Path(__file__).parent / "homes")).resolve()
PASSWORD = os.environ.get("HUB_PASSWORD")

c = get_config()  # noqa: F821
c.JupyterHub.bind_url = f"http://:{os.environ.get('HUB_PORT', '8000')}"
c.JupyterHub.hub_port = int(os.environ.get("HUB_INNER_PORT", "8081"))
c.JupyterHub.cleanup_servers = (
    False  # a hub that is stopped or killed leaves the learners' servers at work; started again it finds them
)
c.JupyterHub.cleanup_proxy = True
c.ConfigurableHTTPProxy.api_url = f"http://127.0.0.1:{os.environ.get('HUB_PROXY_PORT', '8001')}"

# ---- who may come in
c.Authenticator.allow_all = True
c.Authenticator.username_pattern = r"[a-z][a-z0-9_-]{0,30}"  # becomes the name of a folder
if PASSWORD:
    c.JupyterHub.authenticator_class = "dummy"
    c.DummyAuthenticator.password = PASSWORD
    c.JupyterHub.spawner_class = "simple"  # all servers run as the hub's own user: for a class that you trust
    c.SimpleLocalProcessSpawner.home_dir_template = str(HOMES / "{username}")

# ---- a learner's server
c.Spawner.notebook_dir = str(HOMES / "{username}" / "course")
c.Spawner.default_url = "/lab"
c.Spawner.mem_limit = os.environ.get(
    "HUB_MEMORY", "3G"
)  # kept by a spawner that can (Docker, systemd); the others only tell it
c.Spawner.environment = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}
c.Spawner.environment["LSTMKIT_DEVICE"] = os.environ.get("HUB_DEVICE", "cpu")
c.Spawner.cmd = [sys.executable, "-m", "jupyterhub.singleuser"]
c.Spawner.args = [
    f"--LabApp.app_settings_dir={COURSE / 'lstmkit' / 'course' / 'labsettings'}",
    "--ContentsManager.pre_save_hook=lstmkit.course.work.without_controls",
    f"--ServerApp.shutdown_no_activity_timeout={os.environ.get('HUB_IDLE', '3600')}",
    "--MappingKernelManager.cull_idle_timeout=1800",
]
if (
    PASSWORD and hasattr(os, "geteuid") and os.geteuid() == 0
):  # in a container the hub is root, and Jupyter would refuse to start
    c.Spawner.args.append("--allow-root")
c.Spawner.start_timeout = 120
c.Spawner.http_timeout = 120


def prepare(spawner) -> None:
    """Give a learner the lessons, and a work/ of their own. Nothing that is there is overwritten."""
    name = spawner.user.name
    if not re.fullmatch(c.Authenticator.username_pattern, name):
        raise ValueError(f"{name!r} cannot be the name of a folder")
    course = HOMES / name / "course"
    course.mkdir(parents=True, exist_ok=True)
    for part in ("lessons", "lstmkit"):
        if not (course / part).exists():
            (course / part).symlink_to(COURSE / part)
    subprocess.run([sys.executable, "-m", "lstmkit.course", "lab", "--no-open"], cwd=course, check=True)


c.Spawner.pre_spawn_hook = prepare
