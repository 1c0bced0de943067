/** Text and how each stretch of it looks: a flat row, so that wherever it is cut both halves are whole. */

/** Bits of a look. */
export const LOOK = { bold: 1, italic: 2, strike: 4, code: 8, quote: 16, pre: 32, whole: 64 } as const;

export interface Run {
  /** Where it ends in the text; it begins where the one before ends. */
  readonly end: number;
  /** Sum of `LOOK`s. `whole` shows nothing: the stretch is an address, and is not cut where that can be helped. */
  readonly look: number;
  /** Where it leads; of a block of code its language, which may be empty. */
  readonly link: string | undefined;
}

export interface StyledText {
  readonly text: string;
  readonly runs: readonly Run[];
}

export class StyledTextBuilder {
  readonly #pieces: string[] = [];
  readonly #runs: Run[] = [];
  #length = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  push(text: string, look = 0, link?: string): void {
    if (text === "") return;
    this.#pieces.push(text);
    this.#length += text.length;
    const last = this.#runs.at(-1);
    if (last !== undefined && last.look === look && last.link === link) this.#runs.pop();
    this.#runs.push({ end: this.#length, look, link });
  }

  build(): StyledText {
    return { text: this.#pieces.join(""), runs: this.#runs };
  }
}
