/**
 * Everything the demo model understands: first match wins, from the most to the least particular.
 *
 * An intent that answers outside text with another call may only repeat what the person asked for, never more.
 */
import { checkMachine } from "./check-machine.ts";
import { explainFailure, failureCode, neverStarted } from "./explain-failure.ts";
import { findPlace, welcomesElsewhere } from "./find-place.ts";
import { fence, listFacts, listFiles, writtenFile } from "./quote.ts";
import { reportCheck, reportDisk, reportLoad } from "./report.ts";
import type { CallDone, DemoIntent, Move, Place, Round, Wish } from "./wish.ts";

const PATH = String.raw`(?:["'“\x60](?<quoted>[^"'”\x60]+)["'”\x60]|(?<path>\S+))`;

const INSIDE = String.raw`(?:\s+(?:in|of|under|inside|at)\s+(?:the\s+)?(?:folder\s+|directory\s+)?${PATH})?(?:\s+(?:folder|directory))?$`;

export const INTENTS: readonly DemoIntent[] = [
  {
    example: "Remember that the backup runs at night.",
    tools: ["remember"],
    verbatim: true,
    patterns: [/^(?:remember|note|keep in mind|don't forget|do not forget)(?: down)?(?: that\b|:)?\s+(?<fact>[\s\S]+)$/i],
    next: once(({ parts }) => ({ say: "I'll keep that.", calls: [{ name: "remember", args: { text: parts["fact"] ?? "" } }] }),
      ({ parts }) => `I'll remember: ${parts["fact"] ?? ""}`),
  },
  {
    example: "What do you remember about the backup?",
    tools: ["recall"],
    verbatim: true,
    patterns: [
      /^what (?:do|did) (?:you (?:remember|know|recall)|i tell you)(?:\s+(?:about|of)\s+(?<query>.+))?$/i,
      /^(?:do you remember|recall|what have you kept about)(?:\s+(?:about|anything about))?\s+(?<query>.+)$/i,
    ],
    next: once(
      ({ parts }) => ({ say: "I'll look into my notes.", calls: [{ name: "recall", args: { query: parts["query"] ?? "" } }] }),
      ({ parts }, done) => listFacts(done.text, parts["query"]),
    ),
  },
  {
    example: "Write file hello.txt with content: Hello, world!",
    tools: ["write_file"],
    verbatim: true,
    patterns: [
      pattern(
        String.raw`^(?:write|create|make|save)\s+(?:an?\s+|the\s+)?(?:new\s+)?(?:text\s+)?file\s+(?:called\s+|named\s+)?`, PATH,
        String.raw`(?<where>\s+on\s.*?)?\s*(?:with(?:\s+the)?\s+(?:contents?|text)|containing|that says|saying|:)[:,]?`,
        String.raw`\s+(?<content>[\s\S]+)$`,
      ),
      pattern(
        String.raw`^(?:write|save|put)\s+(?<content>["“'\x60][\s\S]+["”'\x60])\s+(?:to|into|in)\s+(?:the\s+)?(?:file\s+)?`, PATH,
        String.raw`(?<where>\s+on\s.*)?$`,
      ),
    ],
    next: writeFile,
  },
  {
    example: "Run `uname -a` on node pi.",
    tools: ["exec"],
    patterns: [/\b(?:run|execute|exec|start|launch|try)\b[^`]*`(?<command>[^`]+)`/i],
    next: runCommand,
  },
  {
    example: "Run a system check on the 'heavy-compute' node.",
    tools: ["system_info", "exec"],
    patterns: [/\b(?:system|health|machine|full)[- ]?(?:check|report)\b/i,
      /\bcheck (?:up on )?(?:the |my )?(?:system|machine|server|computer)\b/i, /\bdiagnostics?\b/i],
    next: checkMachine({ title: "system check", info: true, commands: [["uname", "-a"], ["uptime"], ["df", "-h", "/"]],
      report: reportCheck }),
  },
  {
    example: "How busy is this machine?",
    tools: ["system_info", "exec"],
    patterns: [/\bhow (?:busy|loaded|hard)\b/i, /\b(?:machine|system|cpu|server|memory|ram|processor) (?:load|usage|use)\b/i,
      /\bload average\b/i, /\bhow much (?:memory|ram)\b/i, /\buptime of\b/i],
    next: checkMachine({ title: "load", info: true, commands: [["uptime"]], report: reportLoad }),
  },
  {
    example: "How much disk space is left?",
    tools: ["exec"],
    patterns: [/\bdisk\b/i, /\b(?:free|how much) space\b/i, /\bhow full\b/i],
    next: checkMachine({ title: "disk space", info: false, commands: [["df", "-h"]], report: reportDisk }),
  },
  {
    example: "List the files in docs.",
    tools: ["list_files"],
    patterns: [
      pattern(
        String.raw`^(?:list|show)(?:\s+me)?(?:\s+all)?(?:\s+(?:of\s+)?(?:the|my|your))?`,
        String.raw`\s+(?:files|folders?|director(?:y|ies)|contents)`, INSIDE,
      ),
      pattern(String.raw`^(?:what|which) files\s+(?:are|do (?:you|we|i) have)(?:\s+there)?`, INSIDE),
      pattern(String.raw`^ls(?:\s+`, PATH, ")?$"),
    ],
    next: once(
      ({ parts, place }) => ({ say: `I'll list ${nameOf(pathOf(parts), "the workspace")}${at(place)}.`,
        calls: [{ name: "list_files", args: { ...pathArgs(parts), ...place?.selector } }] }),
      ({ parts, place }, done) => `${nameOf(pathOf(parts), "The workspace")}${at(place)}:\n\n${listFiles(done.text)}`,
    ),
  },
  {
    example: "Read the file hello.txt.",
    tools: ["read_file"],
    patterns: [
      pattern(String.raw`^(?:read|show|open|print|display)(?:\s+me)?\s+(?:the\s+)?(?:contents?\s+of\s+)?(?:the\s+)?file\s+`, PATH, "$"),
      pattern(String.raw`^(?:read|show|open|cat|print)(?:\s+me)?\s+(?:contents?\s+of\s+)?`, PATH, "$"),
      pattern(String.raw`^what(?:'s| is) in (?:the )?(?:file )?`, PATH, "$"),
    ],
    next: once(
      ({ parts, place }) => ({ say: `I'll read ${nameOf(pathOf(parts), "it")}${at(place)}.`,
        calls: [{ name: "read_file", args: { path: pathOf(parts) ?? "", ...place?.selector } }] }),
      ({ parts, place }, done) => `${nameOf(pathOf(parts), "The file")}${at(place)} says:\n\n${fence(done.text)}`,
    ),
  },
  {
    example: "Run uptime.",
    tools: ["exec"],
    // "Run a quick test" names no program; "run the command ls" does.
    patterns: [/^(?:run|execute|exec)\s+(?:(?:the\s+)?(?:command|program)\s+)?(?!(?:an?|the|my|your|some|this|that|it)\b)(?<command>\S[\s\S]*)$/i],
    next: runCommand,
  },
];

function pattern(...parts: readonly string[]): RegExp {
  return new RegExp(parts.join(""), "i");
}

/** An intent of one call: what to call, and how to say its result. */
function once(begin: (wish: Wish) => Move, answer: (wish: Wish, done: CallDone) => string): (wish: Wish, rounds: readonly Round[]) => Move {
  return (wish, rounds) => {
    const done = rounds.at(-1)?.[0];
    if (done === undefined) return begin(wish);
    return { say: done.isError ? explainFailure(wish, done) : answer(wish, done) };
  };
}

function writeFile(wish: Wish, rounds: readonly Round[]): Move {
  const done = rounds.at(-1)?.[0];
  const path = pathOf(wish.parts) ?? "";
  // Only a place before the content names a machine: behind it, it is what shall stand in the file.
  const { place } = findPlace(wish.parts["where"] ?? "");
  if (done !== undefined) return { say: done.isError ? explainFailure({ ...wish, place }, done) : writtenFile(path, at(place), done.text) };
  const said = wish.parts["content"] ?? "";
  const quoted = said.replace(/^(["'\x60])([\s\S]*)\1$|^“([\s\S]*)”$/, "$2$3");
  const content = quoted === said && wish.text.endsWith(said) ? said + (wish.parts["ending"] ?? "") : quoted;
  return { say: `I'll write \`${path}\`${at(place)}.`, calls: [{ name: "write_file", args: { path, content, ...place?.selector } }] };
}

/**
 * Runs what the person wrote. It may change things, so it runs a second time only where it surely did not run a first, and
 * only where the person said that another machine would do.
 */
function runCommand(wish: Wish, rounds: readonly Round[]): Move {
  const line = (wish.parts["command"] ?? "").replace(/\s+in the background$/i, "").trim();
  const background = /\bin the background\b/i.test(wish.text.replace(/`[^`]*`/g, ""));
  const how = /^[\w@%+=:,./ -]+$/.test(line) && !/^\w+=/.test(line) ? { argv: line.split(/ +/) } : { command: line };
  const args = { ...how, ...(background ? { background } : {}) };
  const done = rounds.at(-1)?.[0];
  if (done === undefined) {
    return { say: `I'll run \`${line}\`${at(wish.place)}${background ? " in the background" : ""}.`,
      calls: [{ name: "exec", args: { ...args, ...wish.place?.selector } }] };
  }
  if (!done.isError) {
    const moved = rounds.length > 1 ? `\`${wish.place?.said ?? ""}\` could not be reached, so this ran on the gateway's own machine. ` : "";
    return { say: `${moved}\`${line}\`${rounds.length > 1 ? "" : at(wish.place)} gave:\n\n${fence(done.text)}` };
  }
  if (rounds.length === 1 && wish.place !== undefined && !wish.insists && neverStarted(failureCode(done)) && welcomesElsewhere(wish.text)) {
    return { say: `${explainFailure(wish, done, "short")} You said another machine would do, so I try without naming one.`,
      calls: [{ name: "exec", args }] };
  }
  return { say: explainFailure(wish, done) };
}

function pathOf(parts: Wish["parts"]): string | undefined {
  return parts["quoted"] ?? parts["path"];
}

function pathArgs(parts: Wish["parts"]): { readonly path?: string } {
  const path = pathOf(parts);
  return path === undefined || /^(?:here|there|workspace)$/i.test(path) ? {} : { path };
}

function nameOf(path: string | undefined, otherwise: string): string {
  return path === undefined ? otherwise : `\`${path}\``;
}

function at(place: Place | undefined): string {
  return place === undefined ? "" : ` on **${place.said}**`;
}
