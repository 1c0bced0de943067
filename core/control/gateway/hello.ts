/** hello-ok: what a client learns when it is let in. A closed object; nothing is added that strict clients do not know. */
import { PROTOCOL_VERSION, TEXT_INCREMENTS_CAP, type HelloOk, type PresenceEntry } from "@openclaw/protocol";
import type { Secret } from "../../base/secret.ts";
import type { FurtherToken } from "../../fabric/identity.ts";
import type { GatewayLimits } from "./limits.ts";
import type { ClientView } from "./method.ts";
import { EVENTS, type EventSpec } from "@openclaw/protocol/events";

/** What the other rooms add to hello-ok. */
export interface GatewaySnapshot {
  readonly health: Readonly<Record<string, unknown>>;
  readonly sessionDefaults?: HelloOk["snapshot"]["sessionDefaults"];
  /** Names the configuration in force. */
  readonly appliedConfigHash?: string;
  /** Shown to operator.admin only. */
  readonly configPath?: string;
  readonly stateDir?: string;
  readonly attachments?: NonNullable<HelloOk["policy"]["attachments"]>;
}

export interface HelloFacts {
  readonly version: string;
  readonly bootId: string;
  readonly methods: readonly string[];
  readonly snapshot: GatewaySnapshot;
  readonly presence: readonly PresenceEntry[];
  readonly stateVersion: { readonly presence: number; readonly health: number };
  readonly uptimeMs: number;
  readonly limits: GatewayLimits;
  readonly client: ClientView;
  readonly method: string;
  readonly deviceToken: Secret | undefined;
  readonly issuedAtMs: number | undefined;
  readonly furtherTokens?: readonly FurtherToken[] | undefined;
  /** `gateway.auth.mode`. */
  readonly authMode: string;
}

const ADVERTISED_EVENTS: readonly string[] = Object.entries<EventSpec>(EVENTS).filter(
  ([, spec]) => spec.hidden !== true,
).map(([name]) => name);

/** What clients may switch on or rely on; nothing that is not there. */
const CAPABILITIES: readonly string[] = ["model-catalog-snapshot", "published-model-catalog", TEXT_INCREMENTS_CAP];

export function formatHello(facts: HelloFacts): HelloOk {
  const { client, snapshot, limits } = facts;
  const isAdmin = client.scopes.includes("operator.admin");
  return {
    type: "hello-ok",
    protocol: PROTOCOL_VERSION,
    server: { version: facts.version, connId: client.connId, bootId: facts.bootId },
    features: { methods: facts.methods, events: ADVERTISED_EVENTS, capabilities: CAPABILITIES },
    snapshot: {
      presence: facts.presence,
      health: snapshot.health,
      stateVersion: facts.stateVersion,
      uptimeMs: Math.round(facts.uptimeMs),
      suspension: { phase: "accepting" },
      ...(snapshot.appliedConfigHash === undefined ? {} : { appliedConfigHash: snapshot.appliedConfigHash }),
      ...(snapshot.sessionDefaults === undefined ? {} : { sessionDefaults: snapshot.sessionDefaults }),
      ...(isAdmin && snapshot.configPath !== undefined ? { configPath: snapshot.configPath } : {}),
      ...(isAdmin && snapshot.stateDir !== undefined ? { stateDir: snapshot.stateDir } : {}),
      ...(isAdmin ? { authMode: facts.authMode } : {}),
    },
    auth: {
      role: client.role,
      scopes: client.scopes,
      method: facts.method,
      ...(facts.deviceToken === undefined ? {} : { deviceToken: facts.deviceToken.reveal() }),
      ...(facts.issuedAtMs === undefined ? {} : { issuedAtMs: facts.issuedAtMs }),
      ...(facts.furtherTokens === undefined || facts.furtherTokens.length === 0 ? {} : {
        deviceTokens: facts.furtherTokens.map(({ deviceToken, ...rest }) => ({ deviceToken: deviceToken.reveal(), ...rest })),
      }),
    },
    policy: {
      maxPayload: limits.maxPayload, maxBufferedBytes: limits.maxBufferedBytes, tickIntervalMs: limits.tickIntervalMs,
      ...(snapshot.attachments === undefined ? {} : { attachments: snapshot.attachments }),
    },
  };
}
