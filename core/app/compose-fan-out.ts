/** Listeners, queues and dead letters of a gateway, and what operators are shown of them. */
import { hash } from "node:crypto";
import type { Agents } from "../control/agents.ts";
import { parseSessionKey, type Sessions } from "../control/sessions.ts";
import {
  LISTENER_DEFAULTS, openFanOut, openQueueWatch, type FanOut, type ListenersConfig, type QueueRow, type TopicEvent,
} from "../execution/fan-out.ts";
import { openDeadLetters, type Actuators, type DeadLetters } from "../execution/intents.ts";
import type { Journal } from "../fabric/journal.ts";
import { actuatorPrincipal } from "./compose-actuators.ts";
import type { GatewayParts } from "./compose-parts.ts";

export interface ComposeFanOutDeps extends GatewayParts {
  readonly journal: Journal;
  readonly sessions: Sessions;
  readonly actuators: Actuators;
  readonly agents: Pick<Agents, "defaultId">;
  readonly tell: (event: string, payload: unknown) => void;
}

export interface QueueDesk extends AsyncDisposable {
  readonly fanOut: FanOut;
  readonly deadLetters: () => Promise<DeadLetters>;
  rows(): Promise<readonly QueueRow[]>;
  list(): Promise<unknown>;
}

/** The caller disposes, before the engine. */
export function composeFanOut(deps: ComposeFanOutDeps): QueueDesk {
  const { engine, config, clock, log, journal, sessions, actuators, seal, unseal, tell } = deps;
  const listeners = withWholeKeys(config().listeners ?? {}, deps.agents.defaultId);
  const fanOut = openFanOut({
    engine, config: listeners, clock, seal, unseal, log, peek: journal.peek, open: journal.open,
    sessionKeyOf: ({ header: { tenant, session: token } }, slot) => sessions.keyOf({ tenant, token, slot }),
    deliver: {
      agent: async (listener, sessionKey, event) => {
        await deps.intake().receiveInbound({
          sessionKey, text: formatEvent(event), idempotencyKey: `${listener}-${event.id}`, principal: actuatorPrincipal("outside"),
          channel: "listener", relays: (event.relays ?? 0) + 1,
        });
      },
      actuator: async (listener, to, params, event) => {
        const far = event.relays === undefined ? {} : { relays: event.relays };
        await actuators.handOver(handedId(event.id, listener), { to, params, sessionKey: null, label: event.label, ...far });
      },
      log: async (listener, { topic, id, label, rule, isError, code, nodeId }) =>
        log.info("intent.published", { listener, topic, id, label, rule, isError, code, nodeId }),
    },
  });
  const watch = openQueueWatch({
    queues: engine.queues, clock,
    limitMsOf: (queue) => fanOut.list().find((listener) => listener.queue === queue)?.lagAlertMs ?? LISTENER_DEFAULTS.lagAlertMs,
    onChange: ({ queue, jobs, dead, lagMs, lagging }) => {
      if (lagging) log.warn("queue.lagging", { queue, jobs, dead, lagMs });
      else log.info("queue.recovered", { queue });
      tell("queue.lagging", { queue, jobs, dead, lagMs, lagging, ts: clock.now() });
    },
  });
  return {
    fanOut,
    deadLetters: () => openDeadLetters({ queues: engine.queues, unseal, forgetEnd: (id) => actuators.forgetEnd(id) }),
    rows: () => watch.rows(),
    list: async () => ({ queues: await watch.rows(), actuators: actuators.list(), listeners: fanOut.list() }),
    [Symbol.asyncDispose]: async () => {
      watch[Symbol.dispose]();
      await fanOut[Symbol.asyncDispose]();
    },
  };
}

/** Sessions are known by their whole keys: by those a listener's own is told from the others. */
export function withWholeKeys(listeners: ListenersConfig, defaultAgentId: string): ListenersConfig {
  const whole = (sessionKey: string): string => {
    try {
      return parseSessionKey(sessionKey, defaultAgentId).key;
    } catch {
      return sessionKey; // refused with its reason when something is to be said there
    }
  };
  return Object.fromEntries(Object.entries(listeners).map(([name, section]) =>
    [name, section.sessionKey === undefined ? section : { ...section, sessionKey: whole(section.sessionKey) }]));
}

/** Begins with the time of the event, as every id of what is handed over, and has room for any listener's name. */
function handedId(eventId: string, listener: string): string {
  return `${eventId}-${hash("sha256", listener, "hex").slice(0, 16)}`;
}

/** What an agent reads of it: facts first, then the words, which are whoever's they are. */
function formatEvent({ topic, sessionKey, label, rule, intent, code, isError, text }: TopicEvent): string {
  return [
    `Event ${topic} of session ${sessionKey} (words: ${label}${rule === undefined ? "" : `; rule: ${rule}`})`,
    ...(intent === undefined ? [] : [`Intent: ${intent.summary}`]),
    ...(isError === undefined ? [] : [`Outcome: ${isError ? `failed ${code ?? ""}` : "done"}`]),
    ...(text === undefined ? [] : [text]),
  ].join("\n");
}
