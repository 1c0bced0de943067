/**
 * A large text, examined in another thread, so that nobody waits for it: parsing and checking a megabyte takes half a second.
 *
 * What comes back is taken in pieces, one a turn of the event loop; a piece that says what it said the last time is the same object
 * again, so that comparing two configurations costs what has changed.
 */
import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { JsonSchema } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { withValue, type KeyPath } from "./config-key.ts";
import type { ConfigValues, ExaminedText } from "./config-values.ts";
import type { ExaminedPieces, Piece } from "./examine-thread.ts";
import type { Surroundings } from "./examine-text.ts";

/** Pieces as they were understood, by what they said. */
export type KnownPieces = Map<string, UnderstoodPiece>;

interface UnderstoodPiece {
  readonly said: string;
  readonly written: unknown;
  readonly values: unknown;
}

/** No longer than this is taken in before others have a turn. */
const SLICE = { chars: 65_536, pieces: 512 } as const;

const texts = new WeakMap<JsonSchema, string>();

/** As `examineFile`. `known` is kept by the caller, and holds the newest pieces after it. */
export async function examineElsewhere(
  text: string, schema: JsonSchema, { path, environment }: Surroundings, known: KnownPieces = new Map(),
): Promise<ExaminedText> {
  let schemaText = texts.get(schema);
  if (schemaText === undefined) texts.set(schema, (schemaText = JSON.stringify(schema)));
  const worker = new Worker(new URL("./examine-thread.ts", import.meta.url), {
    name: "configuration", workerData: { text, schemaText, path, environment: { ...environment }, slice: SLICE }, execArgv: [],
  });
  try {
    const examined = await answerOf<ExaminedPieces>(worker);
    const { sourceText, ownText, hasConfig, ...rest } = examined;
    const { written, values } = await assemble(worker, known);
    return {
      ...rest, written, config: hasConfig ? values : undefined, merged: sourceText,
      get source() {
        return read(sourceText);
      },
      get own() {
        return read(ownText ?? sourceText);
      },
    };
  } finally {
    await worker.terminate();
  }
}

function read(text: string): ConfigValues {
  return JSON.parse(text) as ConfigValues;
}

/** What the thread says next, or why it says nothing any more. */
async function answerOf<T>(worker: Worker): Promise<T> {
  const done = new AbortController();
  const [ended, message] = [once(worker, "exit", { signal: done.signal }), once(worker, "message", { signal: done.signal })];
  try {
    const first = await Promise.race([message, ended.then(() => undefined)]);
    if (first === undefined) throw new Error("the thread that reads the configuration ended");
    return first[0] as T;
  } finally {
    done.abort();
    await Promise.allSettled([ended, message]);
  }
}

async function assemble(worker: Worker, known: KnownPieces): Promise<{ written: ConfigValues; values: ConfigValues }> {
  const roots: { written: unknown; values: unknown } = { written: {}, values: {} };
  const newest: KnownPieces = new Map();
  for (;;) {
    worker.postMessage("next");
    const pieces = await answerOf<readonly Piece[] | null>(worker);
    if (pieces === null) break;
    for (const piece of pieces) {
      const key = JSON.stringify(piece.at);
      const before = known.get(key);
      const said = piece.differs.length === 0 ? piece.said : `${piece.said} ${JSON.stringify(piece.differs)}`;
      const understood = !piece.holdsOthers && before?.said === said ? before : understand(piece, said);
      if (!piece.holdsOthers) newest.set(key, understood);
      put(roots, piece.at, understood);
    }
  }
  known.clear();
  for (const [key, piece] of newest) known.set(key, piece);
  return roots as { written: ConfigValues; values: ConfigValues };
}

function understand({ said: text, differs, holdsOthers }: Piece, said: string): UnderstoodPiece {
  const written: unknown = JSON.parse(text);
  // What holds others is filled piece by piece, and not in both trees alike.
  const plain: unknown = holdsOthers ? JSON.parse(text) : written;
  const values = differs.reduce((now, { at, value, isSecret }) => withValue(now, at, isSecret ? new Secret(value) : value), plain);
  return { said, written, values };
}

function put(roots: { written: unknown; values: unknown }, at: KeyPath, piece: UnderstoodPiece): void {
  const last = at.at(-1);
  for (const tree of ["written", "values"] as const) {
    if (last === undefined) {
      roots[tree] = piece[tree];
      continue;
    }
    let holder = roots[tree] as Record<string | number, unknown>;
    for (const part of at.slice(0, -1)) holder = holder[part] as Record<string | number, unknown>;
    Object.defineProperty(holder, last, { value: piece[tree], enumerable: true, writable: true, configurable: true });
  }
}
