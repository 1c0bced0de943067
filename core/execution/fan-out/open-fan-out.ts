/** Listeners: each has a durable queue of its own between the log and itself, so that nobody waits for anybody. */
import { hasCode, OpenClawError } from "@openclaw/protocol";
import type { Engine, JobVerdict, QueueWorker } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import type { Recorded } from "../../fabric/journal.ts";
import { Pace } from "../intents.ts";
import { followSlots, type FollowSlots, type FollowSlotsDeps } from "./follow-slots.ts";
import { LISTENER_DEFAULTS, type ListenersConfig, type ListenerSection } from "./config.ts";
import { fitsTopic, topicEventOf, type TopicEvent } from "./topic-event.ts";

export interface FanOutDeps extends Pick<FollowSlotsDeps, "peek" | "open"> {
  readonly engine: Pick<Engine, "log" | "records" | "queues">;
  readonly config: ListenersConfig;
  readonly clock: Clock;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
  readonly sessionKeyOf: (recorded: Recorded, slot: number) => Promise<string>;
  /** Each delivers one event, durably, and may be called again with the same one. */
  readonly deliver: {
    agent(listener: string, sessionKey: string, event: TopicEvent): Promise<void>;
    actuator(listener: string, name: string, params: Readonly<Record<string, unknown>>, event: TopicEvent): Promise<void>;
    log(listener: string, event: TopicEvent): Promise<void>;
  };
  readonly log: { warn(event: string, fields?: Readonly<Record<string, unknown>>): void };
}

export interface ListenerRow {
  readonly name: string;
  readonly topics: readonly string[];
  readonly to: string;
  readonly queue: string;
  readonly lagAlertMs: number;
  /** Events that found no place, not even among the dead letters. */
  readonly dropped: number;
}

export interface FanOut extends AsyncDisposable {
  start(): Promise<void>;
  /** An event came into a slot of the log. Costs nothing where nobody listens. */
  touched(slot: number): void;
  /** Up to where a slot may be trimmed. */
  keptFrom(slot: number): number;
  list(): readonly ListenerRow[];
}

export const listenerQueue = (name: string): string => `listener-${name}`;

interface Listener {
  readonly name: string;
  readonly section: Required<Pick<ListenerSection, keyof typeof LISTENER_DEFAULTS>> & ListenerSection;
  readonly worker: QueueWorker;
  dropped: number;
}

const PASSING = ["BACKPRESSURE", "SESSION_QUEUE_FULL", "ENGINE_UNAVAILABLE", "GATEWAY_STARTING", "GATEWAY_STOPPING", "CLOSED"] as const;
const PASSING_WAIT_MS = 1_000;
const CONCURRENCY = 4;
const RATE_WAIT_MS = 1_000;

/** The caller disposes, before the engine. */
export function openFanOut(deps: FanOutDeps): FanOut {
  const { engine, clock, log, seal, unseal } = deps;
  const place = (name: string, id: string): string => `queue/${listenerQueue(name)}/${id}`;

  const listeners = Object.entries(deps.config).map(([name, given]): Listener => {
    const section = { ...LISTENER_DEFAULTS, ...given };
    const pace = new Pace(clock, { perMinute: section.perMinute, concurrency: CONCURRENCY, waitingMax: CONCURRENCY });
    const worker = engine.queues.work(listenerQueue(name), async (job, signal): Promise<JobVerdict> => {
      const leave = await pace.enter(signal);
      try {
        return await deliver(name, section, JSON.parse(Buffer.from(unseal(place(name, job.id), job.body)).toString("utf8")) as TopicEvent);
      } finally {
        leave();
      }
    }, { concurrency: CONCURRENCY, attemptsMax: section.attemptsMax, retryFirstMs: RATE_WAIT_MS });
    return { name, section, worker, dropped: 0 };
  });

  const deliver = async (name: string, section: ListenerSection, event: TopicEvent): Promise<JobVerdict> => {
    try {
      const { to, sessionKey, actuator, params = {} } = section;
      if (to === "log") await deps.deliver.log(name, event);
      else if (to === "agent" && sessionKey !== undefined) await deps.deliver.agent(name, sessionKey, event);
      else if (to === "actuator" && actuator !== undefined) await deps.deliver.actuator(name, actuator, fill(params, event), event);
      else throw new OpenClawError("CONFIG_INVALID", { why: `listeners.${name} does not say whom.` });
      crashPoint("fan-out.delivered");
      return { end: "done" };
    } catch (error) {
      if (hasCode(error, "MESSAGE_LOOP")) {
        log.warn("message.loop-refused", { listener: name, topic: event.topic, id: event.id, relays: event.relays });
        return { end: "dead", code: "MESSAGE_LOOP" };
      }
      if (PASSING.some((code) => hasCode(error, code))) return { end: "again", afterMs: PASSING_WAIT_MS, counted: false };
      throw error;
    }
  };

  /** Retained for a listener; beyond its bound a dead letter, and beyond that bound counted. */
  const put = async (listener: Listener, event: TopicEvent): Promise<void> => {
    const { name, section: { retainedMax: jobsMax, retainedBytesMax: bytesMax } } = listener;
    const queue = listenerQueue(name);
    const body = seal(place(name, event.id), Buffer.from(JSON.stringify(event)));
    try {
      await engine.queues.enqueue(queue, body, { id: event.id, jobsMax, bytesMax });
      crashPoint("fan-out.enqueued");
    } catch (error) {
      if (!hasCode(error, "BACKPRESSURE")) throw error;
      try {
        await engine.queues.enqueue(queue, body, { id: event.id, jobsMax, bytesMax: 2 * bytesMax, dead: { code: "BACKPRESSURE" } });
      } catch (second) {
        if (!hasCode(second, "BACKPRESSURE")) throw second;
        if (listener.dropped === 0) log.warn("listener.dropped", { name });
        listener.dropped += 1;
      }
    }
  };

  const slots: FollowSlots | undefined = listeners.length === 0 ? undefined : followSlots({
    engine, clock, log, peek: deps.peek, open: deps.open,
    onRecorded: async (recorded, slot, kindOfStep) => {
      const event = topicEventOf(recorded, kindOfStep);
      const wanting = event === undefined ? [] : listeners.filter(({ section }) => fitsTopic(section.topics, event.topic));
      if (event === undefined || wanting.length === 0) return;
      const whole: TopicEvent = { ...event, sessionKey: await deps.sessionKeyOf(recorded, slot) };
      // A session is not told of what it does itself: it would answer that, and so on for ever.
      await Promise.all(wanting.filter(({ section }) => section.sessionKey !== whole.sessionKey).map((listener) => put(listener, whole)));
    },
  });

  return {
    start: async () => slots?.start(),
    touched: (slot) => slots?.touched(slot),
    keptFrom: (slot) => slots?.keptFrom(slot) ?? Number.MAX_SAFE_INTEGER,
    list: () => listeners.map(({ name, section: { topics, to, lagAlertMs }, dropped }) =>
      ({ name, topics, to, queue: listenerQueue(name), lagAlertMs, dropped })),
    [Symbol.asyncDispose]: async () => {
      await slots?.[Symbol.asyncDispose]();
      await Promise.all(listeners.map(({ worker }) => worker[Symbol.asyncDispose]()));
    },
  };
}

/** The event, its text or its id where the configuration names them. */
export function fill(params: Readonly<Record<string, unknown>>, event: TopicEvent): Readonly<Record<string, unknown>> {
  const one = (value: unknown): unknown => {
    if (value === "$event") return event;
    if (value === "$json") return JSON.stringify(event);
    if (typeof value === "string") return value.replaceAll("$id", event.id);
    if (Array.isArray(value)) return value.map(one);
    return typeof value === "object" && value !== null ? fill(value as Readonly<Record<string, unknown>>, event) : value;
  };
  return Object.fromEntries(Object.entries(params).map(([name, value]) => [name, one(value)]));
}

