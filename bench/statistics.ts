/** The smallest sample that at least the share `q` of all samples does not exceed. Throws on no samples: no figure is invented. */
export function quantile(samples: readonly number[], q: number): number {
  if (samples.length === 0) throw new Error("nothing was measured");
  const sorted = [...samples].sort((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.max(0, Math.ceil(q * sorted.length) - 1))] as number;
}

export function median(samples: readonly number[]): number {
  return quantile(samples, 0.5);
}
