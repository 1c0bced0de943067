/** What the command line hands to the gateway. */
import type { Secret } from "../base/secret.ts";
import type { BindMode } from "../control/gateway.ts";
import type { Terminal } from "./terminal/open-terminal.ts";

export interface RunGatewayOptions {
  /** Absolute; the profile's name is already part of it. */
  readonly stateDir: string;
  /** For the banner only. */
  readonly profile?: string;
  /** From `--port` or the environment; absent: the configured or usual one. */
  readonly port?: number;
  /** From `--token` or the environment; absent: the state directory's own, made at the first start. */
  readonly token?: Secret;
  /** From `--bind`; absent: the configured one. */
  readonly bind?: BindMode;
  /** Commands on the local node run unasked. Said in the banner. */
  readonly yesLocal?: boolean;
  readonly json?: boolean;
  readonly verbose?: boolean;
  readonly terminal: Terminal;
  /** Aborts when the person or the system asks the gateway to stop; it then drains and resolves with 0. */
  readonly signal: AbortSignal;
}
