"""Nothing is sent anywhere: commands run in a network namespace with no way out, and no attempt to leave it is seen.

Attempts are seen twice: by Python's audit events, and by the kernel's count of packets without a route, which no library can
pass by.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]

WATCH = """
import os, sys

def watch(event, given):
    if event in ("socket.connect", "socket.sendto", "socket.sendmsg", "socket.getaddrinfo", "socket.gethostbyname"):
        host = given[1][0] if event.startswith(("socket.connect", "socket.send")) and isinstance(given[1], tuple) else given[0]
        if event.startswith(("socket.connect", "socket.send")) and not isinstance(given[1], tuple):
            return  # a socket file on this machine
        here = host in (None, "", "localhost", "::1", b"localhost", b"127.0.0.1") or str(host).startswith("127.")
        if not here:
            with open(os.environ["HUANHUA_SEEN"], "a") as seen:
                seen.write(f"{event} {given[1:] if event.startswith('socket.c') else given} {sys.argv}\\n")

sys.addaudithook(watch)
"""

INSIDE = """
import fcntl, json, socket, struct, subprocess, sys
with socket.socket() as s:
    fcntl.ioctl(s, 0x8914, struct.pack("16sh", b"lo", 1 | 64))  # SIOCSIFFLAGS: up, running

def unrouted():
    lines = open("/proc/net/snmp").read().splitlines()
    names, values = [line.split() for line in lines if line.startswith("Ip:")]
    six = dict(line.split() for line in open("/proc/net/snmp6"))
    return int(values[names.index("OutNoRoutes")]) + int(six["Ip6OutNoRoutes"])

before = unrouted()
done = [subprocess.run(command, capture_output=True, text=True) for command in json.loads(sys.argv[1])]
after = unrouted()
printed = [d.stdout[-2000:] + d.stderr[-2000:] for d in done]
print(json.dumps({"status": [d.returncode for d in done], "printed": printed, "unrouted": after - before}))
"""

STUDY = """
import sys, warnings
from pathlib import Path
warnings.simplefilter("ignore")
from models.io.quiet import be_quiet
be_quiet()
from studies.tracking.mlflow.tracker import MlflowTracker, local_store
from studies.testing.lab_study import run, study_in
folder = Path(sys.argv[1])
study = study_in(folder)
tracker = MlflowTracker(local_store(study.workspace.make().root)[0], "outfit", study.workspace.root / "mlflow-artifacts")
run(study, tracker=tracker)
assert tracker.close(600).titles == ()
"""

DASHBOARDS = """
import sys
from pathlib import Path
from dashboards.servers import Stores, running
from studies.tracking.mlflow.tracker import local_store
root = Path(sys.argv[1]) / "workspace"
url, artifacts = local_store(root)
with running(Stores(url, artifacts, f"sqlite:///{root / 'optuna.db'}", root / "artifacts", root / "logs")) as (addresses, _):
    print(addresses)
"""

ONNX = """
import time
import numpy as np
from models.vision.onnx import open_onnx
from studies.paperdoll.bundle import WEIGHTS
open_onnx(WEIGHTS / "hands" / "hands.onnx", inputs=(None, 3, 48, 48)).run(np.zeros((1, 3, 48, 48), "float32"))
time.sleep(15)  # reports of use are sent some seconds later, from another thread
"""

LEAK = "import socket; s = socket.socket(); s.connect_ex(('192.0.2.1', 80)); s.close()"


def run_inside(folder: Path, commands: list[list[str]]) -> tuple[list[int], str, str, int]:
    """Statuses, output, what Python saw, and how many packets found no route."""
    unshare = shutil.which("unshare")
    if unshare is None or subprocess.run([unshare, "-rn", "true"], capture_output=True, check=False).returncode != 0:
        pytest.skip("this kernel gives no network namespaces to this user (unshare -rn)")
    watch, seen = folder / "watch", folder / "seen"
    watch.mkdir()
    (watch / "sitecustomize.py").write_text(WATCH, encoding="utf-8")
    seen.touch()
    path = os.pathsep.join([str(watch), str(ROOT)])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "HUANHUA_SEEN": str(seen),
        "HOME": str(folder),
        "HF_HOME": str(folder / "hf"),
    }
    for name in (
        "MLFLOW_DISABLE_TELEMETRY",
        "ORT_DISABLE_TELEMETRY",
        "DO_NOT_TRACK",
        "HF_HUB_OFFLINE",
        "TRANSFORMERS_OFFLINE",
        "CI",
    ):
        environment.pop(name, None)
    done = subprocess.run(
        [unshare, "-rn", sys.executable, "-c", INSIDE, json.dumps(commands)],
        env=environment, capture_output=True, text=True, check=False, cwd=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    return found["status"], "\n".join(found["printed"]), seen.read_text(encoding="utf-8"), found["unrouted"]


@pytest.mark.slow
def test_an_attempt_would_be_seen(tmp_path: Path) -> None:
    _, _, seen, unrouted = run_inside(tmp_path, [[sys.executable, "-c", LEAK]])
    assert "192.0.2.1" in seen
    assert unrouted > 0


@pytest.mark.slow
def test_models_of_onnx_report_to_nobody(tmp_path: Path) -> None:
    """Native code, which only the kernel's count sees."""
    status, printed, seen, unrouted = run_inside(tmp_path, [[sys.executable, "-c", ONNX]])
    assert (status, seen, unrouted) == ([0], "", 0), printed


@pytest.mark.slow
def test_no_command_tries_to_reach_anything(tmp_path: Path) -> None:
    huanhua = [sys.executable, "-m", "huanhua"]
    status, printed, seen, unrouted = run_inside(
        tmp_path,
        [
            [*huanhua, "doctor"],
            [sys.executable, "-c", STUDY, str(tmp_path)],
            [sys.executable, "-c", DASHBOARDS, str(tmp_path)],
        ],
    )
    assert status == [0, 0, 0], printed
    assert seen == ""
    assert unrouted == 0


@pytest.mark.slow
def test_the_demo_tries_to_reach_nothing(tmp_path: Path) -> None:
    """Preparing, training, scouting and searching with the lab's models; whether anything is feasible is not asked here."""
    command = [
        sys.executable,
        "-m",
        "huanhua",
        "demo",
        str(tmp_path / "demo"),
        "--scout",
        "1",
        "--trials",
        "4",
        "--epochs",
        "1",
    ]
    status, printed, seen, unrouted = run_inside(tmp_path, [command])
    assert status[0] in (0, 1), printed
    assert "Traceback" not in printed
    assert seen == ""
    assert unrouted == 0
