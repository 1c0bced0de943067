/** Which machine a sentence speaks of: `on the 'heavy-compute' node`, `on node pi`, `on tag gpu`, `how busy is pi`. */
import type { Place } from "./wish.ts";

const NAME = String.raw`(?:["'“‘](?<quoted>[\w.:-]{1,128})["'”’]|(?<word>[\w.:-]{0,127}\w))`;
const MACHINE = "(?:node|machine|server|host)";

const TAGGED = pattern(
  String.raw`\s+(?:on|from)\s+(?:(?:the|a|any|some)\s+)?(?:${MACHINE}s?\s+)?(?:tagged|with\s+(?:the\s+)?tag|tag)\s+(?:as\s+)?`,
  NAME, String.raw`(?:\s+${MACHINE})?`,
);
const NAMED = pattern(
  String.raw`\s+(?:on|from)\s+(?:(?:the|my|our)\s+)?(?:${MACHINE}\s+(?:called\s+|named\s+)?)?`, NAME, String.raw`(?:\s+${MACHINE})?`,
);
const BUSY = pattern(String.raw`\bhow\s+(?:busy|loaded)\s+(?:is|are)\s+(?:(?:the|my|our)\s+)?(?:${MACHINE}\s+)?`, NAME);

/** The machine one speaks to: naming it adds nothing. */
const THIS_MACHINE = /\s+(?:on|of)\s+(?:this|the|my)\s+(?:local\s+|gateway'?s?\s+)?(?:machine|computer|node|host|gateway)\b/i;

/** Words after "on" that name no other machine. */
const HERE = /^(?:this|here|it|that|the|a|an|my|your|its|local|localhost|gateway|disk|node|machine|server|host|me|time|top|standby|hold)$/i;

/** The first place named, and the text without it. Text in backticks is left alone. */
export function findPlace(text: string): { readonly place: Place | undefined; readonly rest: string } {
  const masked = text.replace(/`[^`]*`/g, (quoted) => "`".repeat(quoted.length));
  for (const [kind, named] of [["tag", TAGGED], ["node", NAMED], ["node", BUSY]] as const) {
    for (const found of masked.matchAll(named)) {
      const said = found.groups?.["quoted"] ?? found.groups?.["word"] ?? "";
      if (said === "" || HERE.test(said)) continue;
      if (named === BUSY) return { place: { selector: { node: said }, said }, rest: text };
      const rest = text.slice(0, found.index) + text.slice(found.index + found[0].length);
      return { place: { selector: kind === "tag" ? { tag: said } : { node: said }, said }, rest };
    }
  }
  return { place: undefined, rest: text.replace(THIS_MACHINE, "") };
}

const OTHERS = /\b(?:or (?:on )?(?:any|another|some other|elsewhere|here|locally)|anywhere|otherwise|if (?:that|it) fails|wherever)\b/i;

const COURTESY = new RegExp([
  "^(?:please|kindly|ok(?:ay)?|so|now|hey openclaw|openclaw",
  "(?:could|can|would|will) you(?: please)?",
  String.raw`i(?:'d| would) like you to|i want you to)[,:]?\s+`,
].join("|"), "i");

/** `only on pi`, `nowhere else`: then another machine is no answer. */
export function insistsOnPlace(text: string): boolean {
  return /\b(?:only|exactly|strictly|must|nowhere else|no other|not (?:any|on any) other)\b/i.test(text.replace(/`[^`]*`/g, ""));
}

/** `or anywhere`, `otherwise here`: another machine is welcome. */
export function welcomesElsewhere(text: string): boolean {
  return OTHERS.test(text.replace(/`[^`]*`/g, ""));
}

/** The sentence without greetings around it and without its final mark. */
export function withoutCourtesy(text: string): string {
  let plain = text.trim();
  for (let before = ""; before !== plain; ) {
    before = plain;
    plain = plain.replace(COURTESY, "");
  }
  return plain.replace(/[,\s]+(?:please|thanks|thank you)[.!]*$/i, "").replace(/\s*[?!.]+$/, "");
}

function pattern(...parts: readonly string[]): RegExp {
  return new RegExp(parts.join(""), "gi");
}
