/** What a command is: words, options, examples, and what it does. Everything else (parsing, help, suggestions) reads this. */
import type { Clock } from "../../base/clock.ts";
import type { Terminal } from "../terminal/open-terminal.ts";
import type { Given } from "./given.ts";

export interface OptionSpec {
  readonly name: string;
  /** One letter: `m` for `-m`. */
  readonly short?: string;
  /** Shown in help in place of the value: `TEXT`. Absent: the option is a flag. */
  readonly value?: string;
  readonly kind?: "integer" | "json";
  /** Of an integer: the smallest that makes sense. */
  readonly min?: number;
  /** May be given several times; each may hold several values parted by commas. */
  readonly many?: true;
  readonly required?: true;
  /** Accepted, and not shown in help. */
  readonly hidden?: true;
  readonly summary: string;
}

export interface WordSpec {
  /** Shown in help: `NODE`, `KEY`. */
  readonly name: string;
  readonly required?: true;
  /** Takes all words that are left. */
  readonly rest?: true;
}

export interface Example {
  readonly line: string;
  readonly about: string;
}

export interface CommandSpec {
  readonly summary: string;
  readonly words?: readonly WordSpec[];
  readonly options?: readonly OptionSpec[];
  /** What people use most, first. */
  readonly examples: readonly Example[];
  /** Sentences that help where examples do not. */
  readonly notes?: readonly string[];
  readonly hidden?: true;
  /** Gives the exit code; throws what it cannot do. */
  run(ctx: CommandContext): Promise<number>;
}

/** A noun with its verbs. */
export interface CommandGroup {
  readonly summary: string;
  readonly examples: readonly Example[];
  /** The verb that is meant when none is said. */
  readonly usual?: string;
  readonly verbs: Readonly<Record<string, CommandSpec>>;
  readonly aliases?: Readonly<Record<string, string>>;
}

export type CommandModule = CommandSpec | CommandGroup;

export interface CommandEntry {
  readonly name: string;
  readonly summary: string;
  /** Of `Also` only the names stand in the help, so that it stays one screen. */
  readonly section: "Talk" | "Gateway" | "Nodes" | "Look" | "Also";
  readonly aliases?: readonly string[];
  readonly load: () => Promise<CommandModule>;
}

export interface CommandContext {
  readonly terminal: Terminal;
  /** What was said on the command line. */
  readonly given: Given;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly clock: Clock;
  readonly version: string;
  /** Every command there is, for those that speak of the others. */
  readonly commands: readonly CommandEntry[];
  /** Aborts when the person interrupts. */
  readonly signal: AbortSignal;
  /** Disposed when the command has ended, however it did. */
  readonly atEnd: AsyncDisposableStack;
}

export function isGroup(module: CommandModule): module is CommandGroup {
  return "verbs" in module;
}

/** Valid on every command, before or after it. */
export const GLOBAL_OPTIONS: readonly OptionSpec[] = [
  { name: "json", summary: "One JSON document on stdout, failures included" },
  { name: "profile", value: "NAME", summary: "A second gateway of its own: state in ~/.openclaw-NAME" },
  { name: "port", value: "N", kind: "integer", summary: "Port of the gateway (18789; OPENCLAW_GATEWAY_PORT)" },
  { name: "url", value: "URL", summary: "Address of the gateway: http, https, ws or wss" },
  { name: "token", value: "T", summary: "Token of the gateway (OPENCLAW_GATEWAY_TOKEN)" },
  { name: "tls-fingerprint", value: "SHA256", hidden: true, summary: "Take exactly this certificate (OPENCLAW_TLS_FINGERPRINT)" },
  { name: "timeout", value: "MS", kind: "integer", summary: "Longest to wait for an answer" },
  { name: "yes", short: "y", summary: "Answer yes to the question before something is lost" },
  { name: "quiet", short: "q", summary: "Only the answer, nothing on the side" },
  { name: "no-color", summary: "No colour (NO_COLOR)" },
  { name: "help", short: "h", summary: "Help for any command" },
  { name: "version", short: "V", summary: "Version" },
];
