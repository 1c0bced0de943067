/** Webhooks, wired: the door the gateway shows, and what stands behind it. */
import type { Clock } from "../base/clock.ts";
import { late } from "../base/late.ts";
import type { Ids } from "../base/ids.ts";
import type { Secret } from "../base/secret.ts";
import type { Intake } from "../control/channels.ts";
import type { HookDoor } from "../control/gateway.ts";
import type { Sessions } from "../control/sessions.ts";
import { createHooks, type Hooks, type HooksConfig, type Scheduler } from "../control/schedule-start.ts";
import type { Logger } from "../fabric/telemetry.ts";

/** Loaded where hooks are on. */
const loadHooksToken = late(() => import("./hooks-token.ts"), "loadHooksToken");

export interface OpenHooksDeps {
  readonly scheduler: Scheduler;
  readonly intake: Intake;
  readonly sessions: Sessions;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly credentialsDir: string;
  /** What stands under `hooks.token`, resolved. */
  readonly readToken: () => Promise<Secret | undefined>;
  readonly logger: Logger;
  readonly config: () => HooksConfig;
  readonly relaysMax: () => number;
}

/** The token is read at the first call, and again when the configuration names another one. */
export function openHooks(deps: OpenHooksDeps): HookDoor {
  const { scheduler, intake, sessions, clock, ids, credentialsDir, readToken, logger, config, relaysMax } = deps;
  let hooks: Promise<Hooks> | undefined;
  let known: { readonly configured: unknown; readonly token: Promise<Secret> } | undefined;
  const door: HookDoor = {
    rules: () => (config().enabled ? config() : null),
    token: () => {
      const { token: configured } = config();
      if (known === undefined || known.configured !== configured) {
        const token = loadHooksToken({ credentialsDir, configured: readToken, ids });
        known = { configured, token };
        token.catch(() => {
          known = undefined;
        });
      }
      return known.token;
    },
    receive: async (call) => {
      hooks ??= createHooks({ clock, config, relaysMax, intake, heartbeats: scheduler.heartbeats, wait: sessions.wait });
      return await (await hooks).receive(call);
    },
  };
  // Where hooks are on, the owner finds the token without having to call one.
  if (config().enabled) void door.token().catch((error: unknown) => logger.warn("hooks.token.failed", { error }));
  return door;
}
