"""Times an unedited training script in its own environment.

    PYTHON -m benchmarks.training.script_side FOUND SCRIPT ARGUMENTS...

FOUND is the JSON file for the answer. PYTHON is the script's own, of which nothing but torch is asked.
"""

from __future__ import annotations

import json
import platform
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from benchmarks.training.clock import timed_script

PACKAGES = ("torch", "diffusers", "transformers", "accelerate")
ROOT = Path(__file__).parents[2]


def main() -> int:
    found, script, *arguments = sys.argv[1:]
    # This project's packages must not stand before the script's own of the same names.
    sys.path[:] = [str(Path(script).parent), *(path for path in sys.path if Path(path).resolve() != ROOT)]
    answer = {**timed_script(script, arguments), "versions": versions()}
    Path(found).write_text(json.dumps(answer))
    return 0


def versions() -> dict[str, str]:
    """Of Python and of the packages that a training's speed may depend on."""
    found = {"python": platform.python_version()}
    for package in PACKAGES:
        try:
            found[package] = version(package)
        except PackageNotFoundError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
