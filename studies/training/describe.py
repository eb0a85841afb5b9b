"""A training set and a finished LoRA in lines for people."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from trainers.prepare.dataset_writer import Prepared
    from trainers.train.progress import Progress, Trained


def describe_prepared(prepared: Prepared) -> list[str]:
    """Counts and sizes of images, the photos that were set aside, and advice."""
    manifest = prepared.manifest
    lines = [f"{prepared.pictures} photos -> {prepared.out}"]
    for name, sizes in prepared.sizes.items():
        repeats = manifest.train_repeats if name == "train" else manifest.reg_repeats
        if not sizes:
            lines.append(f"  {name}: none")
            continue
        shown = ", ".join(f"{n} of {w}x{h}" for (w, h), n in sorted(sizes.items()))
        under = f", trained under '{manifest.reg_token}'" if name == "reg" else ""
        lines.append(f"  {name}: {shown}, each {repeats} times an epoch{under}")
    if prepared.captions:
        lines.append(f"  captions of {prepared.captions} photos were found next to them and kept, the trigger in front")
    lines += [f"  set aside: {a.file} ({a.why})" for a in manifest.set_aside]
    return lines + [f"  advice: {line}" for line in manifest.warnings]


def describe_trained(trained: Trained) -> list[str]:
    """Steps, seconds and loss, and advice on the training set."""
    counts = f"{trained.steps} steps ({trained.train_steps} of train, {trained.reg_steps} of reg)"
    advice = [f"  advice: {line}" for line in trained.advice]
    if trained.seconds == 0:
        return [f"{trained.path.name}: trained already, {counts}", *advice]
    return [f"{trained.path.name}: {counts} in {trained.seconds:.0f} s, loss {trained.loss:.3f}", *advice]


def describe_progress(progress: Progress) -> str:
    """Stage and loss, as a progress bar shows them."""
    return f"{progress.stage} loss {progress.loss:.3f}"
