/** What went wrong, in plain words, and what could be done instead. */
import { fence, oneLine } from "./quote.ts";
import type { CallDone, Wish } from "./wish.ts";

/** The code at the front of a failed result; undefined where the program itself failed. */
export function failureCode(done: CallDone): string | undefined {
  return done.isError ? /^\s*\[?([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)\b/.exec(done.text)?.[1] : undefined;
}

/** The machine was not there, or went away. */
export function unreachable(code: string | undefined): boolean {
  return neverStarted(code) || code === "NODE_LOST" || code === "OUTCOME_UNKNOWN";
}

/** It is certain that nothing ran. */
export function neverStarted(code: string | undefined): boolean {
  return code !== undefined && NEVER_STARTED.has(code);
}

const NEVER_STARTED: ReadonlySet<string> = new Set(["NODE_OFFLINE", "NODE_DRAINING", "NODE_TAG_NONE", "NODE_UNKNOWN", "NODE_BUSY"]);

interface Explanation {
  readonly happened: (said: string) => string;
  /** What could be done instead. */
  readonly instead: (said: string) => string;
}

const LOOK_INSTEAD = "I can look at things without changing them instead: try a system check, or ask what I understand.";
const NOT_REPEATED = "I did not repeat it elsewhere, because it may have taken effect before the node was lost. "
  + "Say so if I shall run it again, here or on another node.";

const EXPLANATIONS: Readonly<Record<string, Explanation>> = {
  NODE_OFFLINE: {
    happened: (said) => `**${said}** is not connected, or does not offer this.`,
    instead: (said) => `See who is there with \`openclaw nodes list\`, or ask me again without naming ${said}.`,
  },
  NODE_UNKNOWN: {
    happened: (said) => `No node is called **${said}**, and none carries that tag.`,
    instead: () => "See their names with `openclaw nodes list`, or ask me again without naming one.",
  },
  NODE_TAG_NONE: {
    happened: (said) => `No node carries the tag **${said}**.`,
    instead: (said) => `Start one with \`openclaw node start --tags=${said}\`, or ask me again without naming it.`,
  },
  NODE_DRAINING: {
    happened: (said) => `**${said}** is being drained: it is given no new work.`,
    instead: (said) => `Give it work again with \`openclaw nodes drain ${said} --off\`, or ask me again without naming ${said}.`,
  },
  NODE_LOST: { happened: (said) => `**${said}** went away in the middle of it.`, instead: () => NOT_REPEATED },
  OUTCOME_UNKNOWN: {
    happened: (said) => `It is not known whether it took effect on **${said}**.`,
    instead: () => "I did not repeat it. Please look, and tell me if I shall.",
  },
  NODE_BUSY: { happened: (said) => `**${said}** runs as many jobs as it may.`, instead: () => "Ask me again in a moment." },
  APPROVAL_DENIED: { happened: () => "A person said no, so I did not do it.", instead: () => LOOK_INSTEAD },
  GATE_REFUSED: { happened: () => "The gate refused this, so nothing was done.", instead: () => LOOK_INSTEAD },
  APPROVAL_REQUIRED: {
    happened: () => "This needs a person's approval first.",
    instead: () => "See `openclaw approvals list`, then ask me again.",
  },
  COMMAND_TIMEOUT: {
    happened: () => "It took longer than it may, and was ended.",
    instead: () => "Ask me to run it in the background.",
  },
  COMMAND_NOT_STARTED: {
    happened: () => "The program could not be started.",
    instead: () => "Is its name right, and is it installed there?",
  },
  NODE_BINARY_FORBIDDEN: {
    happened: (said) => `**${said}** does not allow this program.`,
    instead: () => "Allow it on the node, or name another program.",
  },
  NODE_PATH_FORBIDDEN: {
    happened: () => "That path lies outside the directories the node allows.",
    instead: () => "Use a path inside the workspace.",
  },
  NODE_FILE_FAILED: {
    happened: () => "The file could not be reached.",
    instead: () => "Ask me to list the files to see what is there.",
  },
};

/** For the person. `short` leaves out what could be done instead, where the demo model does it itself. */
export function explainFailure(wish: Wish, done: CallDone, length: "short" | "full" = "full"): string {
  const code = failureCode(done);
  const known = code !== undefined && Object.hasOwn(EXPLANATIONS, code) ? EXPLANATIONS[code] : undefined;
  if (known === undefined) {
    const where = wish.place === undefined ? "" : ` on **${wish.place.said}**`;
    return `That did not work${where}. This is what came back:\n\n${fence(done.text)}`;
  }
  const said = wish.place?.said ?? "this machine";
  if (length === "short") return `${known.happened(said)} (\`${code ?? ""}\`)`;
  return `${known.happened(said)} ${known.instead(said)}\n\n> ${oneLine(done.text)}`;
}
