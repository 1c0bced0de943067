/** A key that may have been meant instead of one that nobody knows. */
export function suggest(name: string, known: readonly string[]): string {
  const near = known.map((other) => ({ other, far: distance(name.toLowerCase(), other.toLowerCase()) })).sort((a, b) => a.far - b.far)[0];
  const farMax = name.length < 4 ? 1 : Math.max(2, Math.floor(name.length / 3));
  if (near !== undefined && near.far <= farMax) return `; did you mean "${near.other}"?`;
  return known.length > 0 && known.length <= 12 ? `; known here: ${known.join(", ")}` : "";
}

/** Edits between two words: a letter in, out, or changed. */
function distance(a: string, b: string): number {
  if (Math.abs(a.length - b.length) > 8 || a.length > 64) return Infinity;
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (let i = 1; i <= a.length; i += 1) {
    const next = [i];
    for (let j = 1; j <= b.length; j += 1) {
      next.push(Math.min((row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1, (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)));
    }
    row = next;
  }
  return row[b.length] ?? Infinity;
}
