import { execFile } from "node:child_process";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../fabric/telemetry.ts";

export interface TellSystemdDeps {
  readonly clock: Clock;
  readonly log: Logger;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** For `systemctl status`. */
  readonly status: string;
  /** Sends one message; by systemd's own program unless told. */
  readonly send?: (words: readonly string[]) => Promise<void>;
}

const SEND_MS = 5_000;

/**
 * Says that the gateway is ready, then that it is alive, twice within each period of the watchdog, and at last that it stops. The
 * words come from the thread that answers people: when that hangs they stay away, and systemd starts the gateway anew. Node has no
 * datagrams between processes of one machine, so `systemd-notify` carries them: 5 ms, twice a minute. Resolves when the signal aborts.
 */
export async function tellSystemd(deps: TellSystemdDeps, signal: AbortSignal): Promise<void> {
  const { clock, log, environment, status, send = sendByProgram } = deps;
  const tell = (...words: readonly string[]): Promise<void> =>
    send(words).catch((error: unknown) => log.warn("service.untold", { words, error }));
  await tell("READY=1", `STATUS=${status}`);
  const periodMs = watchdogMs(environment);
  while (!signal.aborted) {
    await clock.wait(periodMs ?? 3_600_000, signal).catch(() => undefined);
    if (!signal.aborted && periodMs !== undefined) await tell("WATCHDOG=1");
  }
  await tell("STOPPING=1");
}

/** Half of what systemd waits for; undefined where it does not, or means another process. */
export function watchdogMs(environment: Readonly<Record<string, string | undefined>>): number | undefined {
  const micros = Number(environment["WATCHDOG_USEC"]);
  const whom = environment["WATCHDOG_PID"];
  if (!Number.isFinite(micros) || micros <= 0 || (whom !== undefined && whom !== String(process.pid))) return undefined;
  return Math.max(100, Math.floor(micros / 2_000));
}

function sendByProgram(words: readonly string[]): Promise<void> {
  return new Promise((resolve, reject) => {
    execFile("systemd-notify", [`--pid=${process.pid}`, ...words], { timeout: SEND_MS }, (error) => {
      if (error === null) resolve();
      else reject(error);
    });
  });
}
