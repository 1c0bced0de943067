/**
 * Ids of offers that were folded, in the order they came: what a repeat is known by.
 *
 * A busy session remembers ten thousand, so all but the newest are packed: forty bytes each where a map takes more than a
 * hundred. Ids hold no blank.
 */

/** Packed together once this many have come. */
const PACK = 64;

interface Pack {
  /** With a blank before and behind each. */
  text: string;
  /** A short hash of each: almost every id that is asked for is new, and is told from these by them alone. */
  readonly prints: number[];
  readonly times: number[];
}

export class SeenIds {
  // Not hidden from the program, so that two folds can be compared.
  private readonly packs: Pack[] = [];
  private readonly newest = new Map<string, number>();
  private count = 0;

  constructor(ids: Iterable<readonly [string, number]> = []) {
    for (const [id, timeMs] of ids) this.add(id, timeMs);
  }

  /** From what `ids` and `times` gave, ids joined with blanks. Waking waits for it, so none is looked for among the others. */
  static restore(ids: string, times: readonly number[]): SeenIds {
    const seen = new SeenIds();
    const all = times.length === 0 ? [] : ids.split(" ");
    const packed = all.length - (all.length % PACK);
    for (let at = 0; at < packed; at += PACK) seen.packs.push(packOf(all.slice(at, at + PACK), times.slice(at, at + PACK)));
    for (let at = packed; at < all.length; at += 1) seen.newest.set(all[at] ?? "", times[at] ?? 0);
    seen.count = all.length;
    return seen;
  }

  get size(): number {
    return this.count;
  }

  has(id: string): boolean {
    if (this.newest.has(id)) return true;
    if (this.packs.length === 0) return false;
    const print = printOf(id);
    return this.packs.some(({ prints, text }) => prints.includes(print) && text.includes(` ${id} `));
  }

  /** False when it was there already. */
  add(id: string, timeMs: number): boolean {
    if (this.has(id)) return false;
    this.newest.set(id, timeMs);
    this.count += 1;
    if (this.newest.size >= PACK) this.#pack();
    return true;
  }

  /** When the one that came first came; undefined where there is none. */
  get oldestMs(): number | undefined {
    return this.packs[0]?.times[0] ?? this.newest.values().next().value;
  }

  forgetOldest(): void {
    const [pack] = this.packs;
    if (this.count === 0) return;
    this.count -= 1;
    if (pack === undefined) return void this.newest.delete(this.newest.keys().next().value ?? "");
    pack.text = pack.text.slice(pack.text.indexOf(" ", 1));
    pack.prints.shift();
    pack.times.shift();
    if (pack.times.length === 0) this.packs.shift();
  }

  *ids(): Generator<string> {
    for (const { text } of this.packs) yield* text.slice(1, -1).split(" ");
    yield* this.newest.keys();
  }

  *times(): Generator<number> {
    for (const { times } of this.packs) yield* times;
    yield* this.newest.values();
  }

  #pack(): void {
    // Pushed one by one and cut to size: spread, each would stay a number on the heap beside its place in the list.
    const times: number[] = [];
    for (const timeMs of this.newest.values()) times.push(timeMs);
    this.packs.push(packOf([...this.newest.keys()], times.slice()));
    this.newest.clear();
  }
}

function packOf(ids: readonly string[], times: number[]): Pack {
  return { text: ` ${ids.join(" ")} `, prints: ids.map(printOf), times };
}

/** 30 bits, so that it is kept as a small number. */
function printOf(id: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < id.length; at += 1) hash = Math.imul(hash ^ id.charCodeAt(at), 0x01000193);
  return hash >>> 2;
}
