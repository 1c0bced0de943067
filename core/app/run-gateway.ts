/**
 * The gateway as a process, its first steps: takes the state directory, opens the engine in it, and hands both on.
 *
 * The engine's thread needs as long to start as the rest of the program needs to be loaded; so the engine is opened by a file
 * that loads nothing else, and the rest is loaded meanwhile.
 */
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import { openSqliteEngine, openStateDir } from "../fabric/engine.ts";
import type { RunGatewayOptions } from "./run-gateway-options.ts";

/**
 * Runs until `options.signal` aborts; resolves with the exit code. Throws what keeps it from starting. A restart that was asked
 * for lets go of everything and begins again in the same process: whoever supervises it sees nothing.
 */
export async function runGateway(options: RunGatewayOptions): Promise<number> {
  for (;;) {
    const [code, again] = await runOnce(options);
    if (code !== again || options.signal.aborted) return Math.max(0, code);
  }
}

/** The exit code, and the one that means "again". */
async function runOnce(options: RunGatewayOptions): Promise<readonly [code: number, again: number]> {
  const startedAtMs = systemClock.now();
  const startedAt = systemClock.monotonic();
  await using stack = new AsyncDisposableStack();
  const owned = { dir: options.stateDir, clock: systemClock, ids: systemIds };
  const stateDir = stack.use(await openStateDir({ ...owned, port: options.port ?? null }));
  const engine = stack.use(await openSqliteEngine(owned));
  const { RESTART, serveGateway } = await import("./serve-gateway.ts");
  return [await serveGateway({ ...options, engine, owned: stateDir, startedAtMs, startedAt }), RESTART];
}
