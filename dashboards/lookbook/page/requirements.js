// Scores against requirements. Nothing here touches the page.

/** By how much `score` misses the need, 0 if it meets it; null where there is no requirement or nothing to judge. */
function missedBy(need, score) {
  if (need.limit === null || need.counted) return null;
  if (score === null) return need.least ? need.limit : null;
  return Math.max(0, need.least ? need.limit - score : score - need.limit);
}

/** The worst score of a measure over its needs: the lowest garment, the most broken hand. What cannot be measured counts as 0. */
function worstOf(needs, scores, measure) {
  const values = needs.flatMap((need, i) => (need.measure === measure ? [scores[i] ?? 0] : []));
  if (!values.length) return null;
  return needs.find((need) => need.measure === measure).least ? Math.min(...values) : Math.max(...values);
}

/** The limit that all needs of a measure share; null if they differ. */
function sharedLimit(needs, measure) {
  const limits = new Set(needs.filter((need) => need.measure === measure).map((need) => need.limit));
  return limits.size === 1 ? [...limits][0] : null;
}
