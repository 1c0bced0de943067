/** Which key is due first: set, moved and taken in logarithmic time, whatever the number of keys. */
interface Due {
  readonly key: string;
  dueMs: number;
}

export class DueHeap {
  readonly #heap: Due[] = [];
  readonly #places = new Map<string, number>();

  get size(): number {
    return this.#heap.length;
  }

  peek(): { readonly key: string; readonly dueMs: number } | undefined {
    return this.#heap[0];
  }

  dueOf(key: string): number | undefined {
    const place = this.#places.get(key);
    return place === undefined ? undefined : this.#heap[place]?.dueMs;
  }

  /** Null takes the key out. */
  set(key: string, dueMs: number | null): void {
    const place = this.#places.get(key);
    if (dueMs === null) {
      if (place !== undefined) this.#remove(place);
      return;
    }
    if (place === undefined) {
      this.#heap.push({ key, dueMs });
      this.#places.set(key, this.#heap.length - 1);
      this.#up(this.#heap.length - 1);
      return;
    }
    const due = this.#heap[place] as Due;
    due.dueMs = dueMs;
    this.#up(place);
    this.#down(this.#places.get(key) as number);
  }

  /** Takes the first key if it is due by `nowMs`. */
  takeDue(nowMs: number): string | undefined {
    const first = this.#heap[0];
    if (first === undefined || first.dueMs > nowMs) return undefined;
    this.#remove(0);
    return first.key;
  }

  #remove(place: number): void {
    const last = this.#heap.length - 1;
    this.#swap(place, last);
    const gone = this.#heap.pop() as Due;
    this.#places.delete(gone.key);
    const moved = this.#heap[place];
    if (moved === undefined) return;
    this.#up(place);
    this.#down(this.#places.get(moved.key) as number);
  }

  #up(from: number): void {
    for (let place = from; place > 0; ) {
      const parent = (place - 1) >> 1;
      if (this.#at(parent) <= this.#at(place)) return;
      this.#swap(place, parent);
      place = parent;
    }
  }

  #down(from: number): void {
    for (let place = from; ; ) {
      const left = 2 * place + 1;
      const right = left + 1;
      let least = place;
      if (left < this.#heap.length && this.#at(left) < this.#at(least)) least = left;
      if (right < this.#heap.length && this.#at(right) < this.#at(least)) least = right;
      if (least === place) return;
      this.#swap(place, least);
      place = least;
    }
  }

  #at(place: number): number {
    return (this.#heap[place] as Due).dueMs;
  }

  #swap(a: number, b: number): void {
    const [first, second] = [this.#heap[a] as Due, this.#heap[b] as Due];
    this.#heap[a] = second;
    this.#heap[b] = first;
    this.#places.set(second.key, a);
    this.#places.set(first.key, b);
  }
}
