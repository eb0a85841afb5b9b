"""A study of a flow-matching base, the whole way by the verbs: new, init, scout, lock, run, show, pick, export."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml
from PIL import Image
from typer.testing import CliRunner, Result

from models.testing.flow.folders import saved, z_image_pipeline
from models.testing.flow.loras import save_lora
from studies.cli.app import app
from studies.paperdoll.photos import write_photos
from studies.paperdoll.study import study_text

pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::FutureWarning", "ignore::UserWarning")


def called(*words: str, status: int = 0) -> Result:
    result = CliRunner().invoke(app, list(words))
    assert result.exit_code == status, result.output
    return result


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """With a base and a LoRA whose weights are random."""
    monkeypatch.chdir(tmp_path)
    called("new", ".")
    pipe = z_image_pipeline()
    saved(pipe, tmp_path / "models/Z-Image")
    save_lora(tmp_path / "loras/mydress.safetensors", pipe.transformer, "ai-toolkit")
    write_photos("testdress", tmp_path / "photos/mydress", count=2)
    return tmp_path


def written(project: Path) -> None:
    """What a person edits: a small picture, and the lab's models to judge it."""
    file = project / "studies/dressed/study.yaml"
    study = yaml.safe_load(file.read_text(encoding="utf-8"))
    study["render"] |= {"width": 64, "height": 96, "steps": 2, "rng": "cpu"}
    study["loras"]["mydress"]["references"] = "photos/mydress"
    study["seeds"] = {"scout": 1, "keep": 1}
    study["scorers"] = yaml.safe_load(study_text(project))["scorers"]
    file.write_text(yaml.safe_dump(study, sort_keys=False), encoding="utf-8")


def test_from_init_to_export(project: Path) -> None:
    called("init", "dressed")
    written(project)
    assert "study      dressed: valid" in called("validate", "dressed").output
    scouted = called("scout", "dressed").output
    seed = re.findall(r"1\. (\d+)", scouted)[0]
    called("lock", "dressed", seed)
    # Noise is no figure, and no weights make it one: that is told, and is no fault.
    ran = called("run", "dressed", status=1).output
    assert "no weights meet every requirement" in ran
    shown = json.loads(called("show", "dressed", "--json", status=1).output)
    called("pick", "dressed", "--seed", seed, "--trial", "0")
    exported = called("export", "dressed", "--to", "png").output
    assert "A1111" not in exported
    exports = project / "studies/dressed/workspace/exports"
    assert [file.name for file in exports.iterdir()] == [f"seed-{seed}.png"]
    with Image.open(exports / f"seed-{seed}.png") as image:
        assert image.size == (64, 96)
        assert f"Seed: {seed}" in image.text["parameters"]  # type: ignore[attr-defined]
    assert shown
    called("enlarge", "dressed")
    refused = CliRunner().invoke(app, ["enlarge", "dressed", "--redraw"])
    assert "draws along a flow, and parts of its pictures are not redrawn" in str(refused.exception)
    called("export", "dressed", "--to", "png")
    with Image.open(exports / f"seed-{seed}-large.png") as image:
        assert image.size == (128, 192)
