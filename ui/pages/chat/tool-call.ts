/** One call as a card shows it, and what a person would have typed for it. */
import type { ComponentChildren } from "preact";
import { plainLine } from "../../kit/plain-line.ts";
import type { TerminalText } from "../../kit/terminal-text.ts";
import type { Fields, KeptOutput, ReadOutput } from "./transcript.ts";

export interface ToolCardProps {
  readonly sessionKey: string;
  readonly runId?: string | undefined;
  readonly name: string;
  readonly args: Fields;
  /** What it has written so far, where this page saw it; otherwise `result` is what is known. */
  readonly output?: TerminalText | undefined;
  readonly version?: number;
  readonly result?: string | undefined;
  /** Where `result` is shortened and more can be read. */
  readonly kept?: KeptOutput | undefined;
  readonly readOutput?: ReadOutput;
  /** `unknown`: its turn is over and nothing was recorded of its end. */
  readonly state: "running" | "asking" | "done" | "failed" | "unknown";
  readonly nodeId?: string | undefined;
  readonly details: Fields;
  readonly startedMs: number;
  readonly endedMs?: number | undefined;
  readonly children?: ComponentChildren;
}

const COMMAND_CHARS_MAX = 2_000;

/** What a person would type, where there is such a thing; nothing in it can hide. */
export function commandOf(name: string, args: Fields): string {
  const { argv, command } = args;
  if (Array.isArray(argv)) return plainLine(argv.map((word) => quote(String(word))).join(" ").slice(0, COMMAND_CHARS_MAX));
  if (typeof command === "string") return plainLine(command.slice(0, COMMAND_CHARS_MAX));
  const shown = Object.entries(args).filter(([key]) => !(name === "write_file" && key === "content"))
    .map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
  return plainLine((shown === "" ? name : `${name} ${shown}`).slice(0, COMMAND_CHARS_MAX));
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
