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

/** Between two starts of a restart that fails; doubled each time. */
const RETRY_MS = 500;
const RETRY_LAST_MS = 30_000;

/**
 * Runs until `options.signal` aborts; resolves with the exit code. Throws what keeps it from starting. A restart that was asked
 * for lets go of everything and begins again in the same process: whoever supervises it sees nothing. Where that start fails it is
 * tried again, with the file as it is then.
 */
export async function runGateway(options: RunGatewayOptions): Promise<number> {
  const { signal, terminal } = options;
  let waitMs = RETRY_MS;
  for (let starts = 0; ; starts += 1) {
    try {
      const [code, again] = await runOnce(options);
      if (code !== again || signal.aborted) return Math.max(0, code);
      waitMs = RETRY_MS;
    } catch (error) {
      // Somebody asked for a restart over the wire; what keeps it from starting can be mended in the file, and nowhere else.
      if (starts === 0) throw error;
      terminal.note(`It does not start: ${error instanceof Error ? error.message : String(error)} Trying again.`);
      await systemClock.wait(waitMs, signal).catch(() => undefined);
      if (signal.aborted) throw error;
      waitMs = Math.min(waitMs * 2, RETRY_LAST_MS);
    }
  }
}

/** The exit code, and the one that means "again". */
async function runOnce(options: RunGatewayOptions): Promise<readonly [code: number, again: number]> {
  const startedAtMs = systemClock.now();
  const startedAt = systemClock.monotonic();
  await using stack = new AsyncDisposableStack();
  const owned = { dir: options.stateDir, clock: systemClock, ids: systemIds };
  const stateDir = stack.use(await openStateDir({ ...owned, port: options.port ?? null }));
  const engine = openSqliteEngine(owned);
  engine.catch(() => undefined); // it may fail while the rest is loaded; whoever waits for it hears of it
  stack.defer(() => engine.then((opened) => opened[Symbol.asyncDispose](), () => undefined));
  const { RESTART, serveGateway } = await import("./serve-gateway.ts");
  return [await serveGateway({ ...options, engine, owned: stateDir, startedAtMs, startedAt }), RESTART];
}
