/** Finds rings of files that import each other. */

/** One ring for each group of files that reach each other; the ring names each file once, starting with the first by name. */
export function findCycles(graph: ReadonlyMap<string, readonly string[]>): readonly (readonly string[])[] {
  const rings: string[][] = [];
  const done = new Set<string>();
  for (const start of [...graph.keys()].sort()) {
    if (done.has(start)) continue;
    const ring = shortestRing(graph, start);
    if (ring === undefined) continue;
    rings.push(ring);
    for (const file of ring) done.add(file);
  }
  return rings;
}

/** Breadth first, so the ring a person has to cut is as small as it gets. */
function shortestRing(graph: ReadonlyMap<string, readonly string[]>, start: string): string[] | undefined {
  const cameFrom = new Map<string, string>();
  const queue = [start];
  for (let file = queue.shift(); file !== undefined; file = queue.shift()) {
    for (const next of graph.get(file) ?? []) {
      if (next === start) {
        const ring = [file];
        for (let at = file; at !== start; ) {
          at = cameFrom.get(at) ?? start;
          ring.unshift(at);
        }
        return ring;
      }
      if (!cameFrom.has(next)) {
        cameFrom.set(next, file);
        queue.push(next);
      }
    }
  }
  return undefined;
}
