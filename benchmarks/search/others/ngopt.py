"""nevergrad's NGOpt, with its ask and tell as lines of JSON: it runs in a Python of its own, with a numpy that it works with.

First line: {"low": [...], "high": [...], "start": [...], "seed": 0}. Then {"ask": true}, answered by a list of numbers, or
{"at": null or [...], "loss": 1.0}, where null is the point asked for last. Ends with its input.
"""

import json
import sys
import warnings

import nevergrad as ng
import numpy as np

BUDGET = 200


def main() -> None:
    warnings.simplefilter("ignore")
    begin = json.loads(sys.stdin.readline())
    form = ng.p.Array(init=np.array(begin["start"])).set_bounds(np.array(begin["low"]), np.array(begin["high"]))
    form.random_state.seed(begin["seed"])
    optimizer = ng.optimizers.NGOpt(parametrization=form, budget=BUDGET)
    asked = None
    for line in sys.stdin:
        request = json.loads(line)
        if "ask" in request:
            asked = optimizer.ask()
            print(json.dumps([float(v) for v in asked.value]), flush=True)
        else:
            at = asked if request["at"] is None else form.spawn_child(new_value=np.array(request["at"]))
            optimizer.tell(at, request["loss"])


if __name__ == "__main__":
    main()
