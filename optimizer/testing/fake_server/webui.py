"""A fake A1111: its API over a `Paint`, with what the real one does without a word.

It answers 200 to a sampler, schedule, LoRA or checkpoint that it does not know, and draws another picture. It keeps what a
request set of settings that were never saved, and lists those at their defaults. It answers an interrupted request with an
unfinished picture whose infotext says all steps. So does version 1.10.1; none of its code is here.
"""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import json
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from optimizer.testing.fake_server.scene import Paint, Scene, flat
from optimizer.testing.fake_server.webui_text import SAMPLERS, SCHEDULERS, corrected, info, infotext, parsed

if TYPE_CHECKING:
    from PIL.Image import Image
    from starlette.applications import Starlette
    from starlette.requests import Request
    from starlette.responses import Response

DEFAULTS: Final[Mapping[str, Any]] = {
    "samples_format": "png",
    "sd_model_checkpoint": None,
    "sd_vae": "Automatic",
    "CLIP_stop_at_last_layers": 1,
    "randn_source": "GPU",
    "eta_noise_seed_delta": 0,
    "emphasis": "Original",
    "pad_cond_uncond": False,
    "s_min_uncond": 0.0,
    "token_merging_ratio": 0.0,
    "uni_pc_order": 3,
    "sd_lora": "None",
    "face_restoration": False,
    "use_old_hires_fix_width_height": False,
    "add_model_hash_to_info": True,
    "add_model_name_to_info": True,
    "add_version_to_infotext": True,
    "enable_pnginfo": True,
    "lora_add_hashes_to_infotext": True,
    "textual_inversion_add_hashes_to_infotext": True,
    "live_previews_enable": True,
    "jpeg_quality": 80,
}
ONLY: Final[Mapping[str, Mapping[str, Any]]] = {
    "forge": {"forge_additional_modules": [], "forge_unet_storage_dtype": "Automatic"},
    "reforge": {"euler_og_s_noise": 1.0, "deis_max_order": 3},
    "sdnext": {"schedulers_sigma": "default", "diffusers_generator_device": "GPU"},
}
"""Settings of one program."""
Change: TypeAlias = Callable[[dict[str, Any]], dict[str, Any]]
"""What a test does to the answer before it is sent."""


@dataclass
class FakeWebui:
    """A server's state, which a test may change while it serves."""

    paint: Paint = flat
    kind: str = "webui"
    """Or "forge", "reforge", "sdnext": their routes and what they state."""
    loras: Mapping[str, Path | None] = field(default_factory=lambda: {"dress": None, "shoes": None, "face": None})
    """Names, and files where there are any: their paths are listed."""
    checkpoints: tuple[str, ...] = ("base.safetensors", "other.safetensors")
    options: dict[str, Any] = field(default_factory=lambda: {"sd_model_checkpoint": "base.safetensors"})
    """Settings that were saved or sent; others are at `DEFAULTS`."""
    scripts: tuple[str, ...] = ("x/y/z plot", "controlnet", "adetailer", "sampler", "seed")
    step_s: float = 0.0
    """Seconds a step takes."""
    broken: frozenset[str] = frozenset()
    """LoRAs that it lists and cannot open: it draws without them."""
    ignored: frozenset[str] = frozenset()
    """LoRAs that do not act, though it states their hashes."""
    refusal: tuple[int, Mapping[str, Any]] | None = None
    """Status and body that the next request for a picture gets."""
    change: Change | None = None
    """Applied to every answer of txt2img but the first small picture's."""
    garble: Callable[[bytes], Response] | None = None
    """Makes of every answer to txt2img what is sent."""
    user: str | None = None
    """`user:password`, if it asks for them."""
    warming: int = 0
    """How many of the next requests find no API: the page answers before it while the program starts."""
    page: bool = True
    """Whether it has the route of the page that knows tasks."""
    interrupt_at: int | None = None
    """The step at which a person at the page interrupts the next picture."""
    requests: list[dict[str, Any]] = field(default_factory=list)
    """Bodies of txt2img, in their order."""
    drawn: list[Scene] = field(default_factory=list)
    state: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.begin(0, "")
        self._queue: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None

    def begin(self, steps: int, job: str) -> None:
        self.state.update(interrupted=False, skipped=False, job=job, job_no=0, job_count=1 if job else 0)
        self.state.update(task=None, sampling_step=0, sampling_steps=steps, job_timestamp=str(time.time_ns()))

    def setting(self, name: str) -> Any:
        return self.options.get(name, {**DEFAULTS, **ONLY.get(self.kind, {})}[name])

    def app(self) -> Starlette:
        """The application; its state is this object's."""
        from starlette.applications import Starlette
        from starlette.responses import JSONResponse
        from starlette.routing import Route

        def guarded(answer: Callable[[Request], Awaitable[Response]]) -> Callable[[Request], Awaitable[Response]]:
            async def checked(request: Request) -> Response:
                if self.warming:
                    self.warming -= 1
                    return JSONResponse({"detail": "Not Found"}, 404)
                sent = request.headers.get("authorization", "")
                if self.user and sent != f"Basic {base64.b64encode(self.user.encode()).decode()}":
                    return JSONResponse({"detail": "Incorrect username or password"}, 401)
                return await answer(request)

            return checked

        def listed(of: Callable[[], Any]) -> Callable[[Request], Awaitable[Response]]:
            async def answer(request: Request) -> Response:
                return JSONResponse(of())

            return guarded(answer)

        async def txt2img(request: Request) -> Response:
            status, body = await self.txt2img(await request.json())
            answer = JSONResponse(body, status)
            return answer if self.garble is None else self.garble(bytes(answer.body))

        async def interrupt(request: Request) -> Response:
            self.state["interrupted"] = True
            return JSONResponse({})

        async def task(request: Request) -> Response:
            ours = (await request.json())["id_task"] == self.state["task"]
            return JSONResponse({"active": ours} if self.page else {"detail": "Not Found"}, 200 if self.page else 404)

        async def nothing(request: Request) -> Response:
            return JSONResponse(None)

        lists: dict[str, Callable[[], Any]] = {
            "samplers": lambda: [{"name": name, "aliases": [], "options": options} for name, options in SAMPLERS.items()],
            "schedulers": lambda: [{"name": name.lower(), "label": name, "aliases": None} for name in SCHEDULERS],
            "sd-models": lambda: [self._checkpoint(name) for name in self.checkpoints],
            "sd-vae": lambda: [{"model_name": "kl.safetensors", "filename": "/vae/kl.safetensors"}],
            "loras": lambda: [self._lora(name) for name in self.loras],
            "scripts": lambda: {"txt2img": list(self.scripts), "img2img": []},
            "options": lambda: {name: _as_listed(self.setting(name)) for name in {**DEFAULTS, **ONLY.get(self.kind, {})}},
            "memory": lambda: {"ram": {}, "cuda": {"error": "unavailable"}},
            "embeddings": lambda: {"loaded": {"easynegative": {}}, "skipped": {"other": {}}},
            "progress": lambda: {"progress": 0.0, "eta_relative": 0.0, "state": self.state, "textinfo": None},
        }
        if self.kind == "forge":
            lists["sd-modules"] = lists.pop("sd-vae")
        elif self.kind == "sdnext":
            lists["version"] = lambda: {"app": "sd.next"}
            lists["schedulers"] = lambda: [{"name": "Euler", "cls": "EulerDiscreteScheduler", "options": {}}]
        routes = [Route(f"/sdapi/v1/{name}", listed(of)) for name, of in lists.items()]
        routes += [
            Route(f"/sdapi/v1/refresh-{name}", guarded(nothing), methods=["POST"]) for name in ("checkpoints", "loras", "vae")
        ]
        routes.append(Route("/sdapi/v1/txt2img", guarded(txt2img), methods=["POST"]))
        routes.append(Route("/sdapi/v1/interrupt", guarded(interrupt), methods=["POST"]))
        routes.append(Route("/internal/progress", task, methods=["POST"]))
        return Starlette(routes=routes)

    async def txt2img(self, body: dict[str, Any]) -> tuple[int, Any]:
        """Status and answer."""
        async with self._one_at_a_time():
            self.requests.append(body)
            if self.refusal is not None:
                (status, refused), self.refusal = self.refusal, None
                return status, refused
            unknown = next((title for title in body.get("alwayson_scripts", {}) if title.lower() not in self.scripts), None)
            if unknown is not None:
                return 422, {"detail": f"Script '{unknown}' not found"}
            sent = dict(body.get("override_settings", {}))
            stored = {name: self.options[name] for name in sent if name in self.options}
            for name, value in sent.items():
                if name not in {**DEFAULTS, **ONLY.get(self.kind, {})}:
                    self.options.update(stored)
                    return 500, {"error": "KeyError", "detail": "", "body": "", "errors": repr(name)}
                if name != "sd_model_checkpoint" or value in self.checkpoints:
                    self.options[name] = value
            try:
                return 200, await self._drawn(body)
            finally:
                self.options.update(stored)
                self.state.update(job="", job_count=0, task=None)

    def _one_at_a_time(self) -> asyncio.Lock:
        """Anew for each start of the server: one that was killed leaves no queue."""
        loop = asyncio.get_running_loop()
        if self._queue is None or self._queue[0] is not loop:
            self._queue = loop, asyncio.Lock()
        return self._queue[1]

    async def _drawn(self, body: Mapping[str, Any]) -> dict[str, Any]:
        sampler, scheduler = corrected(body.get("sampler_name", ""), body.get("scheduler"))
        request = {"negative_prompt": "", "cfg_scale": 7.0, **body, "sampler_name": sampler, "scheduler": scheduler}
        self.begin(request["steps"], "scripts_txt2img")
        self.state["task"] = request.get("force_task_id")
        for step in range(request["steps"]):
            await asyncio.sleep(self.step_s)
            if step == self.interrupt_at:
                self.interrupt_at, self.state["interrupted"] = None, True
            if self.state["interrupted"]:
                break
            self.state["sampling_step"] = step
        text, wanted = parsed(request["prompt"])
        loras = {name: weight for name, weight in wanted if name in self.loras and name not in self.broken}
        acting = dict.fromkeys(self.loras, 0.0) | {name: w for name, w in loras.items() if name not in self.ignored}
        steps = self.state["sampling_step"] + 1
        numbers = request["cfg_scale"], steps, sampler, request["width"] // 8 * 8, request["height"] // 8 * 8
        scene = Scene(request["seed"], text, request["negative_prompt"], *numbers, acting)
        name = self.setting("sd_model_checkpoint")
        stated = {
            "kind": self.kind,
            "hash": _digest(name)[:10],
            "model": Path(name).stem,
            "loras": {n: self.lora_hash(n)[:12] for n in loras},
        }
        written = infotext(request, {**DEFAULTS, **self.options}, stated)
        about = info(request, {**DEFAULTS, **self.options}, stated, [written])
        first = request["width"] == request["height"] == 64 and request["steps"] == 1
        if not first:
            self.drawn.append(scene)
        answer = {"images": [encoded(self.paint(scene), written)], "parameters": {}, "info": about}
        answer = answer if first or self.change is None else self.change(answer)
        return {**answer, "info": json.dumps(answer["info"]) if isinstance(answer.get("info"), dict) else answer.get("info")}

    def lora_hash(self, name: str) -> str:
        """As the program computes it: of a file's tensors alone."""
        file = self.loras[name]
        if file is None:
            return _digest(name)
        content = file.read_bytes()
        return hashlib.sha256(content[8 + int.from_bytes(content[:8], "little") :]).hexdigest()

    def _checkpoint(self, name: str) -> dict[str, Any]:
        digest = _digest(name)
        known = {"hash": digest[:10], "sha256": digest, "filename": f"/models/{name}", "config": None}
        return {"title": f"{name} [{digest[:10]}]", "model_name": Path(name).stem, **known}

    def _lora(self, name: str) -> dict[str, Any]:
        return {
            "name": name,
            "alias": f"{name} alias",
            "path": str(self.loras[name] or f"/loras/{name}.safetensors"),
            "metadata": {},
        }


def encoded(picture: Image, text: str | None = None) -> str:
    """A PNG in base64, with the infotext inside."""
    from PIL.PngImagePlugin import PngInfo

    held, written = io.BytesIO(), PngInfo()
    if text is not None:
        written.add_text("parameters", text)
    picture.save(held, "PNG", pnginfo=written)
    return base64.b64encode(held.getvalue()).decode()


def _digest(name: str) -> str:
    return hashlib.sha256(name.encode()).hexdigest()


def _as_listed(value: Any) -> Any:
    """Whole numbers are listed as fractions."""
    return float(value) if isinstance(value, int) and not isinstance(value, bool) and value else value
