/** What somebody may have meant: the one that takes the fewest changed letters. Undefined where there is none to choose from. */
export function findNearest<T>(wanted: string, known: readonly T[], nameOf: (one: T) => string): T | undefined {
  return known.toSorted((a, b) => distance(nameOf(a), wanted) - distance(nameOf(b), wanted))[0];
}

/** How many letters have to change. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      next[j] = Math.min((next[j - 1] ?? 0) + 1, (row[j] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/**
 * Do the letters of `query` stand in `text`, in this order? The larger the answer, the better they fit: together, and at the beginnings
 * of words. Undefined where they do not.
 */
export function scoreFuzzy(query: string, text: string): number | undefined {
  const wanted = query.toLowerCase().replace(/\s+/g, "");
  const within = text.toLowerCase();
  let score = 0;
  let at = -1;
  for (const letter of wanted) {
    const found = within.indexOf(letter, at + 1);
    if (found === -1) return undefined;
    const begins = found === 0 || /[\s:/._-]/.test(within[found - 1] ?? "");
    score += found === at + 1 ? 3 : begins ? 2 : 0;
    at = found;
  }
  return score + (within.startsWith(wanted) ? 5 : 0) - within.length / 100;
}
