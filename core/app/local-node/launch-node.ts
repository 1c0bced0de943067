import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { OpenClawError } from "@openclaw/protocol";
import { deadline, type Clock } from "../../base/clock.ts";
import type { LaunchClaim, LaunchMaterial, LaunchProof, LaunchReady } from "./answer-launch.ts";
import type { ConfinementClaim } from "./prove-confinement.ts";
import { signalGroup } from "./process-table.ts";

const STDERR_CHARS_MAX = 2_000;
const STDERR_RELAYED_MAX = 65_536;
const LINE_CHARS_MAX = 65_536;

export interface LaunchOptions {
  readonly argv: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
  /** Null where the node starts without confinement. */
  readonly claim: ConfinementClaim | null;
  readonly material: LaunchMaterial;
  /** From the start to `ready`. */
  readonly timeoutMs: number;
  readonly clock: Clock;
  /** What the node prints on its standard error after it is ready; it keeps a log of its own. */
  readonly onStderr: (text: string) => void;
}

export interface LaunchedNode {
  readonly pid: number;
  readonly nodeId: string;
  readonly child: ChildProcess;
}

/**
 * Starts the node in a process group of its own and leads it to `ready`. The material is handed over only after the proof: a
 * mechanism that did not hold never sees the token. On any failure the whole group is ended and COMMAND_NOT_STARTED is
 * thrown, `detail.reason` saying why in words.
 */
export async function launchNode(options: LaunchOptions, signal: AbortSignal): Promise<LaunchedNode> {
  signal.throwIfAborted();
  const [file = "", ...args] = options.argv;
  const child = spawn(file, args, { cwd: "/", env: { ...options.environment }, detached: true, stdio: ["pipe", "pipe", "pipe"] });
  let stderr = "";
  let ready = false;
  let relayed = 0;
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    if (ready && (relayed += text.length) <= STDERR_RELAYED_MAX) options.onStderr(text);
    else if (!ready) stderr = (stderr + text).slice(-STDERR_CHARS_MAX);
  });
  child.stdin.on("error", () => {});
  child.stdout.on("error", () => {});
  child.stderr.on("error", () => {});
  const limit = deadline(options.clock, options.timeoutMs, () => new Error("it took too long to start"), signal);
  try {
    const nodeId = await talk(child, options, limit.signal);
    ready = true;
    letGo(child);
    return { pid: child.pid ?? 0, nodeId, child };
  } catch (error) {
    if (child.pid !== undefined) signalGroup(child.pid, "SIGKILL");
    signal.throwIfAborted();
    const said = stderr.trim().split("\n").at(-1) ?? "";
    const reason = said !== "" ? said : error instanceof Error ? error.message : String(error);
    throw new OpenClawError("COMMAND_NOT_STARTED", { why: reason, next: "See: openclaw logs", detail: { reason }, cause: error });
  } finally {
    limit.close();
  }
}

async function talk(child: ChildProcess, options: LaunchOptions, signal: AbortSignal): Promise<string> {
  const { next, close } = readLines(child, signal);
  const say = (line: object): void => void child.stdin?.write(`${JSON.stringify(line)}\n`);
  say({ claim: options.claim } satisfies LaunchClaim);
  const { proof } = parse<LaunchProof>(await next());
  if (options.claim !== null && proof.findings.length > 0) throw new Error(`the confinement did not hold: ${proof.findings.join("; ")}`);
  say({ material: options.material });
  child.stdin?.end();
  const answer = parse<LaunchReady>(await next());
  if (answer.ready !== true || typeof answer.nodeId !== "string") throw new Error("the node did not say that it is ready");
  close();
  return answer.nodeId;
}

/** `next` gives one line; it rejects when the process ends first, cannot be started, or the signal aborts. */
function readLines(child: ChildProcess, signal: AbortSignal): { next(): Promise<string>; close(): void } {
  const reader = child.stdout === null ? undefined : createInterface({ input: child.stdout });
  const lines = reader?.[Symbol.asyncIterator]();
  const failed = new Promise<never>((_, reject) => {
    const abort = (): void => reject(signal.reason as Error);
    if (signal.aborted) abort();
    signal.addEventListener("abort", abort, { once: true });
    child.once("error", reject);
    child.once("close", (code, by) => reject(new Error(`it ended at once (${by ?? `code ${code}`})`)));
  });
  failed.catch(() => {});
  return {
    next: async () => {
      const line = await Promise.race([lines?.next() ?? failed, failed]);
      return line.done === true ? failed : line.value;
    },
    close: () => reader?.close(),
  };
}

function parse<T>(line: string): T {
  if (line.length > LINE_CHARS_MAX) throw new Error("the node says too much");
  return JSON.parse(line) as T;
}

/** The node outlives this process, and does not keep it alive. */
function letGo(child: ChildProcess): void {
  child.unref();
  for (const stream of [child.stdout, child.stderr]) {
    stream?.resume();
    if (stream !== null && "unref" in stream && typeof stream.unref === "function") stream.unref();
  }
}
