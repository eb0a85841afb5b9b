"""A person's first study with models of true size in their true files: checked, run, overruled, taken home, without a surprise.

Their weights are random, so what they see means nothing: no pick is expected, and a person chooses one.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from models.base.family import CONFIGS
from models.lora.file import write_lora
from models.lora.sites import DENOISER
from models.testing.bases import random_parts
from models.testing.ldm import write_single_file
from models.testing.rtmpose import write_rtmpose_l
from scorers.testing.face_pack import write_face_pack
from scorers.testing.full_size import write_segformer_b2, write_vit_l_14
from studies.paperdoll.world.draw import draw
from studies.paperdoll.world.everyday import random_figure
from studies.paperdoll.world.products import wear
from studies.starter.found_study import found_study
from tests.studies.export.test_diffusers_script import layers_of

pytestmark = pytest.mark.slow
SEED = 7
PHOTOS = 3


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Models of some 4 GB, one LoRA, photos of it, and the study that `huanhua init` writes, filled in."""
    made = tmp_path_factory.mktemp("first")
    for name in ("models", "loras", "data/dress"):
        (made / name).mkdir(parents=True)
    write_models(made / "models")
    write_base_and_lora(made)
    for i in range(PHOTOS):
        figure = wear(random_figure(np.random.default_rng((5, i))), "testdress")
        draw(figure, size=(512, 768), seed=i).image.save(made / "data" / "dress" / f"IMG_{i:04d}.jpg", quality=92)
    (made / "study.yaml").write_text(yaml.safe_dump(filled_in(yaml.safe_load(found_study(made, "my-study")))), encoding="utf-8")
    yield made
    shutil.rmtree(made)


def write_models(folder: Path) -> None:
    write_segformer_b2(folder / "segformer_b2_clothes")
    write_vit_l_14(folder / "vit-l-14.safetensors")
    write_face_pack(folder / "buffalo_l")
    write_rtmpose_l(folder / "dw-ll_ucoco_384.onnx")


def write_base_and_lora(folder: Path) -> None:
    parts = tuple(part.half() for part in random_parts(CONFIGS / "sd15"))
    write_single_file(folder / "models" / "chilloutmix.safetensors", *parts)
    torch.manual_seed(0)
    write_lora(folder / "loras" / "testdress.safetensors", {DENOISER: layers_of(parts[0], "attn2", lambda i: 8, 0.05)}, {})


def filled_in(study: dict[str, Any]) -> dict[str, Any]:
    """Few steps and pixels; every model by the place where it lies."""
    study["render"] |= {"width": 128, "height": 192, "steps": 2, "rng": "cpu"}
    study["loras"] = {"dress": study["loras"]["dress"]}
    study["search"] = {"trials": 4, "require": {"dress": 0.7}}
    study["seeds"] = [SEED]
    study["scorers"]["garment"]["pretrained"] = "models/vit-l-14.safetensors"
    study["scorers"]["face"]["pack"] = "models/buffalo_l"
    study["scorers"]["parts"]["model"] = "models/segformer_b2_clothes"
    return study


def huanhua(folder: Path, *words: str, status: tuple[int, ...] = (0,)) -> str:
    done = subprocess.run([sys.executable, "-m", "huanhua", *words], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode in status, done.stderr
    assert "Warning" not in done.stderr, done.stderr
    assert "Traceback" not in done.stderr, done.stderr
    return done.stdout


def test_the_first_study_meets_no_surprise(folder: Path) -> None:
    checked = huanhua(folder, "validate", ".")
    assert "study      my-study: valid" in checked
    assert f"references dress: {PHOTOS} photos show it" in checked
    huanhua(folder, "run", ".", status=(0, 1))
    (seed,) = json.loads(huanhua(folder, "show", ".", "--json", status=(0, 1)))["seeds"]
    assert seed["trials"] >= 1
    huanhua(folder, "pick", ".", "--seed", str(SEED), "--trial", "0")
    written = [path for to in ("png", "a1111", "comfyui", "lora") for path in huanhua(folder, "export", ".", "--to", to).split()]
    assert [(folder / path).stat().st_size > 0 for path in written] == [True] * 5
    assert "nearest IMG_" in huanhua(folder, "score", written[0], "--study", ".", "--seed", str(SEED))
    assert (folder / huanhua(folder, "lookbook", ".").strip()).is_file()
