/** The parsed command line of one command. Names are those of its spec; asking for another is a programmer's mistake. */
import { assert } from "../../base/assert.ts";

export interface GivenParts {
  /** Option name to its values, in the order they were said; a flag holds one empty string. */
  readonly options: ReadonlyMap<string, readonly string[]>;
  readonly words: Readonly<Record<string, readonly string[]>>;
}

export class Given {
  readonly #parts: GivenParts;

  constructor(parts: GivenParts) {
    this.#parts = parts;
  }

  flag(name: string): boolean {
    return this.#parts.options.has(name);
  }

  /** The last value said. */
  text(name: string): string | undefined {
    return this.#parts.options.get(name)?.at(-1);
  }

  /** An option or word that the spec calls required. */
  need(name: string): string {
    const value = this.text(name) ?? this.word(name);
    assert(value !== undefined, `${name} is required by its command's spec`);
    return value;
  }

  /** Checked when the line was parsed. */
  integer(name: string): number | undefined {
    const value = this.text(name);
    return value === undefined ? undefined : Number(value);
  }

  /** Checked when the line was parsed. */
  json(name: string): unknown {
    const value = this.text(name);
    return value === undefined ? undefined : JSON.parse(value);
  }

  /** All values, those parted by commas too; empty ones are dropped. */
  list(name: string): string[] {
    const said = this.#parts.options.get(name) ?? [];
    return said.flatMap((value) => value.split(",")).map((value) => value.trim()).filter((value) => value !== "");
  }

  word(name: string): string | undefined {
    return this.#parts.words[name]?.[0];
  }

  words(name: string): readonly string[] {
    return this.#parts.words[name] ?? [];
  }
}
