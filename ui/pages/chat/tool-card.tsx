/** What was done: one line when it is over, open with its live output while it runs. */
import type { VNode } from "preact";
import { AnsiText } from "../../kit/ansi.tsx";
import { formatDuration } from "../../kit/format.ts";
import { StateMark } from "../../kit/state-mark.tsx";
import { words } from "../../words/en/chat.ts";

export interface ToolCardProps {
  readonly name: string;
  readonly args: Readonly<Record<string, unknown>>;
  readonly output: string;
  readonly state: "running" | "done" | "failed";
  readonly nodeId?: string | undefined;
  readonly details: Readonly<Record<string, unknown>>;
  readonly startedMs: number;
  readonly endedMs?: number | undefined;
}

const MARKS = {
  running: { state: "live", word: words.running }, done: { state: "good", word: words.done },
  failed: { state: "problem", word: words.failedCall },
} as const;

export function ToolCard({ name, args, output, state, details, startedMs, endedMs }: ToolCardProps): VNode {
  const ms = typeof details["durationMs"] === "number" ? details["durationMs"] : endedMs === undefined ? undefined : endedMs - startedMs;
  const exit = typeof details["exitCode"] === "number" ? details["exitCode"] : undefined;
  const about = [exit === undefined ? [] : words.exit(exit), ms === undefined ? [] : formatDuration(ms)].flat().join(" · ");
  return (
    <details class={`tool ${state}`} open={state === "running"}>
      <summary>
        <StateMark {...MARKS[state]} />
        <code>{commandOf(name, args)}</code>
        <span class="soft small">{about}</span>
      </summary>
      {output === "" ? null : <pre class="terminal" tabIndex={0} aria-label={words.output(name)}><AnsiText text={output} /></pre>}
    </details>
  );
}

/** What a person would type, where there is such a thing. */
export function commandOf(name: string, args: Readonly<Record<string, unknown>>): string {
  const { argv, command } = args;
  if (Array.isArray(argv)) return argv.map((word) => quote(String(word))).join(" ");
  if (typeof command === "string") return command;
  const shown = Object.entries(args).map(([key, value]) => `${key}=${typeof value === "string" ? value : JSON.stringify(value)}`).join(" ");
  return shown === "" ? name : `${name} ${shown}`;
}

function quote(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}
