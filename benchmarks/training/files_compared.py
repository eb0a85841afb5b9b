"""What two LoRA files have that the other lacks: tensors, shapes, types, alphas and metadata keys."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

Differences = dict[str, list[str]]


def differences(ours: Path, theirs: Path) -> Differences:
    """By kind, each a sorted list, empty where the two are alike. Values of metadata are not compared: they tell of each side."""
    (tensors, metadata), (other_tensors, other_metadata) = _read(ours), _read(theirs)
    return {
        "tensors_ours_alone": sorted(tensors.keys() - other_tensors.keys()),
        "tensors_theirs_alone": sorted(other_tensors.keys() - tensors.keys()),
        "shapes": _unlike(tensors, other_tensors, lambda tensor: tuple(tensor.shape)),
        "types": _unlike(tensors, other_tensors, lambda tensor: str(tensor.dtype)),
        "alphas": _unlike(_alphas(tensors), _alphas(other_tensors), float),
        "metadata_ours_alone": sorted(metadata.keys() - other_metadata.keys()),
        "metadata_theirs_alone": sorted(other_metadata.keys() - metadata.keys()),
    }


def print_differences(found: Differences, other: str) -> None:
    """A line for each kind, the first names alone where there are many tensors."""
    print(f"the files, ours and {other}'s:")
    for kind, names in found.items():
        shown = names if kind.startswith("metadata") else names[:3]
        more = f" and {len(names) - len(shown)} more" if len(names) > len(shown) else ""
        print(f"  {kind.replace('_', ' '):<24}{len(names):>4}  {', '.join(shown)}{more}", flush=True)


def counted(found: Differences) -> dict[str, object]:
    """For the record: how many tensors, and which keys of metadata."""
    return {kind: names if kind.startswith("metadata") else len(names) for kind, names in found.items()}


def _read(path: Path) -> tuple[dict[str, Any], dict[str, str]]:
    from safetensors import safe_open

    with safe_open(path, framework="pt") as file:
        return {name: file.get_tensor(name) for name in file.keys()}, dict(file.metadata() or {})  # noqa: SIM118  # no mapping


def _alphas(tensors: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tensor for name, tensor in tensors.items() if name.endswith(".alpha")}


def _unlike(ours: Mapping[str, Any], theirs: Mapping[str, Any], seen: Callable[[Any], object]) -> list[str]:
    return sorted(name for name in ours.keys() & theirs.keys() if seen(ours[name]) != seen(theirs[name]))
