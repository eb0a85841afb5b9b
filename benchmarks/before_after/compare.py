"""Compares what two checkouts wrote: file by file where names are stable, as collections where they are random."""

from __future__ import annotations

import hashlib
import json
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from PIL import Image

IMAGES: Final = (".png", ".webp", ".jpg")
DATABASES: Final = (".db", ".db-wal", ".db-shm")
STAMPED: Final = ("opened.json", "hashes.json")
"""Hold sizes and times of files, which differ by nature."""
RANDOM: Final = ("artifacts", "mlflow-artifacts")
"""Folders whose files have random names."""
LATER: Final = ("done", "duration", "seconds", "minutes", "time", "ms_per")
"""Parts of keys whose values are times."""


@dataclass
class Comparison:
    """Counts of what was compared by kind, and a line for each difference."""

    compared: Counter[str] = field(default_factory=Counter)
    differences: list[str] = field(default_factory=list)
    additions: list[str] = field(default_factory=list)
    """Where the new side has all that the old has, and more keys."""

    @property
    def equal(self) -> bool:
        return not self.differences

    def check(self, kind: str, name: str, old: object, new: object) -> None:
        self.compared[kind] += 1
        if old == new:
            return
        if _contains(new, old):
            self.additions.append(f"{kind} {name}")
        else:
            self.differences.append(f"{kind} {name}: {_where(old, new)}")

    def table(self, title: str) -> str:
        rows = [f"{title}: {'equal' if self.equal else f'{len(self.differences)} differences'}"]
        for kind, count in sorted(self.compared.items()):
            wrong = sum(line.startswith(f"{kind} ") for line in self.differences)
            rows.append(f"  {kind:<18} {count:>6} compared {wrong:>5} differ")
        rows += [f"  {line}" for line in self.differences[:40]]
        return "\n".join([*rows, *(f"  more in {line}" for line in self.additions[:40])])

    def as_json(self) -> dict[str, Any]:
        return {
            "compared": dict(sorted(self.compared.items())),
            "differences": len(self.differences),
            "additions": len(self.additions),
        }


def compare_folders(old: Path, new: Path) -> Comparison:
    found = Comparison()
    ours, theirs = (set(_stable(folder)) for folder in (old, new))
    for name in sorted(ours ^ theirs):
        found.check("file", name, name in ours, name in theirs)
    for name in sorted(ours & theirs):
        found.check(_kind(name), name, _content(old, name), _content(new, name))
    for folder in RANDOM:
        sides = [_by_content(side / "workspace" / folder, side) for side in (old, new)]
        for content in sorted(set(sides[0]) | set(sides[1])):
            found.check(f"in {folder}", content[:60], sides[0][content], sides[1][content])
    _compare_trials(old, new, found)
    _compare_mlflow(old, new, found)
    return found


def _stable(folder: Path) -> Iterator[str]:
    """Files whose names do not depend on chance, relative to `folder`; what both sides were given is left out."""
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        random = parts[0] == "workspace" and len(parts) > 1 and parts[1] in (*RANDOM, "logs")
        given = parts[0] in ("photos", "done")
        if path.is_file() and path.suffix not in DATABASES and path.name not in STAMPED and not random and not given:
            yield "/".join(parts)


def _kind(name: str) -> str:
    path = Path(name)
    if path.suffix in IMAGES:
        return "cached image" if "workspace/images" in name else "image"
    return "LoRA" if path.suffix == ".safetensors" else "output" if name.startswith("outputs") else "text"


def _content(side: Path, name: str) -> object:
    path = side / name
    if path.suffix in IMAGES:
        return _image(path)
    if path.suffix == ".safetensors":
        return _safetensors(path)
    return _text(path, side)


def _image(path: Path) -> tuple[str, tuple[int, int], str, dict[str, str]]:
    """Mode, size, a digest of the pixels, and the texts inside."""
    with Image.open(path) as image:
        texts = {str(key): str(value) for key, value in image.info.items() if isinstance(value, str)}
        return image.mode, image.size, hashlib.sha256(image.tobytes()).hexdigest(), texts


def _safetensors(path: Path) -> dict[str, object]:
    """Each tensor's type, shape and a digest of its bytes, and the metadata."""
    data = path.read_bytes()
    length = int.from_bytes(data[:8], "little")
    header = json.loads(data[8 : 8 + length])
    metadata = header.pop("__metadata__", {})
    tensors: dict[str, object] = {}
    for name, entry in header.items():
        begin, end = (8 + length + offset for offset in entry["data_offsets"])
        tensors[name] = entry["dtype"], entry["shape"], hashlib.sha256(data[begin:end]).hexdigest()
    return {**tensors, "metadata": metadata}


def _text(path: Path, side: Path) -> object:
    """Without the name of the side's own folder; JSON as values, without times."""
    text = path.read_text(encoding="utf-8").replace(str(side), "")
    try:
        return _timeless(json.loads(text))
    except ValueError:
        return [line for line in text.splitlines() if not line.startswith("done in ")]


def _timeless(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {key: _timeless(entry) for key, entry in value.items() if not any(part in key for part in LATER)}
    return [_timeless(entry) for entry in value] if isinstance(value, list) else value


def _by_content(folder: Path, side: Path) -> Counter[str]:
    found: Counter[str] = Counter()
    for path in folder.rglob("*") if folder.exists() else ():
        if path.is_file():
            try:
                found[str(_image(path))] += 1
            except OSError:
                found[str(_text(path, side))] += 1
    return found


def _compare_trials(old: Path, new: Path, found: Comparison) -> None:
    """Trials of Optuna's storage: numbers, states, weights, values, constraints and what else is stored of them."""
    for name, ours, theirs in _both(old, new, "optuna.db", _trials):
        found.check("trial", name, ours, theirs)


def _trials(db: sqlite3.Connection, side: Path) -> dict[str, object]:
    trials: dict[int, dict[str, Any]] = {}
    labels = {}
    for trial, study, number, state in db.execute(
        "select trial_id, study_name, number, state from trials join studies using (study_id)"
    ):
        trials[trial], labels[trial] = {"state": state}, f"{study} {number}"
    for table, columns in (
        ("trial_params", "trial_id, param_name, param_value"),
        ("trial_values", "trial_id, objective, value"),
        ("trial_user_attributes", "trial_id, key, value_json"),
        ("trial_system_attributes", "trial_id, key, value_json"),
    ):
        for trial, key, value in db.execute(f"select {columns} from {table}"):
            if not str(key).startswith(("dashboard:", "artifacts:", "artifact")):
                trials[trial][f"{table} {key}"] = value
    return {labels[trial]: values for trial, values in trials.items()}


def _compare_mlflow(old: Path, new: Path, found: Comparison) -> None:
    """Parameters and metrics as collections, since runs have random names."""
    for name, ours, theirs in _both(old, new, "mlflow.db", _logged):
        found.check("in MLflow", name, ours, theirs)


def _logged(db: sqlite3.Connection, side: Path) -> dict[str, object]:
    found: dict[str, list[object]] = {}
    for table, columns in (("params", "key, value"), ("metrics", "key, value")):
        for key, value in db.execute(f"select {columns} from {table}"):
            if not any(part in key for part in LATER):
                found.setdefault(f"{table} {key}", []).append(value)
    return {name: sorted(map(str, values)) for name, values in found.items()}


def _both(
    old: Path, new: Path, name: str, read: Callable[[sqlite3.Connection, Path], dict[str, object]]
) -> Iterator[tuple[str, object, object]]:
    sides = []
    for side in (old, new):
        file = side / "workspace" / name
        if not file.exists():
            return
        with sqlite3.connect(f"file:{file}?mode=ro", uri=True) as db:
            sides.append(read(db, side))
    for key in sorted(set(sides[0]) | set(sides[1])):
        yield key, sides[0].get(key), sides[1].get(key)


def _contains(new: object, old: object) -> bool:
    """Whether `new` is `old` with more keys."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return all(key in new and _contains(new[key], value) for key, value in old.items())
    if isinstance(old, list) and isinstance(new, list):
        return len(old) == len(new) and all(_contains(theirs, ours) for ours, theirs in zip(old, new, strict=True))
    return old == new


def _where(old: object, new: object) -> str:
    """The first place in which two values differ, in few words."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in sorted({*old, *new}, key=str):
            if old.get(key) != new.get(key):
                return f"{key}: {_where(old.get(key), new.get(key))}"
    if isinstance(old, (list, tuple)) and isinstance(new, (list, tuple)):
        for index, (ours, theirs) in enumerate(zip(old, new, strict=False)):
            if ours != theirs:
                return f"{index}: {_where(ours, theirs)}"
    return f"{str(old)[:120]} | {str(new)[:120]}"
