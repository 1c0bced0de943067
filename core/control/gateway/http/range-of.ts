/** What of a file a reader asks for. */
export interface ByteRange {
  readonly from: number;
  /** Before this byte. */
  readonly to: number;
}

/** Undefined: all of it, as of whatever is not one plain range. */
export function rangeOf(header: string | undefined, bytes: number): ByteRange | "unsatisfiable" | undefined {
  const [, first = "", last = ""] = /^bytes=(\d{0,15})-(\d{0,15})$/.exec(header ?? "") ?? [];
  if (first === "" && last === "") return undefined;
  if (first === "") {
    const tail = Math.min(Number(last), bytes);
    return tail === 0 ? "unsatisfiable" : { from: bytes - tail, to: bytes };
  }
  const from = Number(first);
  const to = last === "" ? bytes : Math.min(Number(last) + 1, bytes);
  if (last !== "" && Number(last) < from) return undefined;
  return from >= bytes ? "unsatisfiable" : { from, to };
}
