/** What a gateway is made of, and what whoever started it may ask of the whole. */
import type { Engine } from "@openclaw/sdk";
import type { Clock } from "../base/clock.ts";
import type { Secret } from "../base/secret.ts";
import type { Gateway, GatewayDeps } from "../control/gateway.ts";
import type { LoadedConfig, RunningConfig } from "../fabric/config-start.ts";
import type { Logger } from "../fabric/telemetry.ts";
import type { Reach } from "./compose-reach.ts";
import type { Config } from "./config-schema.ts";

export interface ComposeOptions {
  readonly engine: Engine;
  readonly config: () => Config;
  readonly configRevision: () => string;
  /** The file behind `config`. */
  readonly runningConfig: RunningConfig;
  /** Ends this gateway in good order and starts it again in the same process. */
  readonly restart: (delayMs: number, reason: string) => void;
  readonly stateDir: string;
  readonly credentialsDir: string;
  readonly workspace: string;
  readonly logsDir: string;
  readonly reach: Reach;
  /** The port, where it is open already. */
  readonly openedPort?: GatewayDeps["opened"];
  readonly version: string;
  readonly logger: Logger;
  readonly startedAtMs: number;
  /** The sentence is there once the local node has started. */
  readonly confinement: () => { readonly confined: boolean; readonly sentence?: string; readonly workspace: string };
  /** How a person calls this gateway from a terminal: `openclaw`, or with its profile. */
  readonly commandLine?: string;
  /** The device id of the node this gateway starts itself. */
  readonly localNodeId: string;
  readonly clock?: Clock;
  /** After a burst, when nothing is under way. */
  readonly onRest?: () => void;
}

export interface Composition extends AsyncDisposable {
  readonly gateway: Gateway;
  readonly modelLabel: string;
  /** Makes the local node a paired device; its token is for that node alone. */
  admitLocalNode(publicKey: string): Promise<Secret>;
  /** Sessions held in memory. */
  sessionsInUse(): number;
  /** `confinement` tells of the local node that runs now. */
  localNodeStarted(): void;
  /** Another file was taken: nodes and clients are told. */
  configChanged(file: LoadedConfig): void;
  /** Takes up what an earlier gateway left unfinished. */
  recover(): Promise<{ readonly slots: number; readonly sessions: number }>;
}
