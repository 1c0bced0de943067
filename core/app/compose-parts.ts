/** What the parts of a gateway that are wired on their own are all given. */
import type { Engine } from "@openclaw/sdk";
import type { Clock } from "../base/clock.ts";
import type { Intake } from "../control/channels.ts";
import type { Logger } from "../fabric/telemetry.ts";
import type { Config } from "./config-schema.ts";

export interface GatewayParts {
  readonly engine: Engine;
  readonly config: () => Config;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
  readonly clock: Clock;
  readonly log: Logger;
  /** Throws while the gateway is still starting. */
  readonly intake: () => Intake;
}
