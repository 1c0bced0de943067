/**
 * A list of messages, as clients of the OpenAI interface send one with every call, as one message to an agent.
 *
 * The agent's session is what it remembers, so only what the person says last is new to it. Where the session is new as well,
 * what was said before goes along, quoted. What a model or a tool is quoted to have said is not the owner's word: the message
 * carries the least trusted label of all it holds, so that quoting outside text gives it no authority.
 */
import { joinLabels, type Label } from "@openclaw/protocol";
import { HttpRefusal, invalidRequest } from "./http-refusal.ts";
import { HTTP_LIMITS } from "./http-limits.ts";

export interface Said {
  readonly role: "system" | "user" | "assistant" | "tool";
  readonly text: string;
}

export interface Turn {
  /** Of `system` and `developer` messages, wherever they stood. */
  readonly instructions: string;
  /** What the person says now. */
  readonly text: string;
  /** What was said before, oldest first. */
  readonly earlier: readonly Said[];
}

const ROLES: Readonly<Record<string, Said["role"]>> = {
  system: "system", developer: "system", user: "user", assistant: "assistant", tool: "tool", function: "tool",
};
const TEXT_PARTS: ReadonlySet<unknown> = new Set(["text", "input_text", "output_text", "refusal"]);

/** One message of the list. `param` names the list in a refusal. */
export function parseSaid(message: unknown, param: string): Said {
  const { role, content } = (typeof message === "object" && message !== null ? message : {}) as Readonly<Record<string, unknown>>;
  const known = typeof role === "string" && Object.hasOwn(ROLES, role) ? ROLES[role] : undefined;
  if (known === undefined) throw invalidRequest(`${param}: a message has a role of ${Object.keys(ROLES).join(", ")}.`, param);
  return { role: known, text: parseContent(content, param) };
}

export function parseContent(content: unknown, param: string): string {
  if (typeof content === "string") return content;
  if (content === null || content === undefined) return "";
  if (!Array.isArray(content) || content.length > HTTP_LIMITS.partsMax) {
    throw invalidRequest(`${param}: content is a text or a list of at most ${HTTP_LIMITS.partsMax} parts.`, param);
  }
  return content.map((part: unknown) => {
    const { type, text, refusal } = (typeof part === "object" && part !== null ? part : {}) as Readonly<Record<string, unknown>>;
    if (!TEXT_PARTS.has(type)) {
      const named = JSON.stringify(String(type).slice(0, 40));
      throw invalidRequest(`${param}: this gateway takes text only; there is a part of type ${named}.`, param, "unsupported_content");
    }
    const said = type === "refusal" ? refusal : text;
    if (typeof said !== "string") throw invalidRequest(`${param}: a part of type text has a text.`, param);
    return said;
  }).join("\n");
}

/** Throws 400 where the last word is not a person's, 413 where the instructions are too long. */
export function composeTurn(all: readonly Said[], param: string, instructions = ""): Turn {
  const rules = all.filter(({ role }) => role === "system").map(({ text }) => text);
  const system = [instructions, ...rules].filter((text) => text.trim() !== "");
  const said = all.filter(({ role }) => role !== "system");
  const last = said.findLastIndex(({ role }) => role !== "user");
  const text = said.slice(last + 1).map((one) => one.text).filter((one) => one.trim() !== "").join("\n\n");
  if (text === "") {
    const message = said.at(-1)?.role === "tool"
      ? `${param}: the results of tools are not taken: the agent calls its own.`
      : `${param}: the last message is one of the user, with a text.`;
    throw invalidRequest(message, param);
  }
  const joined = system.join("\n\n");
  if (joined.length > HTTP_LIMITS.instructionsChars) {
    throw new HttpRefusal(413, `${param}: the instructions have more than ${HTTP_LIMITS.instructionsChars} characters.`, { param });
  }
  return { instructions: joined, text, earlier: said.slice(0, last + 1).filter((one) => one.text.trim() !== "") };
}

const NAMES: Readonly<Record<Said["role"], string>> = { system: "System", user: "User", assistant: "Assistant", tool: "Tool" };
const LABELS: Readonly<Record<Said["role"], Label>> = { system: "owner", user: "owner", assistant: "agent", tool: "outside" };

/** The message for a session that holds nothing yet. */
export function quoteEarlier({ text, earlier }: Turn): { readonly text: string; readonly label: Label } {
  const quoted = newestThatFit(earlier);
  if (quoted.length === 0) return { text, label: "owner" };
  const left = earlier.length - quoted.length;
  const lines = [...(left === 0 ? [] : [`(${left} older messages are left out.)`]), ...quoted.map(formatLine)];
  const label = quoted.map(({ role }) => LABELS[role]).reduce(joinLabels);
  return { text: `[What was said before, as the client tells it]\n${lines.join("\n\n")}\n\n[What the user says now]\n${text}`, label };
}

function newestThatFit(earlier: readonly Said[]): readonly Said[] {
  let bytes = 0;
  const first = earlier.findLastIndex((one) => (bytes += Buffer.byteLength(formatLine(one)) + 2) > HTTP_LIMITS.quotedBytes);
  return earlier.slice(first + 1);
}

function formatLine({ role, text }: Said): string {
  return `${NAMES[role]}: ${text}`;
}
