"""What is measured of drawing through ComfyUI."""

from __future__ import annotations

import pytest

from optimizer.testing.comfyui_overhead import overhead_ms
from optimizer.testing.fake_server.comfyui import FakeComfyUI
from optimizer.testing.fake_server.serving import serving
from tests.optimizer.render.remote.comfyui.drawn_with import OPENED, job, renderer_over


def test_the_servers_own_time_is_left_out() -> None:
    fake = FakeComfyUI(step_s=0.1)
    with serving(fake.app()) as server:
        renderer = renderer_over(server.url)
        added = overhead_ms(renderer, renderer._client, [job(0.1), job(0.2), job(0.3)])
        renderer.close()
        OPENED.clear()
    assert len(added) == 3
    # Four steps of 0.1 s are the server's own.
    assert min(added) < 300


def test_a_server_that_states_no_time_is_an_error() -> None:
    fake = FakeComfyUI()
    with serving(fake.app()) as server:
        renderer = renderer_over(server.url)
        renderer.render([job()])
        fake.on_answer = lambda path, content: (200, content.replace(b"timestamp", b"t"))
        with pytest.raises(ValueError, match="does not state its own time"):
            overhead_ms(renderer, renderer._client, [job(0.1)])
        renderer.close()
        OPENED.clear()
