/** The whole text of a call, sealed with the session's key in a blob. */
export interface OutputKept {
  /** What the model names it by. */
  readonly id: string;
  /** The first of its blobs, by which it is told from others. */
  readonly blob: string;
  /** All of them in order, where there is more than one: a page is read without the rest. */
  readonly parts?: readonly OutputPart[];
  readonly bytes: number;
  readonly chars: number;
  /** Bytes the command wrote, where that is more than its beginning and its end, which are what is kept. */
  readonly written?: number;
  /** Blobs that had to go to make room for it. */
  readonly dropped: readonly string[];
}

/** A piece of a kept output; no character is cut in two between them. */
export interface OutputPart { readonly blob: string; readonly chars: number }

/** What a message tells of the output that is kept whole beside it. */
export type OutputNamed = Pick<OutputKept, "id" | "bytes" | "chars" | "written">;
