"""What `validate` and `doctor` tell of the servers that draw a study."""

from __future__ import annotations

from pathlib import Path

import pytest

from models.errors import InputError
from optimizer.testing.fake_server.comfyui import FakeComfyUI
from optimizer.testing.fake_server.serving import free_port, serving
from optimizer.testing.fake_server.webui import FakeWebui
from studies.backends.remote import RemoteBackend
from studies.doctor.servers import server_lines, tried_server_lines
from studies.doctor.validate import validate_study
from studies.grid.grid import check_cells, grids_of
from studies.grid.parse import parse_axis
from studies.study import Study
from studies.testing.served_study import ServedStudy, painted_scene


def backend_of(study: Study) -> RemoteBackend:
    assert isinstance(study.backend, RemoteBackend)
    return study.backend


def test_a_workflow_its_nodes_and_loras(tmp_path: Path) -> None:
    served = ServedStudy(tmp_path)
    fake = FakeComfyUI(paint=painted_scene)
    with serving(fake.app()) as server:
        served.write({"with": "comfyui", "workflow": "mine_api.json", "url": server.url})
        study = served.open()
        lines = list(server_lines(study, backend_of(study)))
        assert lines[0].startswith(f"server     comfyui 0.3.64 at {server.url}")
        assert lines[1] == "base       base.safetensors, a hash of it cannot be had"
        assert "LoRA       dress: dress.safetensors" in lines[2]
        assert "not compared: there is no dress.safetensors here" in lines[2]
        assert [line for line in lines if line.startswith("workflow   sampler: 5 (KSampler")]
        assert lines[-1] == "draws      64x96, 4 steps of euler normal, CFG 7.5"
        assert "study      outfit: valid" in list(validate_study(study))
        assert not fake.drawn
        assert not study.workspace.root.exists()
        fake.loras = ("shoes.safetensors", "dres.safetensors")
        with pytest.raises(InputError, match=r"no LoRA dress.safetensors.*dres.safetensors"):
            list(validate_study(served.open()))
        served.close()


def test_doctor_tries_every_server(tmp_path: Path) -> None:
    served = ServedStudy(tmp_path)
    with serving(FakeWebui(paint=painted_scene).app()) as server:
        away = f"http://127.0.0.1:{free_port()}"
        served.write({"with": "webui", "url": [away, server.url]}, base={"checkpoint": "base"})
        study = served.open()
        lines = list(tried_server_lines(study, backend_of(study)))
        served.close()
    assert [well for _, well in lines][:2] == [False, True], lines
    assert lines[0][0].startswith(f"server     {away}: DOES NOT FIT: no server answers")
    assert any("LoRA       shoes: shoes" in line for line, _ in lines)


def test_samplers_of_a_grid_are_those_of_the_server(tmp_path: Path) -> None:
    served = ServedStudy(tmp_path)
    with serving(FakeComfyUI(paint=painted_scene).app()) as server:
        served.write({"with": "comfyui", "workflow": "mine_api.json", "url": server.url})
        study = served.open()
        axes = [parse_axis("sampler=euler normal,lms karras", study.spec), parse_axis("cfg=5,6", study.spec)]
        check_cells(study, grids_of(7, study.start, axes))
        wrong = [parse_axis("sampler=euler normal,lns karras", study.spec), axes[1]]
        with pytest.raises(InputError, match=r"no sampler lns karras can be drawn there; the nearest it has: lms karras"):
            check_cells(study, grids_of(7, study.start, wrong))
        served.close()
