/** The other thread: one text, examined and handed over in pieces, as many at a time as are asked for. */
import { parentPort, workerData } from "node:worker_threads";
import type { JsonSchema } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import type { KeyPath } from "./config-key.ts";
import type { Environment, ExaminedText } from "./config-values.ts";
import { examineFile } from "./examine-text.ts";

export interface Piece {
  readonly at: KeyPath;
  /** JSON; of what holds other pieces, an empty one of its kind. */
  readonly said: string;
  readonly holdsOthers: boolean;
  /** What is in force instead of what is written, by places within the piece. */
  readonly differs: readonly { readonly at: KeyPath; readonly value: string; readonly isSecret: boolean }[];
}

export interface ExaminedPieces extends Pick<ExaminedText, "issues" | "warnings" | "included"> {
  readonly sourceText: string;
  /** Undefined where it is the same. */
  readonly ownText: string | undefined;
  readonly hasConfig: boolean;
}

const { text, schemaText, path, environment, slice } = workerData as {
  readonly text: string; readonly schemaText: string; readonly path: string; readonly environment: Environment;
  readonly slice: { readonly chars: number; readonly pieces: number };
};

const { source, own, written, config, ...rest } = await examineFile(text, JSON.parse(schemaText) as JsonSchema, { path, environment });
const [sourceText, ownText] = [source, own].map((one) => JSON.stringify(one)) as [string, string];
const pieces = piecesOf(written, config ?? written, []);
parentPort?.on("message", () => parentPort?.postMessage(nextSlice()));
const examined: ExaminedPieces = {
  ...rest, sourceText, ownText: ownText === sourceText ? undefined : ownText, hasConfig: config !== undefined,
};
parentPort?.postMessage(examined);

function nextSlice(): readonly Piece[] | null {
  const taken: Piece[] = [];
  for (let chars = 0; chars < slice.chars && taken.length < slice.pieces; ) {
    const { value, done } = pieces.next();
    if (done === true) break;
    taken.push(value);
    chars += value.said.length;
  }
  return taken.length === 0 ? null : taken;
}

function* piecesOf(value: unknown, now: unknown, at: KeyPath): Generator<Piece> {
  const said = JSON.stringify(value);
  if (said.length <= slice.chars / 8 || typeof value !== "object" || value === null) {
    yield { at, said, holdsOthers: false, differs: [...differencesOf(value, now, [])] };
    return;
  }
  const isList = Array.isArray(value);
  yield { at, said: isList ? "[]" : "{}", holdsOthers: true, differs: [] };
  for (const [name, inner] of Object.entries(value)) {
    yield* piecesOf(inner, (now as Record<string, unknown>)[name], [...at, isList ? Number(name) : name]);
  }
}

function* differencesOf(before: unknown, now: unknown, at: KeyPath): Generator<Piece["differs"][number]> {
  if (before === now) return;
  if (now instanceof Secret) yield { at, value: now.reveal(), isSecret: true };
  else if (typeof now === "string") yield { at, value: now, isSecret: false };
  else if (typeof before === "object" && before !== null) {
    for (const [name, inner] of Object.entries(before)) {
      yield* differencesOf(inner, (now as Record<string, unknown>)[name], [...at, Array.isArray(before) ? Number(name) : name]);
    }
  }
}
