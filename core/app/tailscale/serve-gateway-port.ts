/** Tells Tailscale to serve the gateway's port, and to stop; for as long as a command runs, if that is wished. */
import { runTailscale, type TailscaleAnswer } from "./run-tailscale.ts";

export type ServeMode = "serve" | "funnel";

const HTTPS_PORT = "443";
/** Of taking it back when the command ends: whoever stops it waits for that. */
const UNDO_TIMEOUT_MS = 5_000;

/** Throws TAILSCALE_FAILED. It goes on until it is taken back, whatever becomes of this process. */
export function servePort(mode: ServeMode, port: number, signal: AbortSignal): Promise<TailscaleAnswer> {
  return runTailscale([mode, "--bg", `--https=${HTTPS_PORT}`, `http://127.0.0.1:${port}`], signal);
}

/** Throws TAILSCALE_FAILED, also where nothing of that kind was served. */
export function stopServing(mode: ServeMode, signal: AbortSignal): Promise<TailscaleAnswer> {
  return runTailscale([mode, `--https=${HTTPS_PORT}`, "off"], signal);
}

export interface ServingOptions {
  readonly mode: ServeMode;
  readonly port: number;
  /** Taken back when it is disposed; else it stays. */
  readonly resetOnExit: boolean;
  readonly onServed: () => void;
  /** A gateway that Tailscale does not serve is reached on this machine all the same. */
  readonly onFailed: (error: unknown) => void;
}

/** Begins at once and holds nothing up. Disposing waits until what was begun has ended. */
export function openServing(options: ServingOptions, signal: AbortSignal): AsyncDisposable {
  const { mode, port, resetOnExit, onServed, onFailed } = options;
  const served = servePort(mode, port, signal).then(() => {
    onServed();
    return true;
  }, (error: unknown) => {
    // Cut short it may have been done, or not.
    if (!signal.aborted) onFailed(error);
    return signal.aborted;
  });
  return {
    [Symbol.asyncDispose]: async () => {
      if (await served && resetOnExit) await stopServing(mode, AbortSignal.timeout(UNDO_TIMEOUT_MS)).catch(onFailed);
    },
  };
}
