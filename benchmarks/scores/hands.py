"""Hands: broken against whole, and hands that are gone from the body."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from PIL import Image

from benchmarks.scores.auc import auc
from benchmarks.scores.figures import (
    SEED,
    armless,
    pool_of,
    see,
    spread,
    with_hand,
)
from benchmarks.scores.spoilt import SPOILT
from scorers.observe.parser_observer import ParserObserver
from scorers.score.hands import hands_score
from scorers.score.missing_hands import hands_lost
from studies.paperdoll.bundle import WEIGHTS
from studies.paperdoll.make.hands import GAPS, gap
from studies.paperdoll.make.training.painting import painted
from studies.paperdoll.make.training.pool import Pool
from studies.paperdoll.world.figure import ARMS, BROKEN_HANDS, HIDDEN


def hand_aucs(observer: ParserObserver, count: int) -> dict[str, float]:
    """Figures with one broken hand of each kind against the same with none: as drawn, as the base paints them, and as drawn and
    spoilt in ways that no training saw. Of hands torn from their wrist only those count whose drawing shows the gap."""
    whole = pool_of([spread(i) for i in range(count)])
    broken = {kind: pool_of([with_hand(f, kind) for f in whole.figures]) for kind in BROKEN_HANDS}
    found: dict[str, float] = {}
    for name in ("drawn", "painted", *SPOILT):
        least = GAPS[1] if name == "painted" else GAPS[0]
        none = hand_scores(observer, whole, name)
        some = {kind: hand_scores(observer, pool, name) for kind, pool in broken.items()}
        torn = broken["detached"]
        shown = [gap(image, at, "left") >= least for image, at in zip(torn.images, torn.keypoints, strict=True)]
        some["detached"] = [value for value, is_shown in zip(some["detached"], shown, strict=True) if is_shown]
        if name in ("drawn", "painted"):
            found |= {f"hand_auc_{name}_{kind}": auc(none, values) for kind, values in some.items()}
            found[f"torn_shown_{name}"] = float(np.mean(shown))
        found[f"hand_auc_{name}"] = auc(none, [value for values in some.values() for value in values])
    return found | {"hand_auc": found["hand_auc_drawn"], "hand_auc_held_out": min(found[f"hand_auc_{name}"] for name in SPOILT)}


def hand_scores(observer: ParserObserver, pool: Pool, way: str) -> list[float]:
    if way == "painted":
        pool = painted(pool, WEIGHTS / "base", SEED, len(pool.images))
    images = [SPOILT[way](Image.fromarray(x)) if way in SPOILT else Image.fromarray(x) for x in pool.images]
    return [hands_score(o) for o in observer.observe(images)]


def hands_gone(observer: ParserObserver, count: int) -> dict[str, float]:
    """Shares of figures judged to have lost a hand compared with their own image with arms spread, bare or in long sleeves: with
    all arms gone, moved, or hidden; and of those that hide them as their plain image does."""
    count //= 3
    found = {}
    for sleeves in ("none", "long"):
        figures = [replace(f, garment=replace(f.garment, sleeves=sleeves)) for f in (spread(i) for i in range(count))]
        seen = {arms: see(observer, [replace(f, pose=replace(f.pose, arms=arms)) for f in figures]) for arms in ARMS}
        gone = list(observer.observe([armless(f) for f in figures]))
        plain, hidden = seen["arms spread"], [seen[arms] for arms in ARMS if arms in HIDDEN]
        found[f"gone_noticed_{sleeves}"] = lost_by(gone, plain)
        found[f"moved_missed_{sleeves}"] = float(np.mean([lost_by(seen[arms], plain) for arms in ARMS if arms not in HIDDEN]))
        found[f"hidden_missed_{sleeves}"] = float(np.mean([lost_by(others, plain) for others in hidden]))
        found[f"hidden_alike_missed_{sleeves}"] = float(np.mean([lost_by(others, others) for others in hidden]))
    return found


def lost_by(seen: list[Any], plain: list[Any]) -> float:
    return float(np.mean([hands_lost(o, p, p) > 0 for o, p in zip(seen, plain, strict=True)]))
