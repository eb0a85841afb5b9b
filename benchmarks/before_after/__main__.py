"""Whether two checkouts of the project make the same pictures, LoRAs, trials and picks.

    python -m benchmarks.before_after OLD NEW [--keep DIR] [--demo] [--old-demo DIR] [--new-demo DIR]

The same commands run in both checkouts, each by its own command line: training sets are prepared, a LoRA is trained for one
epoch, seeds are scouted, two are searched with the LoRAs that ship, a grid is drawn, every export is written, and an image is
scored. Then everything that they wrote is compared: pixels and texts of every image, names in the image cache, LoRA tensors and
metadata, trials in Optuna's storage, parameters and metrics in MLflow, and what the commands printed. `--demo` runs the whole
demo in both; `--old-demo` and `--new-demo` name finished ones instead. Prints a table for people and, as its last line, one JSON
object; exit status 1 where anything differs.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from pathlib import Path

from benchmarks.before_after.commands import at_one_place, make_inputs, run_commands, run_demo
from benchmarks.before_after.compare import Comparison, compare_folders


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("old", type=Path, help="a checkout of the project before the change")
    options.add_argument("new", type=Path, help="a checkout after it")
    options.add_argument("--keep", type=Path, help="a folder to leave both results in; a second run continues there")
    options.add_argument("--demo", action="store_true", help="the whole demo too, about a quarter of an hour a side")
    options.add_argument("--old-demo", type=Path, help="the folder of a finished demo of the old checkout")
    options.add_argument("--new-demo", type=Path, help="the folder of a finished demo of the new checkout")
    given = options.parse_args()
    found: dict[str, Comparison] = {}
    with tempfile.TemporaryDirectory() as scratch:
        folder = (given.keep or Path(scratch)).resolve()
        sides = {"old": given.old.resolve(), "new": given.new.resolve()}
        for side, checkout in sides.items():
            with at_one_place(folder / side, folder / "study") as place:
                make_inputs(place)
                run_commands(checkout, place)
        found["commands"] = compare_folders(folder / "old", folder / "new")
        if given.demo or given.old_demo or given.new_demo:
            demos = {"old": given.old_demo, "new": given.new_demo}
            places = {side: (place or run_demo(sides[side], folder / f"demo-{side}")).resolve() for side, place in demos.items()}
            found["demo"] = compare_folders(places["old"], places["new"])
    for name, comparison in found.items():
        print(comparison.table(name))
    print(json.dumps({name: comparison.as_json() for name, comparison in found.items()}))
    return 0 if all(comparison.equal for comparison in found.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
