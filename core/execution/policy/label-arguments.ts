/**
 * Whose words are these arguments?
 *
 * An argument carries the label of the text it was taken from. It is known to be the owner's only when everything in it
 * stands, word for word, in one text of the owner's: an argv as its joined command line, any other string by itself, both
 * at the borders of words. In every other case the model chose the words, having seen all the texts: the label is then
 * the least trusted of theirs and of the model's own (`agent`).
 *
 * A mistake here can only cost a question too many: whatever is too large, too deep or not found is never the owner's.
 */
import { joinLabels, type Label } from "@openclaw/protocol";

export interface LabelledText { readonly label: Label; readonly text: string }

const LIMITS = { depth: 16, leaves: 64, leafChars: 65_536, sourceChars: 262_144, sources: 64 } as const;

/** `args` are the call's arguments as the model gave them; `sources` is all it had seen when it chose them. Never throws. */
export function labelArguments(args: unknown, sources: readonly LabelledText[]): Label {
  if (sources.length === 0) return "outside";
  const leaves: string[] = [];
  const whole = collect(args, leaves, 0);
  if (whole && leaves.length > 0) {
    let looked = 0;
    for (let index = sources.length - 1; index >= 0 && looked < LIMITS.sources; index -= 1) {
      const source = sources[index];
      if (source?.label !== "owner") continue;
      looked += 1;
      if (source.text.length > LIMITS.sourceChars) continue;
      const text = collapse(source.text);
      if (leaves.every((leaf) => standsIn(leaf, text))) return "owner";
    }
  }
  if (whole && leaves.length === 0 && sources.every(({ label }) => label === "owner")) return "owner";
  return sources.reduce<Label>((least, { label }) => joinLabels(least, label), "agent");
}

/** False when the arguments are too large or too deep to be attributed. */
function collect(value: unknown, into: string[], depth: number): boolean {
  if (depth > LIMITS.depth || into.length > LIMITS.leaves) return false;
  switch (typeof value) {
    case "string": return add(value, into);
    case "number": return add(String(value), into);
    case "boolean": return value ? false : true; // a switch that is on was chosen by somebody, and no text says by whom
    case "object": break;
    default: return value === undefined;
  }
  if (value === null) return true;
  if (Array.isArray(value)) {
    const items = value as readonly unknown[];
    if (items.length > 0 && items.every((item) => typeof item === "string")) {
      let chars = 0;
      for (const item of items) chars += item.length + 1;
      return chars <= LIMITS.leafChars && add(items.join(" "), into);
    }
    return items.every((item) => collect(item, into, depth + 1));
  }
  return Object.entries(value).every(([key, member]) => {
    // The names of the outermost members come from the tool's schema; below that they are the model's words too.
    if (depth > 0 && !add(key, into)) return false;
    return collect(member, into, depth + 1);
  });
}

function add(text: string, into: string[]): boolean {
  if (text.length > LIMITS.leafChars || into.length >= LIMITS.leaves) return false;
  const collapsed = collapse(text);
  if (collapsed !== "") into.push(collapsed);
  return true;
}

function collapse(text: string): string {
  return text.replace(/\s+/g, " ").trim();
}

/** Both ends must be borders of words, and what follows must not look like more of the same command. */
function standsIn(leaf: string, text: string): boolean {
  for (let at = text.indexOf(leaf), tries = 0; at !== -1 && tries < 256; at = text.indexOf(leaf, at + 1), tries += 1) {
    const after = text.slice(at + leaf.length, at + leaf.length + 3);
    if ((at === 0 || /[\s"'`(]/.test(text.charAt(at - 1))) && /^($|["'`)]|[.,;:!?]?($|["'`)]|\s(?!-)))/.test(after)) return true;
  }
  return false;
}
