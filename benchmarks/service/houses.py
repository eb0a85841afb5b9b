"""A served folder for the benchmark, and the service as a process that can be killed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx2

from dashboards.processes import answers, free_port
from models.testing.loras import save_small_lora
from studies.project.folder import LORAS
from studies.testing.fake_study import fake_study

ROOT: Final = Path(__file__).resolve().parents[2]
WAIT_S: Final = 120.0


def project(root: Path, studies: int, loras: int) -> list[Path]:
    """A folder of `studies` on fakes, and of `loras` LoRAs with pictures; returns the studies' folders."""
    from PIL import Image

    (root / LORAS).mkdir(parents=True)
    words = ("face", "dress", "shoes")
    for number in range(loras):
        save_small_lora(root / LORAS / f"{words[number % 3]}-{number:03}.safetensors", seed=number)
        picture = Image.effect_noise((128, 192), 60).convert("RGB")
        picture.save(root / LORAS / f"{words[number % 3]}-{number:03}.preview.png")
    folders = [root / f"outfit-{number}" for number in range(studies)]
    for folder in folders:
        fake_study(folder, name=folder.name)
    return folders


@dataclass
class Service:
    """A running one. Its address ends with a slash."""

    root: Path
    port: int
    trials: int
    seconds: float
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    def start(self) -> None:
        words = [str(self.root), str(self.port), str(self.trials), str(self.seconds)]
        self.process = subprocess.Popen(
            [sys.executable, "-m", "benchmarks.service.served", *words],
            cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, stdout=subprocess.DEVNULL, start_new_session=True,
        )  # fmt: skip
        until = time.monotonic() + WAIT_S
        while not answers(f"{self.address}api/studies"):
            if time.monotonic() > until:
                raise SystemExit("the service does not answer")
            time.sleep(0.05)

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def end(self) -> None:
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(WAIT_S)

    def get(self, path: str) -> Any:
        return httpx2.get(f"{self.address}{path}", timeout=WAIT_S).raise_for_status().json()

    def post(self, path: str, body: object) -> Any:
        return httpx2.post(f"{self.address}{path}", json=body, timeout=WAIT_S).raise_for_status().json()


@contextmanager
def serving(root: Path, trials: int, seconds: float) -> Iterator[Service]:
    made = Service(root, free_port(), trials, seconds)
    made.start()
    try:
        yield made
    finally:
        if made.process is not None and made.process.poll() is None:
            made.end()
