/** Reads JSON5 and remembers where everything stood. The parser is loaded at the first file there is to read. */
import type { DocumentNode, ValueNode } from "@humanwhocodes/momoa";
import { formatKey, type KeyPath } from "./config-key.ts";

export interface Place {
  readonly line: number;
  readonly column: number;
}

export type ParsedText =
  | {
      readonly ok: true;
      readonly value: unknown;
      readonly document: DocumentNode;
      /** Keys that an object has more than once. */
      readonly twice: readonly KeyPath[];
      place(path: KeyPath): Place;
    }
  | { readonly ok: false; readonly place: Place; readonly message: string };

/** Of one file. */
const TEXT_CHARS_MAX = 1_048_576;
export const DEPTH_MAX = 60;

/** Never throws: text that is not JSON5 is an answer with a place. */
export async function parseJson5(text: string, charsMax = TEXT_CHARS_MAX): Promise<ParsedText> {
  if (text.length > charsMax) return { ok: false, place: { line: 1, column: 1 }, message: `is larger than ${charsMax} characters` };
  const { parse } = await import("@humanwhocodes/momoa");
  try {
    const document = parse(text, { mode: "json5" });
    const places = new Map<string, Place>();
    const twice: KeyPath[] = [];
    const value = valueOf(document.body, [], places, twice);
    return { ok: true, value, document, twice, place: (path) => nearest(places, path) };
  } catch (error) {
    const { line = 1, column = 1, message } = error as Error & { line?: number; column?: number };
    const plain = error instanceof RangeError ? "is nested too deeply" : message.replace(/ \(\d+:\d+\)$/, "");
    return { ok: false, place: { line, column }, message: plain };
  }
}

/** Built here rather than by the parser, so that a key called `__proto__` is a key like any other. */
function valueOf(node: ValueNode, path: KeyPath, places: Map<string, Place>, twice: KeyPath[]): unknown {
  if (path.length > DEPTH_MAX) throw new RangeError("depth");
  if (!places.has(formatKey(path))) places.set(formatKey(path), node.loc.start);
  switch (node.type) {
    case "Object": {
      const object: Record<string, unknown> = {};
      for (const member of node.members) {
        const name = member.name.type === "Identifier" ? member.name.name : member.name.value;
        const inner = [...path, name];
        if (Object.hasOwn(object, name)) twice.push(inner);
        places.set(formatKey(inner), member.name.loc.start);
        const value = valueOf(member.value, inner, places, twice);
        Object.defineProperty(object, name, { value, enumerable: true, writable: true, configurable: true });
      }
      return object;
    }
    case "Array":
      return node.elements.map((element, at) => valueOf(element.value, [...path, at], places, twice));
    case "Null":
      return null;
    // No key takes them, and no JSON holds them: as words they are complained about where a number is meant, and harm nowhere else.
    case "NaN":
      return "NaN";
    case "Infinity":
      return node.sign === "-" ? "-Infinity" : "Infinity";
    default:
      return node.value;
  }
}

/** Of a place that is not in the text, the nearest that is: a missing key is a complaint about its object. */
function nearest(places: ReadonlyMap<string, Place>, path: KeyPath): Place {
  for (let length = path.length; length >= 0; length -= 1) {
    const place = places.get(formatKey(path.slice(0, length)));
    if (place !== undefined) return { line: place.line, column: place.column };
  }
  return { line: 1, column: 1 };
}
