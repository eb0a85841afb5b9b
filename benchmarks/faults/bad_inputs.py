"""Bad files at every door: how many are refused, and what should not have come of any."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


def bad_inputs(folder: Path, each: int) -> dict[str, Any]:
    """Files that every door was tried with: how many different ones were refused, and what should not have come of any."""
    import hashlib
    import warnings

    from studies.testing.hostile.corpus import bad_files
    from studies.testing.hostile.entry_points import doors, tried

    warnings.simplefilter("ignore")
    folder.mkdir()
    canary, given = folder / "canary", folder / "in"
    given.mkdir()
    refused: set[str] = set()
    tracebacks = changed = 0
    for door in doors():
        for wrong, data in bad_files(door, doors(), canary, each=each):
            path = given / f"given{door.suffix}"
            path.write_bytes(data)
            try:
                line = tried(door, path)
            except Exception as error:  # whatever it is, it should have been one line
                print(f"{door.name}{door.suffix}, {wrong}: {error!r}", file=sys.stderr)
                tracebacks += 1
                continue
            if line is not None:
                refused.add(hashlib.sha256(f"{door.name}{door.suffix}".encode() + data).hexdigest())
                changed += path.read_bytes() != data or [p.name for p in given.iterdir()] != [path.name]
            changed += canary.exists()
            for left in given.iterdir():
                left.unlink()
    return {"bad_inputs": len(refused), "bad_input_tracebacks": tracebacks, "bad_input_files_changed": changed}
