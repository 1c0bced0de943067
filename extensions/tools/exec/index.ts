import type { Intent, Tool } from "@openclaw/sdk";

interface ExecArgs {
  readonly argv?: readonly string[];
  readonly command?: string;
  readonly node?: string;
  readonly host?: string;
  readonly tag?: string;
  readonly cwd?: string;
  readonly timeoutMs?: number;
  readonly background?: boolean;
  readonly detached?: boolean;
}

interface RunPayload {
  readonly exitCode: number | null;
  readonly signal?: string;
  readonly timedOut: boolean;
  readonly stdout: string;
  readonly stderr: string;
  readonly error: string | null;
}

/** Half an hour: what takes longer belongs into the background. */
const DEFAULT_TIMEOUT_MS = 1_800_000;

/** Runs a program on a node. A plain command line becomes an argv; only one that needs a shell is given to one. */
export default {
  name: "exec",
  summary: "Runs a program; without node or tag on the gateway's own machine. Give argv, or command for a shell line.",
  args: {
    type: "object",
    additionalProperties: false,
    properties: {
      argv: { type: "array", minItems: 1, maxItems: 256, items: { type: "string", maxLength: 131_072 } },
      command: { type: "string", minLength: 1, maxLength: 131_072 },
      node: { type: "string", minLength: 1, maxLength: 128, description: "Name, id or tag." },
      tag: { type: "string", minLength: 1, maxLength: 64 },
      host: { type: "string", maxLength: 32 },
      cwd: { type: "string", minLength: 1, maxLength: 4_096 },
      timeoutMs: { type: "integer", minimum: 1, maximum: 86_400_000 },
      background: { type: "boolean", description: "Return at once; follow with job." },
      detached: { type: "boolean", description: "It outlives a stop." },
    },
  },
  effect: "unsafe",
  propose(args, ctx): Intent {
    const { argv, command: line = "", node, tag, cwd, timeoutMs = DEFAULT_TIMEOUT_MS, background, detached } = args as ExecArgs;
    if (argv === undefined && line.trim() === "") throw new Error("Give argv or command.");
    const command = background === true ? "job.start" : "system.run";
    return {
      actuator: "node",
      effect: "unsafe",
      command,
      target: { command, ...(node === undefined ? {} : { node }), ...(tag === undefined ? {} : { tag }) },
      params: { command: argv ?? splitCommandLine(line), ...(cwd === undefined ? {} : { cwd }), timeoutMs, sessionKey: ctx.sessionKey },
      timeoutMs,
      ...(background === true && detached === true ? { detached } : {}),
      summary: argv === undefined ? line : argv.join(" "),
    };
  },
  present(payload) {
    const run = payload as RunPayload & { readonly jobId?: string };
    if (run.jobId !== undefined) return { text: `Started in the background as job ${run.jobId}.`, isError: false };
    const parts = [run.stdout.trimEnd()];
    if (run.stderr.trim() !== "") parts.push(`[stderr]\n${run.stderr.trimEnd()}`);
    if (run.timedOut) parts.push("[ended: it took longer than allowed]");
    else if (run.exitCode !== 0) parts.push(`[exit code ${run.exitCode ?? `none, signal ${run.signal ?? "unknown"}`}]`);
    if (run.error !== null && run.error !== "") parts.push(`[${run.error}]`);
    return { text: parts.filter((part) => part !== "").join("\n"), isError: run.exitCode !== 0 };
  },
} satisfies Tool;

/** Words of a command line as an argv; a line with anything only a shell understands goes to `/bin/sh -c` as one argument. */
export function splitCommandLine(line: string): readonly string[] {
  if (/[\n`$|&;<>(){}*?[\]~#!\\]/.test(line) || /^\s*\w+=/.test(line)) return ["/bin/sh", "-c", line];
  const unbalanced = /["']/.test(line.replaceAll(/"[^"]*"|'[^']*'/g, ""));
  const words = line.match(/(?:[^\s"']|"[^"]*"|'[^']*')+/g) ?? [];
  if (unbalanced || words.length === 0) return ["/bin/sh", "-c", line];
  return words.map((word) => word.replaceAll(/"([^"]*)"|'([^']*)'/g, "$1$2"));
}
