"""A training set and a finished LoRA in lines for people."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from models.language.translate import said, translated

if TYPE_CHECKING:
    from trainers.prepare.dataset_writer import Prepared
    from trainers.train.progress import Progress, Trained


def describe_prepared(prepared: Prepared) -> list[str]:
    """Counts and sizes of images, the photos that were set aside, and advice."""
    manifest = prepared.manifest
    lines = [said("{count} photos -> {folder}", count=prepared.pictures, folder=prepared.out)]
    for name, sizes in prepared.sizes.items():
        repeats = manifest.train_repeats if name == "train" else manifest.reg_repeats
        if not sizes:
            lines.append("  " + said("{folder}: none", folder=name))
            continue
        shown = said(", ").join(said("{count} of {size}", count=n, size=f"{w}x{h}") for (w, h), n in sorted(sizes.items()))
        under = said(", trained under '{token}'", token=manifest.reg_token) if name == "reg" else ""
        each = said("{folder}: {pictures}, each {repeats} times an epoch", folder=name, pictures=shown, repeats=repeats)
        lines.append(f"  {each}{under}")
    if prepared.captions:
        count = prepared.captions
        lines.append(
            "  " + said("captions of {count} photos were found next to them and kept, the trigger in front", count=count)
        )
    lines += ["  " + said("set aside: {file} ({why})", file=a.file, why=translated(a.why)) for a in manifest.set_aside]
    return lines + _advice(manifest.warnings)


def describe_trained(trained: Trained) -> list[str]:
    """Steps, seconds and loss, and advice on the training set."""
    train, reg = trained.train_steps, trained.reg_steps
    counts = said("{steps} steps ({train} of train, {reg} of reg)", steps=trained.steps, train=train, reg=reg)
    advice, file = _advice(trained.advice), trained.path.name
    if trained.seconds == 0:
        return [said("{file}: trained already, {steps}", file=file, steps=counts), *advice]
    took = "{file}: {steps} in {seconds:.0f} s, loss {loss:.3f}"
    return [said(took, file=file, steps=counts, seconds=trained.seconds, loss=trained.loss), *advice]


def _advice(lines: Sequence[str]) -> list[str]:
    return ["  " + said("advice: {line}", line=translated(line)) for line in lines]


def describe_progress(progress: Progress) -> str:
    """Stage and loss, as a progress bar shows them; before the first step there is no loss."""
    if progress.step == 0:
        return translated(progress.stage)
    return said("{stage} loss {loss:.3f}", stage=translated(progress.stage), loss=progress.loss)
