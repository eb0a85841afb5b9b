"""How many images each search needs to the least weights that work: replays of landscapes, nothing is drawn.

    python -m benchmarks.search [--synthetic] [--development] [--quick] [--only NAME...] [--forms] [--repetitions N]
        [--landscapes FOLDER] [--plane] [--keep FILE] [--jobs N] [--plot PNG]

An image is any distinct render for the seed after locking: the plain image that calibrates it (one, for every search), the
start, and all that is proposed. Counted until one is feasible within 0.1 of the optimum; a miss counts as 200. Problems are
landscapes at five levels of what is required; those that nothing meets are reported apart. "Later" seeds learn from the trials
of up to three other seeds of the same LoRAs. `--synthetic` replays made-up landscapes of optimizer/testing/fake_landscape.py.
`--keep` stores each run in a file as it ends: the same command goes on where it was, and several may fill one file. NGOpt needs a
Python of its own: see benchmarks/search/yardsticks.py.

Prints a table for people and, as its last line, one JSON object.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from benchmarks.search.report import report
from benchmarks.search.runs import read_cases, results, tasks_of
from benchmarks.search.yardsticks import BEST, FORMS
from models.errors import InputError


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("--synthetic", action="store_true")
    options.add_argument("--quick", action="store_true", help="fewer levels and two repetitions, without the slow GP")
    options.add_argument("--development", action="store_true", help="the seeds to tune on, not those to report")
    options.add_argument("--only", nargs="*", choices=sorted(FORMS), default=None, help="these yardsticks alone")
    options.add_argument("--forms", action="store_true", help="every form of each yardstick, to choose the best of them")
    options.add_argument("--repetitions", type=int, default=None)
    options.add_argument("--landscapes", type=Path, default=Path(__file__).parent / "landscapes")
    options.add_argument("--plane", action="store_true", help="where landscapes vary CFG: at the study's own alone")
    options.add_argument("--keep", type=Path, default=None, help="JSON lines, one a run")
    options.add_argument("--jobs", type=int, default=1, help="processes")
    options.add_argument("--plot", type=Path, default=None, help="draw what share of runs has its pick after how many images")
    given = options.parse_args()
    try:
        place = (given.synthetic, given.landscapes, given.development, given.quick, given.plane)
        cases = read_cases(*place)
        usual = [n for n in FORMS if n != "gp"] if given.quick else list(FORMS)
        names = usual if given.only is None else given.only
        forms = [(n, f) for n in names for f in (FORMS[n] if given.forms else [BEST[n]])]
        tasks = tasks_of(cases, given.repetitions or (2 if given.quick else 20), forms)
        found = dict(results(tasks, cases, place, given.keep, given.jobs))
    except InputError as error:
        print(error, file=sys.stderr)
        return 2
    report(cases, found, given.plot)
    return 0


if __name__ == "__main__":
    sys.exit(main())
