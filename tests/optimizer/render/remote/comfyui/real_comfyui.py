"""A real ComfyUI for slow tests and for looking: started from the folder that HUANHUA_COMFYUI names, with tiny random models."""

from __future__ import annotations

import copy
import os
import subprocess
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import numpy as np
import pytest
from PIL import Image
from safetensors.numpy import save_file

from optimizer.render.remote.address import Address, Credentials
from optimizer.render.remote.client import Client, Patience
from optimizer.testing.fake_server.serving import free_port
from optimizer.testing.fake_server.workflows import LORAS, Nodes

FOLDER, PYTHON = "HUANHUA_COMFYUI", "HUANHUA_COMFYUI_PYTHON"
"""Environment variables: the folder of an installed ComfyUI (tried with 0.3.64), and the Python that runs it."""
NODES: Final = Path(__file__).parent / "tiny_nodes"
START_S: Final = 180
WIDTHS: Final[Mapping[str, tuple[int, int]]] = {
    "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_q": (32, 32),
    "lora_unet_input_blocks_1_1_transformer_blocks_0_attn1_to_out_0": (32, 32),
    "lora_unet_input_blocks_1_1_transformer_blocks_0_ff_net_2": (32, 128),
    "lora_te_text_model_encoder_layers_0_mlp_fc1": (64, 32),
    "lora_te1_text_model_encoder_layers_0_mlp_fc1": (64, 32),
    "lora_unet_double_blocks_0_img_attn_proj": (48, 48),
    "lora_unet_single_blocks_0_linear2": (48, 144),
    "lora_unet_layers_0_attention_out": (48, 48),
}
"""Layers of the tiny models by kohya's names, with their outputs and inputs. Each model finds its own in a file of all."""


def tiny(nodes: Nodes) -> Nodes:
    """A workflow with the loaders of `tiny_nodes` in place of the stock ones; all else as it is."""
    nodes = copy.deepcopy(nodes)
    second = {node["inputs"]["clip"][0] for node in nodes.values() if "ascore" in node["inputs"]}
    text = next((node["inputs"]["type"] for node in nodes.values() if "type" in node["inputs"]), "")
    for id_, node in nodes.items():
        match node["class_type"]:
            case "CheckpointLoaderSimple":
                large = any("text_g" in other["inputs"] for other in nodes.values())
                name = "tiny-refiner" if id_ in second else "tiny-xl" if large else "tiny-sd15"
                nodes[id_] = {"class_type": "TinyCheckpoint", "inputs": {"ckpt_name": name}}
            case "UNETLoader":
                name = {"flux": "tiny-flux", "lumina2": "tiny-z-image"}[text]
                nodes[id_] = {"class_type": "TinyModel", "inputs": {"unet_name": name}}
            case "CLIPLoader" | "DualCLIPLoader":
                nodes[id_] = {"class_type": "TinyText", "inputs": {"type": text}}
            case "VAELoader":
                nodes[id_] = {"class_type": "TinyVae", "inputs": {"channels": 16}}
            case "ControlNetLoader":
                nodes[id_] = {"class_type": "TinyControl", "inputs": {"control_net_name": "tiny-net"}}
    return nodes


def marked(nodes: Nodes) -> Nodes:
    """The workflow with the strengths of its LoRAs painted over what the first model drew: for studies of random models."""
    nodes = copy.deepcopy(nodes)
    output = next(id_ for id_, node in nodes.items() if node["class_type"] == "SaveImage")
    loader = [id_ for id_, node in nodes.items() if "lora_name" in node["inputs"]][-1]
    nodes["90"] = {"class_type": "TinyMark", "inputs": {"image": nodes[output]["inputs"]["images"], "model": [loader, 0]}}
    nodes[output]["inputs"]["images"] = ["90", 0]
    return nodes


def write_lora(path: Path, strength: float = 1.0, layers: Mapping[str, tuple[int, int]] = WIDTHS, *, alpha: float = 4.0) -> None:
    """Random, rank 4, in kohya's spelling."""
    dice = np.random.default_rng(zlib.crc32(path.stem.encode()))
    tensors: dict[str, Any] = {}
    for name, (outputs, inputs) in layers.items():
        tensors[f"{name}.lora_down.weight"] = dice.normal(size=(4, inputs)).astype(np.float32) / inputs**0.5
        tensors[f"{name}.lora_up.weight"] = (strength * dice.normal(size=(outputs, 4))).astype(np.float32)
        tensors[f"{name}.alpha"] = np.array(alpha, np.float32)
    save_file(tensors, path, {"ss_network_dim": "4", "name": path.stem})


@dataclass
class RealComfyUI:
    """A program on a port of its own; `folder` has models/loras, input and out."""

    folder: Path
    port: int
    options: tuple[str, ...] = ()
    _process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def start(self, *, wait: bool = True) -> None:
        """Raises RuntimeError with its log if it does not answer in time."""
        program = Path(os.environ[FOLDER])
        places = {"output": "out", "temp": "temp", "user": "user", "input": "input"}
        arguments = ["--cpu", "--listen", "127.0.0.1", "--port", str(self.port), "--disable-auto-launch", "--disable-api-nodes"]
        arguments += ["--front-end-root", str(self.folder / "page"), "--database-url", "sqlite:///:memory:", "--fp32-text-enc"]
        arguments += ["--extra-model-paths-config", str(self.folder / "paths.yaml"), *self.options]
        arguments += [part for kind, name in places.items() for part in (f"--{kind}-directory", str(self.folder / name))]
        environment = {**os.environ, "OMP_NUM_THREADS": "2", "PYTHONDONTWRITEBYTECODE": "1", "OMP_WAIT_POLICY": "passive"}
        with (self.folder / "log.txt").open("ab") as log:
            command = [os.environ[PYTHON], "main.py", *arguments]
            self._process = subprocess.Popen(command, cwd=program, env=environment, stdout=log, stderr=log)
        if wait:
            self._wait()

    def _wait(self) -> None:
        client = Client(Address(self.url, True), Credentials(), Patience(pauses=(0.5,) * (2 * START_S)))
        try:
            client.get("/system_stats")
        finally:
            client.close()

    def kill(self) -> None:
        """At once, as a crash."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._process = None


@contextmanager
def real_comfyui(folder: Path, *options: str) -> Iterator[RealComfyUI]:
    """One with two tiny LoRAs and a picture to control by, until the block ends."""
    for name in ("models/loras", "page", "out", "temp", "user", "input"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "page/index.html").write_text("<html></html>")
    (folder / "paths.yaml").write_text(f"tiny:\n  base_path: {folder / 'models'}\n  loras: loras\n  custom_nodes: {NODES}\n")
    for name, alpha in zip(LORAS, (4.0, 3.0), strict=True):
        write_lora(folder / "models/loras" / name, alpha=alpha)
    Image.radial_gradient("L").convert("RGB").resize((64, 96)).save(folder / "input/pose.png")
    server = RealComfyUI(folder, free_port(), options)
    server.start()
    try:
        yield server
    finally:
        server.kill()


needs_comfyui = pytest.mark.skipif(
    not (os.environ.get(FOLDER) and os.environ.get(PYTHON)), reason=f"{FOLDER} and {PYTHON} name no installed ComfyUI"
)
