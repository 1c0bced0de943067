import { spawn, type ChildProcess } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";

export interface TunnelOptions {
  /** `user@host`, or a name from the person's ssh configuration. */
  readonly destination: string;
  readonly sshPort?: number | undefined;
  /** Further words for ssh, such as `-i FILE`. */
  readonly sshArguments?: readonly string[];
  readonly sshProgram?: string;
  /** Of the near end; a free one unless told. */
  readonly localPort?: number | undefined;
  /** Of the gateway at the far end. */
  readonly gatewayPort: number;
  readonly clock: Clock;
  readonly onState: (state: TunnelState, detail: { readonly why?: string }) => void;
}

export type TunnelState = "opening" | "open" | "lost";

export interface Tunnel extends AsyncDisposable {
  readonly localPort: number;
  /** Resolves when the gateway has answered through it for the first time. Rejects with TUNNEL_FAILED when that cannot come. */
  readonly opened: Promise<void>;
}

/** In milliseconds; tests hand in smaller ones through the clock. */
export const TUNNEL_TIMING = {
  openWaitMs: 15_000, lookMs: 100, healthEveryMs: 10_000, healthTimeoutMs: 5_000, missedMax: 2, retryMinMs: 500, retryMaxMs: 15_000,
  killGraceMs: 1_000,
} as const;

const STDERR_CHARS_MAX = 4_096;
/** After the first opening anything may come back; before it these will not by themselves. */
const HOPELESS = /Permission denied|Host key verification failed|Could not resolve hostname|Bad configuration|REMOTE HOST IDENTIFICATION/i;

/** Opens it, keeps it until disposed. Whoever opens it disposes it. */
export async function openTunnel(options: TunnelOptions, signal: AbortSignal): Promise<Tunnel> {
  if (!/^[A-Za-z0-9_][A-Za-z0-9_.@:%-]*$/.test(options.destination)) throw new OpenClawError("TUNNEL_FAILED", {
    why: `"${options.destination}" is no USER@HOST.`, next: "openclaw remote --ssh USER@HOST",
  });
  const localPort = options.localPort ?? await freePort();
  const ending = new AbortController();
  const opened = Promise.withResolvers<void>();
  opened.promise.catch(() => undefined); // whoever does not wait for it hears of it by the state
  const whole = AbortSignal.any([signal, ending.signal]);
  const kept = keep(options, localPort, opened, whole);
  return {
    localPort, opened: opened.promise,
    [Symbol.asyncDispose]: async () => {
      ending.abort(new OpenClawError("CLOSED"));
      await kept;
    },
  };
}

async function keep(
  options: TunnelOptions, localPort: number, opened: PromiseWithResolvers<void>, signal: AbortSignal,
): Promise<void> {
  const { clock, onState } = options;
  let wasOpen = false;
  for (let failures = 0; !signal.aborted; failures += 1) {
    onState("opening", {});
    const ssh = startSsh(options, localPort);
    try {
      await untilHealthy(ssh, localPort, clock, signal);
      wasOpen = true;
      failures = 0;
      onState("open", {});
      opened.resolve();
      const why = await untilBroken(ssh, localPort, clock, signal);
      if (!signal.aborted) onState("lost", { why });
    } catch (error) {
      if (signal.aborted) break;
      const why = error instanceof Error ? error.message : String(error);
      onState("lost", { why });
      if (!wasOpen && HOPELESS.test(why)) {
        opened.reject(new OpenClawError("TUNNEL_FAILED", { why, next: `Try by hand: ssh ${options.destination} true` }));
        break;
      }
    } finally {
      await ssh.stop(clock);
    }
    const waitMs = Math.min(TUNNEL_TIMING.retryMaxMs, TUNNEL_TIMING.retryMinMs * 2 ** Math.min(failures, 10));
    await clock.wait(waitMs, signal).catch(() => undefined);
  }
  opened.reject(new OpenClawError("TUNNEL_FAILED", { why: "It was closed before it was open." }));
}

interface Ssh {
  /** Resolves with what it said at its end. Never rejects. */
  readonly ended: Promise<string>;
  readonly hasEnded: () => boolean;
  stop(clock: Clock): Promise<void>;
}

function startSsh({ destination, sshPort, sshArguments = [], sshProgram = "ssh", gatewayPort }: TunnelOptions, localPort: number): Ssh {
  const child: ChildProcess = spawn(sshProgram, [
    "-N", "-T", "-o", "ExitOnForwardFailure=yes", "-o", "BatchMode=yes", "-o", "ServerAliveInterval=10", "-o", "ServerAliveCountMax=2",
    "-L", `127.0.0.1:${localPort}:127.0.0.1:${gatewayPort}`, ...(sshPort === undefined ? [] : ["-p", String(sshPort)]), ...sshArguments,
    "--", destination,
  ], { stdio: ["ignore", "ignore", "pipe"] });
  let said = "";
  let isOver = false;
  child.stderr?.setEncoding("utf8").on("data", (text: string) => {
    said = (said + text).slice(-STDERR_CHARS_MAX);
  });
  const ended = new Promise<string>((resolve) => {
    const over = (why: string): void => {
      isOver = true;
      resolve(why);
    };
    child.once("error", (error) => over(error.message));
    child.once("close", (code) => over(said.trim().split("\n").slice(-3).join(" ") || `ssh ended with ${code ?? "a signal"}`));
  });
  return {
    ended, hasEnded: () => isOver,
    stop: async (clock) => {
      if (isOver) return;
      child.kill("SIGTERM");
      const cut = clock.after(TUNNEL_TIMING.killGraceMs, () => child.kill("SIGKILL"));
      await ended;
      cut.close();
    },
  };
}

async function untilHealthy(ssh: Ssh, localPort: number, clock: Clock, signal: AbortSignal): Promise<void> {
  for (let waited = 0; waited < TUNNEL_TIMING.openWaitMs; waited += TUNNEL_TIMING.lookMs) {
    if (ssh.hasEnded()) throw new Error(await ssh.ended);
    if (await isHealthy(localPort, signal)) return;
    await clock.wait(TUNNEL_TIMING.lookMs, signal);
  }
  throw new Error(ssh.hasEnded() ? await ssh.ended : "no gateway answers at the far end");
}

/** Resolves with why: ssh has ended, or the gateway has not answered several times. */
async function untilBroken(ssh: Ssh, localPort: number, clock: Clock, signal: AbortSignal): Promise<string> {
  for (let missed = 0; ;) {
    const pause = new AbortController();
    const rest = clock.wait(TUNNEL_TIMING.healthEveryMs, AbortSignal.any([signal, pause.signal])).then(() => undefined, () => undefined);
    const end = await Promise.race([ssh.ended, rest]);
    pause.abort();
    if (signal.aborted) return "closed";
    if (end !== undefined) return end;
    missed = await isHealthy(localPort, signal) ? 0 : missed + 1;
    if (missed >= TUNNEL_TIMING.missedMax) return "the gateway at the far end does not answer";
  }
}

async function isHealthy(port: number, signal: AbortSignal): Promise<boolean> {
  try {
    const answer = await fetch(`http://127.0.0.1:${port}/healthz`, {
      signal: AbortSignal.any([signal, AbortSignal.timeout(TUNNEL_TIMING.healthTimeoutMs)]), redirect: "error",
    });
    await answer.arrayBuffer();
    return answer.ok;
  } catch {
    return false;
  }
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer();
    server.once("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
