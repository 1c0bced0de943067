/** The square itself: its fixed marks, where data goes, and how readable a mask leaves it. */

/** Level M in the format bits. */
const LEVEL_M = 0;
const FORMAT_MASK = 0x5412;

export class QrGrid {
  readonly size: number;
  readonly #version: number;
  readonly #dark: Uint8Array;
  readonly #fixed: Uint8Array;
  #penalty: number | undefined;

  constructor(version: number) {
    this.#version = version;
    this.size = version * 4 + 17;
    this.#dark = new Uint8Array(this.size * this.size);
    this.#fixed = new Uint8Array(this.size * this.size);
    this.#drawFixed();
  }

  isDark(x: number, y: number): boolean {
    return this.#dark[y * this.size + x] === 1;
  }

  /** Lays the codewords along their path, under a mask, and says which mask it was. */
  place(codewords: Uint8Array, mask: number): void {
    this.#drawFormat(mask);
    const { size } = this;
    let bit = 0;
    for (let right = size - 1; right >= 1; right -= 2) {
      if (right === 6) right = 5; // the column of the timing marks
      for (let step = 0; step < size; step += 1) {
        const isUpward = ((right + 1) & 2) === 0;
        const y = isUpward ? size - 1 - step : step;
        for (const x of [right, right - 1]) {
          if (this.#fixed[y * size + x] === 1) continue;
          const value = bit < codewords.length * 8 ? ((codewords[bit >> 3] ?? 0) >> (7 - (bit & 7))) & 1 : 0;
          this.#dark[y * size + x] = value ^ (isMasked(mask, x, y) ? 1 : 0);
          bit += 1;
        }
      }
    }
  }

  /** Runs, squares, shapes like a finder, and an uneven share of dark: less is better. */
  penalty(): number {
    return (this.#penalty ??= this.#measure());
  }

  #drawFixed(): void {
    const { size } = this;
    for (let at = 0; at < size; at += 1) {
      this.#set(6, at, at % 2 === 0);
      this.#set(at, 6, at % 2 === 0);
    }
    for (const [x, y] of [[3, 3], [size - 4, 3], [3, size - 4]] as const) this.#drawFinder(x, y);
    const places = alignmentPlaces(this.#version, size);
    const last = places.length - 1;
    for (const [i, x] of places.entries()) {
      for (const [j, y] of places.entries()) {
        const isFinder = (i === 0 && j === 0) || (i === 0 && j === last) || (i === last && j === 0);
        if (!isFinder) this.#drawSquare(x, y, 2, (distance) => distance !== 1);
      }
    }
    this.#drawFormat(0);
    this.#drawVersion();
  }

  #drawFinder(x: number, y: number): void {
    this.#drawSquare(x, y, 4, (distance) => distance !== 2 && distance !== 4);
  }

  #drawSquare(x: number, y: number, radius: number, isDark: (distance: number) => boolean): void {
    for (let dy = -radius; dy <= radius; dy += 1) {
      for (let dx = -radius; dx <= radius; dx += 1) {
        const [px, py] = [x + dx, y + dy];
        if (px >= 0 && px < this.size && py >= 0 && py < this.size) this.#set(px, py, isDark(Math.max(Math.abs(dx), Math.abs(dy))));
      }
    }
  }

  #drawFormat(mask: number): void {
    const data = (LEVEL_M << 3) | mask;
    const bits = ((data << 10) | remainderOf(data, 10, 0x537)) ^ FORMAT_MASK;
    const isOn = (at: number): boolean => ((bits >> at) & 1) === 1;
    const { size } = this;
    for (let at = 0; at <= 5; at += 1) this.#set(8, at, isOn(at));
    this.#set(8, 7, isOn(6));
    this.#set(8, 8, isOn(7));
    this.#set(7, 8, isOn(8));
    for (let at = 9; at < 15; at += 1) this.#set(14 - at, 8, isOn(at));
    for (let at = 0; at < 8; at += 1) this.#set(size - 1 - at, 8, isOn(at));
    for (let at = 8; at < 15; at += 1) this.#set(8, size - 15 + at, isOn(at));
    this.#set(8, size - 8, true);
  }

  #drawVersion(): void {
    if (this.#version < 7) return;
    const bits = (this.#version << 12) | remainderOf(this.#version, 12, 0x1f25);
    for (let at = 0; at < 18; at += 1) {
      const isDark = ((bits >> at) & 1) === 1;
      const [a, b] = [this.size - 11 + (at % 3), Math.floor(at / 3)];
      this.#set(a, b, isDark);
      this.#set(b, a, isDark);
    }
  }

  #set(x: number, y: number, isDark: boolean): void {
    this.#dark[y * this.size + x] = isDark ? 1 : 0;
    this.#fixed[y * this.size + x] = 1;
  }

  #measure(): number {
    const { size } = this;
    let penalty = 0;
    let dark = 0;
    for (let line = 0; line < size; line += 1) {
      penalty += linePenalty(Array.from({ length: size }, (_, at) => this.isDark(at, line)));
      penalty += linePenalty(Array.from({ length: size }, (_, at) => this.isDark(line, at)));
    }
    for (let y = 0; y < size; y += 1) {
      for (let x = 0; x < size; x += 1) {
        const colour = this.isDark(x, y);
        if (colour) dark += 1;
        if (x + 1 < size && y + 1 < size && colour === this.isDark(x + 1, y) && colour === this.isDark(x, y + 1)
          && colour === this.isDark(x + 1, y + 1)) penalty += 3;
      }
    }
    const total = size * size;
    return penalty + (Math.ceil(Math.abs(dark * 20 - total * 10) / total) - 1) * 10;
  }
}

const FINDER_LIKE = ["10111010000", "00001011101"];

/** Of one row or column. */
function linePenalty(line: readonly boolean[]): number {
  let penalty = 0;
  for (let from = 0, at = 1; at <= line.length; at += 1) {
    if (at < line.length && line[at] === line[from]) continue;
    if (at - from >= 5) penalty += at - from - 2;
    from = at;
  }
  const text = line.map((isDark) => (isDark ? "1" : "0")).join("");
  for (const shape of FINDER_LIKE) for (let at = text.indexOf(shape); at >= 0; at = text.indexOf(shape, at + 1)) penalty += 40;
  return penalty;
}

/** Of a binary polynomial, shifted by `width`, divided by `divisor`. */
function remainderOf(value: number, width: number, divisor: number): number {
  let rest = value;
  for (let at = 0; at < width; at += 1) rest = (rest << 1) ^ (((rest >> (width - 1)) & 1) * divisor);
  return rest & ((1 << width) - 1);
}

function alignmentPlaces(version: number, size: number): readonly number[] {
  if (version === 1) return [];
  const count = Math.floor(version / 7) + 2;
  const step = Math.floor((version * 8 + count * 3 + 5) / (count * 4 - 4)) * 2;
  const places = [6];
  for (let at = count - 2; at >= 0; at -= 1) places.push(size - 7 - at * step);
  return places;
}

function isMasked(mask: number, x: number, y: number): boolean {
  switch (mask) {
    case 0: return (x + y) % 2 === 0;
    case 1: return y % 2 === 0;
    case 2: return x % 3 === 0;
    case 3: return (x + y) % 3 === 0;
    case 4: return (Math.floor(x / 3) + Math.floor(y / 2)) % 2 === 0;
    case 5: return ((x * y) % 2) + ((x * y) % 3) === 0;
    case 6: return (((x * y) % 2) + ((x * y) % 3)) % 2 === 0;
    default: return (((x + y) % 2) + ((x * y) % 3)) % 2 === 0;
  }
}
