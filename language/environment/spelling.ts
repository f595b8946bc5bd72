/** The known word nearest to a misspelt one, within a third of its length in edits; null when none is near. */
export function closest(word: string, known: readonly string[]): string | null {
  const lower = word.toLowerCase();
  let best: string | null = null;
  let distance = Math.max(1, Math.floor(word.length / 3)) + 1;
  for (const candidate of known) {
    // Each letter that one of them lacks is an edit.
    if (Math.abs(candidate.length - word.length) >= distance) continue;
    const d = edits(lower, candidate.toLowerCase(), distance);
    if (d < distance) {
      best = candidate;
      distance = d;
    }
  }
  return best;
}

/** Insertions, deletions, replacements and swaps of neighbours; `limit` when there are as many or more. */
function edits(a: string, b: string, limit: number): number {
  // Three rows of the table: the one that is made, the one before it, and for swaps the one before that.
  let current = Array.from({ length: b.length + 1 }, (_, j) => j);
  let above: number[] = new Array(b.length + 1).fill(0);
  let twoAbove: number[] = new Array(b.length + 1).fill(0);
  for (let i = 1; i <= a.length; i++) {
    [current, above, twoAbove] = [twoAbove, current, above];
    const letter = a.charCodeAt(i - 1);
    const before = i > 1 ? a.charCodeAt(i - 2) : -1;
    let least = (current[0] = i);
    for (let j = 1; j <= b.length; j++) {
      const other = b.charCodeAt(j - 1);
      const same = letter === other ? 0 : 1;
      let cost = Math.min(above[j]! + 1, current[j - 1]! + 1, above[j - 1]! + same);
      if (j > 1 && before === other && letter === b.charCodeAt(j - 2)) cost = Math.min(cost, twoAbove[j - 2]! + 1);
      current[j] = cost;
      if (cost < least) least = cost;
    }
    // Below a row that is over the limit nothing is under it; a swap reaches over one row, and costs one.
    if (least > limit) return limit;
  }
  return Math.min(current[b.length]!, limit);
}
