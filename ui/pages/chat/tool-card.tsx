/** What was done: one line when it is over, open with its live output while it runs. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { formatDuration } from "../../kit/format.ts";
import { lazy } from "../../kit/lazy.tsx";
import { plainLine } from "../../kit/plain-line.ts";
import { StateMark } from "../../kit/state-mark.tsx";
import type { TerminalText } from "../../kit/terminal-text.ts";
import { words } from "../../words/en/chat.ts";
import { Elapsed } from "./elapsed.tsx";
import { nodeName } from "./node-names.ts";
import { number, type Fields } from "./transcript.ts";

const ToolBody = lazy(() => import("./tool-body.tsx").then((part) => part.ToolBody));

export interface ToolCardProps {
  readonly sessionKey: string;
  readonly runId?: string | undefined;
  readonly name: string;
  readonly args: Fields;
  /** What it has written so far, where this page saw it; otherwise `result` is what is known. */
  readonly output?: TerminalText | undefined;
  readonly version?: number;
  readonly result?: string | undefined;
  /** `unknown`: its turn is over and nothing was recorded of its end. */
  readonly state: "running" | "asking" | "done" | "failed" | "unknown";
  readonly nodeId?: string | undefined;
  readonly details: Fields;
  readonly startedMs: number;
  readonly endedMs?: number | undefined;
  readonly children?: ComponentChildren;
}

const MARKS = {
  running: { state: "live", word: words.running }, asking: { state: "attention", word: words.asking }, done: { state: "good", word: words.done },
  failed: { state: "problem", word: words.failedCall }, unknown: { state: "unknown", word: words.notKnown },
} as const;

export function ToolCard(props: ToolCardProps): VNode {
  const { name, args, state, details, startedMs, endedMs, nodeId, children } = props;
  // Open while it runs, unless somebody closed it; closed when it is over, unless somebody opened it.
  const chosen = useSignal<boolean | undefined>(undefined);
  const isOpen = chosen.value ?? (state === "running" || state === "asking");
  const ms = number(details["durationMs"]) ?? (endedMs === undefined ? undefined : endedMs - startedMs);
  const exit = number(details["exitCode"]);
  const facts = [
    nodeId === undefined ? [] : words.on(nodeName(nodeId)), exit === undefined ? [] : words.exit(exit), ms === undefined ? [] : formatDuration(ms),
  ].flat();
  return (
    <details class={`tool ${state}`} open={isOpen}>
      <summary onClick={(event) => {
        event.preventDefault();
        chosen.value = !isOpen;
      }}>
        <StateMark {...MARKS[state]} />
        <code>{commandOf(name, args)}</code>
        <span class="soft small">{facts.join(" · ")}{state === "running" ? <Elapsed sinceMs={startedMs} /> : null}</span>
      </summary>
      {children}
      {isOpen ? <ToolBody {...props} /> : null}
    </details>
  );
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
