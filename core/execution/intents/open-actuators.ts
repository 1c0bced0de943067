/**
 * The configured actuators: what agents may do outside all nodes.
 *
 * Every intent is checked here again, whatever a tool said of it: schema, judgement, effect. Then it waits its turn in its
 * actuator's own line, under that one's rate, concurrency and time limit. One actuator that stalls fills its own line and
 * its own queue, and nobody else's.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { Actuator, ActuatorContext, Queues, Records, Tool } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { actuatorTools, type HandedReceipt } from "./actuator-tools.ts";
import type { ActuatorsConfig } from "./config.ts";
import type { Hand, IntentOrder } from "./carry-out.ts";
import { configureActuator, type ConfiguredActuator } from "./configured-actuator.ts";
import { exchangeHttp } from "./exchange-http.ts";
import { ENDED, openHandedOver, queueOf, type HandedIntent, type HandedOver, type HandedOverDeps } from "./handed-over.ts";
import { tryIntent } from "./try-intent.ts";

export interface ActuatorsDeps {
  readonly config: ActuatorsConfig;
  /** A drop-in by its folder's name; throws where there is none. */
  readonly load: (id: string) => Promise<Actuator>;
  readonly queues: Queues;
  readonly records: Records;
  readonly seal: HandedOverDeps["seal"];
  readonly unseal: HandedOverDeps["unseal"];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly lend: Pick<ActuatorContext, "credential" | "node" | "message">;
  readonly onEnd: HandedOverDeps["onEnd"];
  readonly log: { warn(event: string, fields?: Readonly<Record<string, unknown>>): void };
}

export interface ActuatorRow {
  readonly name: string;
  readonly use: string;
  readonly running: number;
  readonly waiting: number;
  readonly queue: string;
}

export interface Actuators extends AsyncDisposable {
  /** What models are shown; nothing where nothing is configured. */
  readonly tools: readonly Tool[];
  readonly carryOut: Hand;
  /** Puts an intent that no turn waits for into its actuator's queue. Throws ACTUATOR_UNKNOWN, BACKPRESSURE and what judging throws. */
  handOver(id: string, intent: Omit<HandedIntent, "effect" | "kind" | "summary">): Promise<void>;
  list(): readonly ActuatorRow[];
  /** A person wants a dead letter tried again: its recorded end no longer counts. */
  forgetEnd(id: string): Promise<void>;
}

/** How long the end of a handed-over intent is remembered. */
const ENDED_KEPT_MS = 604_800_000;
const SWEEP_EVERY_MS = 3_600_000;

/** An actuator whose configuration is wrong is left out, and the log says why. The caller disposes, before the engine. */
export async function openActuators(deps: ActuatorsDeps): Promise<Actuators> {
  const { clock, ids, records } = deps;
  const all = new Map<string, { readonly configured: ConfiguredActuator; readonly handed: HandedOver }>();
  const lend = { ...deps.lend, now: () => clock.now(), http: exchangeHttp };
  await Promise.all(Object.entries(deps.config).map(async ([name, section]) => {
    try {
      const configured = configureActuator({ name, section, actuator: await deps.load(section.use), lend, clock });
      all.set(name, { configured, handed: openHandedOver(configured, deps) });
    } catch (error) {
      deps.log.warn("actuator.refused", { name, use: section.use, error });
    }
  }));
  let sweeping = Promise.resolve();
  let timer: { close(): void } | undefined;
  const sweepOften = (): void => {
    sweeping = sweep(deps);
    timer = clock.after(SWEEP_EVERY_MS, sweepOften);
  };
  if (all.size > 0) sweepOften();

  const find = (name: string): { readonly configured: ConfiguredActuator; readonly handed: HandedOver } => {
    const found = all.get(name);
    if (found !== undefined) return found;
    throw new OpenClawError("ACTUATOR_UNKNOWN", { why: `Configured are: ${[...all.keys()].join(", ") || "none"}.` });
  };

  const carryOut = async (order: IntentOrder, signal: AbortSignal): Promise<unknown> => {
    const { intent, invocationId: id, sessionKey, label, relays, resumed } = order;
    if (intent.actuator !== "outside") throw new Error("not an intent for an actuator");
    const { configured, handed } = find(intent.to);
    const far = relays === undefined ? {} : { relays };
    const { effect } = configured.judge(intent.params);
    if (effect !== intent.effect || configured.actuator.id !== intent.kind) {
      throw new OpenClawError("ACTUATOR_INTENT_INVALID", { why: `It was proposed as ${intent.kind} with effect ${intent.effect}.` });
    }
    if (intent.handOver === true) {
      const { to, kind, params, summary } = intent;
      await handed.put(id, { to, kind, effect, params, summary, sessionKey, label, ...far });
      return { handedOver: id, queue: queueOf(to) } satisfies HandedReceipt;
    }
    // Nobody can be asked whether it happened.
    if (resumed === true && effect === "unsafe") {
      throw new OpenClawError("OUTCOME_UNKNOWN", { why: "The gateway ended in the middle of it." });
    }
    const wanted = { params: intent.params, sessionKey, label, idempotencyKey: id, ...far };
    return await tryIntent(configured, effect, wanted, { clock, ids }, signal);
  };

  return {
    tools: actuatorTools([...all.values()].map(({ configured }) => configured).sort((a, b) => (a.name < b.name ? -1 : 1))),
    carryOut,
    handOver: async (id, intent) => {
      const { configured, handed } = find(intent.to);
      await handed.put(id, { ...configured.judge(intent.params), kind: configured.actuator.id, ...intent });
    },
    list: () => [...all.values()].map(({ configured: { name, actuator, running, waiting } }) =>
      ({ name, use: actuator.id, running, waiting, queue: queueOf(name) })),
    forgetEnd: async (id) => {
      const ended = await records.get(ENDED, id);
      if (ended !== null) await records.write(ENDED, id, null, ended.revision);
    },
    [Symbol.asyncDispose]: async () => {
      timer?.close();
      await Promise.all([...all.values()].map(async ({ configured, handed }) => {
        await handed[Symbol.asyncDispose]();
        await configured[Symbol.asyncDispose]();
      }));
      await sweeping;
    },
  };
}

/** Ids begin with the time of their making, so the oldest come first. What fails now is swept the next time. */
async function sweep({ records, ids, clock }: ActuatorsDeps): Promise<void> {
  const before = ids.sortable(clock.now() - ENDED_KEPT_MS).slice(0, 9);
  try {
    for (;;) {
      const page = await records.list(ENDED, "");
      const old = page.filter(({ key }) => key < before);
      for (const { key, revision } of old) await records.write(ENDED, key, null, revision);
      if (old.length === 0 || old.length < page.length) return;
    }
  } catch {
    // kept a little longer
  }
}
