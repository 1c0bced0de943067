/** From a conversation to what the demo model says and calls next. Pure. */
import type { ModelMessage, ModelRequest } from "@openclaw/sdk";
import { findPlace, insistsOnPlace, withoutCourtesy } from "./find-place.ts";
import { INTENTS } from "./intents.ts";
import type { CallDone, Move, Round, Wish } from "./wish.ts";
import { sayHelp, sayMissingTools, sayOutsideTable } from "./words.ts";

/** Longer than anything in the table needs to be; the patterns are not run over more. */
const MESSAGE_CHARS_MAX = 8_000;

/** Never throws on outside text: results are quoted, whatever they hold. */
export function decideMove(request: Pick<ModelRequest, "messages" | "tools">): Move {
  const at = request.messages.findLastIndex((message) => message.role === "user");
  const text = request.messages[at]?.text ?? "";
  const given = new Set(request.tools.map((tool) => tool.name));
  const examples = INTENTS.map((intent) => intent.example);
  const wish = text.length > MESSAGE_CHARS_MAX ? undefined : findWish(text);
  if (wish === undefined) return { say: sayOutsideTable(examples) };
  if (wish === "help") return { say: sayHelp(examples) };
  // Said in words: a call of a tool that this agent lacks would only come back refused.
  const missing = wish.intent.tools.filter((tool) => !given.has(tool));
  if (missing.length > 0) return { say: sayMissingTools(missing) };
  return wish.intent.next(wish, roundsSince(request.messages.slice(at + 1)));
}

type Understood = Wish & { readonly intent: (typeof INTENTS)[number] };

/** A greeting or a question about itself, and not much more. */
const HELP = new RegExp([
  "^(?:hi|hello|hey|good (?:morning|day|afternoon|evening)|help|thank(?:s| you)",
  String.raw`what (?:can you do|do you understand)|wh(?:o|at) are you)\b(?!.{60})`,
].join("|"), "i");

/** The first intent of the table that fits. Undefined when none does. */
function findWish(text: string): Understood | "help" | undefined {
  const plain = withoutCourtesy(text);
  const { place, rest } = findPlace(plain);
  for (const intent of INTENTS) {
    const said = intent.verbatim === true ? plain : withoutCourtesy(rest);
    for (const pattern of intent.patterns) {
      const found = pattern.exec(said);
      const parts = { ...found?.groups, ending: endingOf(text, plain) };
      if (found !== null) return { intent, place, insists: insistsOnPlace(text), parts, text: plain };
    }
  }
  return plain === "" || HELP.test(plain) ? "help" : undefined;
}

/** The marks at the end of the message, which no pattern sees: of words to be kept they are a part. */
function endingOf(text: string, plain: string): string {
  const whole = text.trimEnd();
  const at = whole.lastIndexOf(plain);
  const ending = at < 0 ? "" : whole.slice(at + plain.length);
  return /^[?!.]+$/.test(ending) ? ending : "";
}

/** What was called since the person spoke, and what came back. A call still without result does not count. */
function roundsSince(messages: readonly ModelMessage[]): readonly Round[] {
  const rounds: Round[] = [];
  for (const [at, message] of messages.entries()) {
    if (message.role !== "assistant" || message.calls === undefined || message.calls.length === 0) continue;
    const done = message.calls.flatMap((call): CallDone[] => {
      const result = messages.find((other, later) => later > at && other.role === "tool" && other.callId === call.id);
      if (result?.role !== "tool") return [];
      return [{ name: call.name, args: parseArgs(call.arguments), text: result.text, isError: result.isError }];
    });
    if (done.length > 0) rounds.push(done);
  }
  return rounds;
}

function parseArgs(text: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(text) as Record<string, unknown>;
  } catch {
    return {};
  }
}
