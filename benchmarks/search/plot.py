"""What share of runs has its pick after how many images."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.search.cases import MISS
from benchmarks.search.replays import OWN


def draw_plot(images: Mapping[str, Mapping[int, NDArray[np.int64]]], path: Path) -> None:
    """The share of runs that have their pick after so many images."""
    import matplotlib as mpl

    mpl.use("Agg")
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7.5, 4.2), dpi=110)
    at = np.arange(1, MISS)
    for label, by_case in images.items():
        pooled = np.concatenate(list(by_case.values()))
        share = [(pooled <= n).mean() for n in at]
        own = label in OWN
        axes.step(at, share, where="post", label=label, linewidth=2.4 if own else 1.2, linestyle="-" if own else "--")
    axes.set(
        xscale="log", xlabel="images after locking the seed", ylabel="share of runs with a pick", ylim=(0, 1.02), xlim=(2, MISS)
    )
    axes.set_xticks([2, 5, 10, 20, 50, 100, 200], ["2", "5", "10", "20", "50", "100", "200"])
    axes.grid(alpha=0.3)
    axes.legend(fontsize="small", loc="center left", bbox_to_anchor=(1.01, 0.5), frameon=False)
    figure.tight_layout()
    figure.savefig(path)
