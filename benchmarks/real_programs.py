"""Starts the real ComfyUI and Stable Diffusion WebUI from folders where they are installed, on this machine's processor."""

from __future__ import annotations

import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from optimizer.testing.fake_server.serving import free_port

READY_S: Final = 300.0
"""The longest start: importing torch on a busy machine."""
QUIET: Final = {"HF_HUB_OFFLINE": "1", "TRANSFORMERS_OFFLINE": "1", "OMP_WAIT_POLICY": "passive", "PYTHONDONTWRITEBYTECODE": "1"}


@dataclass(frozen=True)
class Program:
    """An installed program: its folder, and the Python that has its packages."""

    folder: Path
    python: Path


@dataclass(frozen=True)
class WebuiModels:
    """Where a WebUI looks for its models."""

    checkpoints: Path
    loras: Path
    embeddings: Path


@contextmanager
def comfyui(program: Program, folder: Path, paths: Path | None = None) -> Iterator[str]:
    """The address of a running ComfyUI whose outputs, settings and log lie in `folder`; `paths` names its model folders."""
    folders = {name: folder / name for name in ("output", "temp", "user", "input")}
    # A page to serve stands in for the front end, which the API does not need.
    page = folder / "page"
    for made in (*folders.values(), page):
        made.mkdir(parents=True, exist_ok=True)
    (page / "index.html").write_text("<html></html>")
    command = [str(program.python), "main.py", "--cpu", "--fp32-text-enc", "--listen", "127.0.0.1"]
    command += ["--disable-auto-launch", "--disable-api-nodes", "--database-url", "sqlite:///:memory:"]
    command += ["--front-end-root", str(page)]
    command += [part for name, made in folders.items() for part in (f"--{name}-directory", str(made))]
    command += [] if paths is None else ["--extra-model-paths-config", str(paths)]
    with _running(command, program.folder, "/system_stats", folder / "comfyui.log") as url:
        yield url


@contextmanager
def webui(program: Program, data: Path, models: WebuiModels | None = None) -> Iterator[str]:
    """The address of a running WebUI, its API alone, with `data` as its --data-dir and working folder.

    Its models lie in `data` by default, in the program's own folders."""
    models = models or WebuiModels(data / "models" / "Stable-diffusion", data / "models" / "Lora", data / "embeddings")
    command = [str(program.python), str(program.folder / "webui.py"), "--nowebui", "--api", "--server-name", "127.0.0.1"]
    command += ["--use-cpu", "all", "--no-half", "--no-half-vae", "--precision", "full", "--skip-torch-cuda-test"]
    command += ["--no-download-sd-model", "--do-not-download-clip", "--skip-version-check", "--skip-python-version-check"]
    command += ["--skip-load-model-at-start", "--data-dir", str(data), "--ckpt-dir", str(models.checkpoints)]
    command += ["--lora-dir", str(models.loras), "--embeddings-dir", str(models.embeddings)]
    with _running(command, data, "/sdapi/v1/samplers", data / "webui.log") as url:
        yield url


@contextmanager
def _running(command: Sequence[str], folder: Path, ready: str, log: Path) -> Iterator[str]:
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    # This project's packages must not stand before the program's own of the same names.
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"} | QUIET
    with log.open("wb") as stream:
        process = subprocess.Popen(
            [*command, "--port", str(port)], cwd=folder, env=environment, stdout=stream, stderr=subprocess.STDOUT
        )
    try:
        _wait(process, url + ready, log)
        yield url
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _wait(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    end = time.monotonic() + READY_S
    while time.monotonic() < end:
        if process.poll() is not None:
            raise RuntimeError(f"the program ended at its start with status {process.returncode}: see {log}")
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except (urllib.error.URLError, OSError):
            time.sleep(0.5)
    raise RuntimeError(f"the program did not answer in {READY_S:.0f} s: see {log}")
