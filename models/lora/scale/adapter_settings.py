"""peft's settings of an adapter: where they stand, the alphas are in them and not next to the matrices.

Places: adapter_config.json next to the file (peft's `save_pretrained`), and `lora_adapter_metadata` in the header (diffusers, one
set for each model of the pipeline) and its like. peft's own rules apply: patterns are regular expressions that match the end of
a layer's name.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from models.errors import InputError
from models.language.translate import phrase
from models.lora.sites import DENOISER, TEXT, TEXT_2, Part

CONFIG_FILE: Final = "adapter_config.json"
HEADER_KEY: Final = "lora_adapter_metadata"
PREFIXES: Final[dict[Part, str]] = {DENOISER: "unet", TEXT: "text_encoder", TEXT_2: "text_encoder_2"}
DEFAULT_ALPHA: Final = 8
"""peft's `lora_alpha` where its settings have none."""
CHANGES_BASE: Final = ("pissa", "olora", "corda", "loftq", "lora_ga")
"""Values of `init_lora_weights` with which peft takes the first update out of the base's own weights."""
OTHER_UPDATES: Final = (
    "alora_invocation_tokens", "arrow_config", "kasa_config", "layer_replication", "monteclora_config", "target_parameters",
    "trainable_token_indices", "use_bdlora", "use_qalora",
)  # fmt: skip
"""Settings with which an adapter is more, or other, than a sum of up @ down."""


@dataclass(frozen=True)
class AdapterSettings:
    """What peft's settings state of one model's adapter. Names of layers are those of the model that was trained."""

    values: Mapping[str, Any]
    source: str
    """Where they stand, for people."""

    def alpha(self, path: Path, names: Sequence[str], rank: int) -> float:
        """The alpha in effect, such that alpha / rank is peft's scale. `names` are spellings of one layer, the file's own first.

        Raises InputError if the settings state another rank than the layer has, or an alpha that is no finite number.
        """
        stated = self._matched(path, "rank_pattern", names, self.values.get("r", rank))
        if _number(path, stated, phrase("a rank"), self.source) != rank:
            what = phrase(
                "{source} states rank {stated} for '{name}', whose matrices have rank {rank}",
                source=self.source,
                stated=stated,
                name=names[0],
                rank=rank,
            )
            raise InputError(what, path, "put the settings that were saved with it next to it")
        default = self.values.get("lora_alpha", DEFAULT_ALPHA)
        alpha = _number(path, self._matched(path, "alpha_pattern", names, default), phrase("an alpha"), self.source)
        return alpha * math.sqrt(rank) if _is_true(self.values.get("use_rslora")) else alpha

    def check(self, path: Path) -> None:
        """Raises InputError if the settings are of an adapter that up @ down alone does not express."""
        kind = str(self.values.get("peft_type") or "LORA").rpartition(".")[2].upper()
        init = str(self.values.get("init_lora_weights") or "").lower()
        extra = next((key for key in OTHER_UPDATES if self.values.get(key)), None)
        if kind != "LORA":
            raise InputError(
                phrase("{source} states a {kind} adapter, which is no plain LoRA", source=self.source, kind=kind),
                path,
                "use a LoRA version of it",
            )
        if init.startswith(CHANGES_BASE):
            what = phrase(
                "{source} states init_lora_weights {init}: its matrices are for a base whose weights it changed",
                source=self.source,
                init=init[:20],
            )
            raise InputError(what, path, "save it with peft's path_initial_model_for_weight_conversion")
        if extra is not None:
            raise InputError(
                phrase("{source} states {extra}, which is not read here", source=self.source, extra=extra),
                path,
                "use a plain LoRA version of it",
            )

    def leaves_out(self, path: Path, names: Sequence[str]) -> bool:
        """Whether peft would pass the layer over, because the settings do not name it among those that were trained."""
        excluded, targets = self.values.get("exclude_modules"), self.values.get("target_modules")
        if excluded and any(_targeted(path, excluded, name, self.source) for name in names):
            return True
        if not targets or targets == "all-linear":
            return False
        return not any(_targeted(path, targets, name, self.source) for name in names)

    def _matched(self, path: Path, key: str, names: Sequence[str], default: object) -> object:
        """The value of the first pattern that matches the first name that any matches: peft's `get_pattern_key`."""
        patterns = self.values.get(key) or {}
        if not isinstance(patterns, Mapping):
            raise InputError(
                phrase("{source}: {key} is no table", source=self.source, key=key),
                path,
                "put the settings that were saved with it next to it",
            )
        for name in names:
            for pattern, value in patterns.items():
                if _matches(path, rf"(.*\.)?({pattern})$", name, self.source):
                    return value
        return default


def header_settings(path: Path, metadata: Mapping[str, str]) -> dict[Part, AdapterSettings]:
    """Those that a file's metadata state, by part of the base; empty where they state none."""
    stored = _table(path, metadata.get(HEADER_KEY), HEADER_KEY)
    if stored:
        return {part: settings for part in PREFIXES if (settings := _of_part(stored, part)) is not None}
    for key in ("adapter_config", "peft_config", "lora_config"):
        nested = _table(path, metadata.get(key), key) if "lora_alpha" in metadata.get(key, "") else {}
        if nested:
            return dict.fromkeys(PREFIXES, AdapterSettings(nested, f"'{key}' of its metadata"))
    return {}


def config_settings(path: Path, config: Path) -> AdapterSettings:
    """Those of an adapter_config.json. Raises InputError if it does not read."""
    try:
        text = config.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(
            phrase("its {config_file} does not read, so that its scale is unknown", config_file=CONFIG_FILE),
            path,
            "save it again",
        ) from error
    return AdapterSettings(_table(path, text, CONFIG_FILE), CONFIG_FILE)


def _of_part(stored: Mapping[str, Any], part: Part) -> AdapterSettings | None:
    prefix = f"{PREFIXES[part]}."
    own = {key.removeprefix(prefix): value for key, value in stored.items() if key.startswith(prefix)}
    # Without prefixes, as one model's adapter has them.
    flat = {} if any(key.startswith(f"{p}.") for key in stored for p in PREFIXES.values()) else dict(stored)
    values = own or flat
    return AdapterSettings(values, "the adapter metadata") if values else None


def _table(path: Path, text: str | None, where: str) -> dict[str, Any]:
    try:
        found = json.loads(text or "{}")
    except (json.JSONDecodeError, RecursionError) as error:
        raise InputError(
            phrase("its {where} does not read, so that its scale is unknown", where=where), path, "save it again"
        ) from error
    if not isinstance(found, dict):
        raise InputError(phrase("its {where} is no table, so that its scale is unknown", where=where), path, "save it again")
    return found


def _number(path: Path, value: object, what: str, source: str) -> float:
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        number = math.nan
    if isinstance(value, bool) or not math.isfinite(number):
        raise InputError(
            phrase("{source} states {what} that is no number ({value})", source=source, what=what, value=str(value)[:40]),
            path,
            "mend or remove it",
        )
    return number


def _is_true(value: object) -> bool:
    return value is True or str(value).lower() in ("true", "1")


def _targeted(path: Path, targets: object, name: str, source: str) -> bool:
    """peft's `check_target_module_exists`: an expression matches the whole name, the items of a list its end."""
    if isinstance(targets, str):
        return _matches(path, targets, name, source, whole=True)
    return isinstance(targets, Iterable) and any(name == one or name.endswith(f".{one}") for one in targets)


def _matches(path: Path, pattern: str, name: str, source: str, *, whole: bool = False) -> bool:
    try:
        return (re.fullmatch if whole else re.match)(pattern, name) is not None
    except re.error as error:
        raise InputError(
            phrase("{source} has a pattern that does not read ('{pattern}')", source=source, pattern=pattern[:60]),
            path,
            "mend or remove it",
        ) from error
