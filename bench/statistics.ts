/** The smallest sample that at least the share `q` of all samples does not exceed. Throws on no samples: no figure is invented. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new Error("nothing was measured");
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] as number;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}

/** Of the straight line nearest to the points. */
export function slopeOf(points: readonly { readonly x: number; readonly y: number }[]): number {
  const mean = (of: "x" | "y"): number => points.reduce((sum, point) => sum + point[of], 0) / points.length;
  const [x, y] = [mean("x"), mean("y")];
  const across = points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  return across === 0 ? 0 : points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) / across;
}
