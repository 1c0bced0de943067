/**
 * A whole world in one process, decided by a seed: gateways that die and take over from each other, an engine that fails as
 * the contract allows, nodes whose connections break, people who repeat themselves, approve, abort, reset and delete, and
 * time. At the end everything is left to finish, and the log must tell one sensible story.
 *
 *     npm run simulate -- --seed 42
 */
import { createHash } from "node:crypto";
import { withFaults } from "@openclaw/testkit/fault-engine";
import { seededIds } from "@openclaw/testkit/seeded-ids";
import { SeededSchedule, settled } from "@openclaw/testkit/seeded-schedule";
import { VirtualClock } from "@openclaw/testkit/virtual-clock";
import { ENGINE_LIMITS, type Engine } from "@openclaw/sdk";
import { openMemoryEngine } from "../../../fabric/engine.ts";
import { createJournal, type Journal, type SessionAddress, type SessionLog } from "../../../fabric/journal.ts";
import { openVault, type Vault } from "../../../fabric/vault.ts";
import { createOpenWork } from "../../placement.ts";
import { checkHistory } from "./check-history.testing.ts";
import { checkFolds, checkStored } from "./check-stored.testing.ts";
import { forecast, makeClients, SESSIONS, type Weather } from "./forecast.testing.ts";
import {
  JOURNAL_BOUNDS, ROOT_KEY, startSimulatedGateway, type GatewayProcess, type SimulatedGateway,
} from "./simulated-gateway.testing.ts";
import { createSimulatedNode, type SimulatedNode } from "./simulated-node.testing.ts";
import { act, type Accepted, type Client } from "./simulated-people.testing.ts";

export interface SimulationReport {
  readonly seed: number;
  /** Empty when all is well. */
  readonly wrong: readonly string[];
  /** The same for every run of the seed by one program: of every step and of every byte in the log. */
  readonly digest: string;
  readonly counts: Readonly<Record<"steps" | "accepted" | "effects" | "gateways" | "events" | "approvals", number>>;
  /** The last steps, for whoever looks for the cause. */
  readonly tail: readonly string[];
}

const STORM_STEPS = 1_200;
/** What a seed has in store happens while people still have something to do. */
const PLANNED_STEPS = 700;
/** For how long an offer may be on its way again. */
const REPEAT_STEPS_MAX = 400;
const CALM_STEPS_MAX = 40_000;
/** What is written a moment after a session has moved, such as its place in the list, is written by then. */
const REST_MS = 1_000;
const CALM_MS_MAX = 4 * 3_600_000;

export async function runSimulation(seed: number): Promise<SimulationReport> {
  const world = await openWorld(seed);
  try {
    await world.storm();
    await world.calm();
    return await world.report();
  } finally {
    await world.close();
  }
}

interface Parts {
  readonly seed: number;
  readonly schedule: SeededSchedule;
  readonly clock: VirtualClock;
  readonly base: Engine;
  readonly faulty: Engine;
  readonly weather: Weather;
  readonly calmness: { calm: boolean };
  /** Nobody's: for looking at what is there. */
  readonly journal: Journal;
  readonly vault: Vault;
}

class World {
  readonly #seed: number;
  readonly #schedule: SeededSchedule;
  readonly #clock: VirtualClock;
  readonly #base: Engine;
  readonly #faulty: Engine;
  readonly #weather: Weather;
  readonly #nodes: readonly SimulatedNode[];
  readonly #clients: readonly Client[];
  readonly #processes: GatewayProcess[] = [];
  readonly #serving = new Map<SimulatedGateway, PromiseWithResolvers<never>>();
  readonly #accepted: Accepted[] = [];
  readonly #mistakes: string[] = [];
  readonly #answered = new Set<string>();
  readonly #calmness: { calm: boolean };
  readonly #journal: Journal;
  readonly #vault: Vault;
  /** By token, of every session there is: the known ones, sub-agents' and branches. */
  readonly #addresses: Map<string, SessionAddress>;
  readonly #plan = new Map<number, (() => void)[]>();
  /** Folded from the store since somebody last looked. */
  readonly #folds: SessionLog[] = [];
  #step = 0;
  #made = 0;
  #opening = 0;
  #busy = 0;

  constructor(parts: Parts) {
    this.#seed = parts.seed;
    this.#schedule = parts.schedule;
    this.#clock = parts.clock;
    this.#base = parts.base;
    this.#faulty = parts.faulty;
    this.#weather = parts.weather;
    this.#calmness = parts.calmness;
    this.#journal = parts.journal;
    this.#vault = parts.vault;
    this.#addresses = new Map(SESSIONS.map((key) => parts.journal.address(key)).map((address) => [address.token, address]));
    this.#nodes = [createSimulatedNode({ nodeId: "local-node", local: true, schedule: parts.schedule, repeats: parts.weather.drops })];
    this.#clients = makeClients(parts.schedule);
  }

  /** Everything happens: until people have done what they wanted, or long enough. */
  async storm(): Promise<void> {
    const { crashes, takeovers, breaks, restarts } = this.#weather;
    const planAt = (times: number, deed: () => void): void => {
      for (let time = 0; time < times; time++) this.#planAt(Math.floor(this.#schedule.random() * PLANNED_STEPS), deed);
    };
    planAt(crashes, () => this.#replace("crash"));
    planAt(takeovers, () => this.#replace("take over"));
    planAt(breaks, () => this.#schedule.pick(this.#nodes)?.breakConnection());
    planAt(restarts, () => this.#schedule.pick(this.#nodes)?.restart());
    this.#start();
    for (const client of this.#clients) {
      this.#busy += 1;
      const begin = (): void => void act(client, {
        schedule: this.#schedule, gateway: () => this.#schedule.pick([...this.#serving.keys()]),
        lost: (gateway) => this.#serving.get(gateway)?.promise ?? Promise.reject(new Error("it is gone")),
        drops: () => (this.#calmness.calm ? 0 : this.#weather.drops),
        onAccepted: (message) => this.#accepted.push(message),
      }).catch((error: unknown) => this.#mistakes.push(`${client.name}: ${String(error)}`)).finally(() => (this.#busy -= 1));
      // Some come when others have long been here.
      this.#planAt(this.#schedule.chance(0.5) ? 0 : Math.floor(this.#schedule.random() * PLANNED_STEPS), begin);
    }
    await settled();
    for (; this.#step < STORM_STEPS; this.#step++) {
      const deeds = this.#plan.get(this.#step) ?? [];
      this.#plan.delete(this.#step);
      if (deeds.length > 0) await this.#lookAtFolds();
      for (const deed of deeds) deed();
      if (this.#step >= PLANNED_STEPS && this.#busy === 0 && this.#schedule.waiting === 0) break;
      await this.#move(0.04);
    }
  }

  #planAt(step: number, deed: () => void): void {
    this.#plan.set(step, [...(this.#plan.get(step) ?? []), deed]);
  }

  /** Whatever is folded anywhere has to be the fold of the log up to there, at every moment. */
  async #lookAtFolds(): Promise<void> {
    this.#mistakes.push(...(await checkFolds(this.#journal, this.#folds)));
    const inUse = new Set([...this.#serving.keys()].flatMap(({ loaded }) => [...loaded.values()]));
    this.#folds.splice(0, Infinity, ...this.#folds.filter((log) => inUse.has(log)));
  }

  /** Nothing fails any more: what was accepted has to come to its end. */
  async calm(): Promise<void> {
    this.#calmness.calm = true;
    this.#schedule.note("calm");
    // What is still on its way again arrives when nobody remembers it but the fold.
    await this.#clock.advance(ENGINE_LIMITS.dedupeMs + 1_000);
    for (const deeds of this.#plan.values()) for (const deed of deeds) deed();
    this.#plan.clear();
    const last = this.#processes.at(-1);
    for (const process of this.#processes) if (process !== last) this.#end(process);
    if (last === undefined || last.dead) this.#start();
    const began = this.#clock.now();
    let isRested = false;
    for (let step = 0; step < CALM_STEPS_MAX && this.#clock.now() - began < CALM_MS_MAX; step++) {
      await this.#quiet();
      if (this.#schedule.waiting === 0 && this.#opening === 0 && this.#busy === 0 && (await this.#isDone())) {
        if (isRested) return;
        isRested = true;
        await this.#clock.advance(REST_MS);
        continue;
      }
      // Nobody will ever move again: the report says what is left.
      if (this.#schedule.waiting === 0 && this.#clock.nextInMs === undefined) return;
      await this.#move(0.002);
    }
  }

  async report(): Promise<SimulationReport> {
    const journal = this.#journal;
    const effects = new Map(this.#nodes.flatMap((node) => [...node.effects]));
    const last = [...this.#serving.keys()].at(-1);
    const live = new Map([...(last?.loaded ?? [])]);
    const wrong = [...this.#mistakes];
    if (this.#busy > 0) wrong.push(`${this.#busy} clients were never answered`);
    await this.#lookAtFolds();
    const addresses = [...this.#addresses.values()];
    wrong.push(...(await checkHistory({ journal, addresses, accepted: this.#accepted, effects, live, runtime: last?.runtime })));
    const { records } = innerEngine(this.#base);
    wrong.push(...(await checkStored({ journal, records, vault: this.#vault, addresses, keys: SESSIONS })));
    let events = 0;
    const bytes = createHash("sha256").update(this.#schedule.digest());
    for (const { slot, token } of addresses) {
      for (const entry of await this.#base.log.readSession(slot, token, 0, 512)) {
        bytes.update(entry.body);
        events += 1;
      }
    }
    return {
      seed: this.#seed, wrong, digest: bytes.digest("hex"), tail: this.#schedule.tail,
      counts: {
        steps: this.#schedule.steps, accepted: this.#accepted.length, effects: effects.size, gateways: this.#made, events,
        approvals: this.#answered.size,
      },
    };
  }

  async close(): Promise<void> {
    for (const process of this.#processes) process.crash();
    await this.#base[Symbol.asyncDispose]();
  }

  /** Some of the program gives the event loop a turn of its own now and then: nobody waits only when that is over too. */
  async #quiet(): Promise<void> {
    for (let turn = 0; turn < 4 && this.#schedule.waiting === 0; turn++) await settled();
  }

  /** One move of somebody, or of time when nobody can. */
  async #move(timeRate: number): Promise<void> {
    const schedule = this.#schedule;
    await this.#quiet();
    if (schedule.chance(0.02)) this.#answerQuestion();
    if (schedule.chance(timeRate) || schedule.waiting === 0) {
      const jump = schedule.chance(this.#weather.slow) ? 1.5 * ENGINE_LIMITS.dedupeMs + 1_000 : 400;
      const ms = schedule.waiting === 0 ? (this.#clock.nextInMs ?? 1_000) : Math.floor(schedule.random() * jump);
      schedule.note(`${ms} ms pass`);
      return await this.#clock.advance(ms);
    }
    await schedule.step();
  }

  /** As recovery sees it: from the headers in the log. */
  async #isDone(): Promise<boolean> {
    if (this.#serving.size === 0) return false;
    const work = createOpenWork([]);
    for (const { slot, token } of this.#addresses.values()) {
      for (const entry of await this.#base.log.readSession(slot, token, 0)) work.see(entry, this.#journal.peek(entry));
    }
    for (const { session, tenant, turn, offers, erasing } of work.sessions()) {
      if (turn || offers.length > 0) return false;
      const key = erasing === true ? await this.#base.records.get("session-keys", `${tenant}.${session}`) : null;
      if (key !== null && key.value.length > 1) return false;
    }
    return true;
  }

  #start(): void {
    const name = `gateway-${++this.#made}`;
    this.#opening += 1;
    const process = startSimulatedGateway({
      name, engine: this.#faulty, schedule: this.#schedule, clock: this.#clock, ids: seededIds(this.#seed * 1_009 + this.#made),
      yesLocal: this.#weather.yesLocal, modelFails: this.#weather.modelFails, slowReads: this.#weather.slowReads,
      onMistake: (text) => this.#mistakes.push(text), onLive: () => undefined,
      onLoaded: (log) => {
        this.#addresses.set(log.address.token, log.address);
        this.#folds.push(log);
      },
      onOffered: (again) => {
        if (this.#calmness.calm || !this.#schedule.chance(this.#weather.repeats)) return;
        this.#planAt(this.#step + 1 + Math.floor(this.#schedule.random() * REPEAT_STEPS_MAX), again);
      },
    });
    this.#processes.push(process);
    const settle = (): void => void (this.#opening -= 1);
    process.ready.then((gateway) => {
      settle();
      if (process.dead) return;
      const lost = Promise.withResolvers<never>();
      lost.promise.catch(() => undefined);
      this.#serving.set(gateway, lost);
      for (const node of this.#nodes) this.#reconnect(node);
    }, () => {
      settle();
      if (!process.dead) {
        process.crash();
        this.#start();
      }
    });
  }

  /** A node always comes back to the newest gateway that serves. */
  #reconnect(node: SimulatedNode): void {
    this.#schedule.later(`${node.nodeId} connects`, () => {
      const newest = [...this.#serving.keys()].at(-1);
      if (newest !== undefined && node.connectedTo !== newest) node.connect(newest);
    });
  }

  #replace(how: "crash" | "take over"): void {
    const newest = this.#processes.at(-1);
    if (newest === undefined) return;
    this.#schedule.note(`${newest.name}: ${how}`);
    if (how === "crash") this.#end(newest);
    else {
      // It goes on for a while beside its successor, and does not know.
      let left = 100 + Math.floor(this.#schedule.random() * 300);
      const linger = (): void => {
        if (newest.dead || this.#calmness.calm) return;
        if (--left > 0) return this.#schedule.later(`${newest.name} lingers`, linger, "lingering");
        this.#end(newest);
      };
      this.#schedule.later(`${newest.name} lingers`, linger, "lingering");
    }
    this.#start();
  }

  #end(process: GatewayProcess): void {
    if (process.dead) return;
    const gateway = [...this.#serving.keys()].find(({ name }) => name === process.name);
    if (gateway === undefined) {
      process.crash();
      this.#opening -= 1; // it never comes up
    } else this.#kill(gateway);
  }

  #kill(gateway: SimulatedGateway): void {
    this.#processes.find(({ name }) => name === gateway.name)?.crash();
    this.#serving.get(gateway)?.reject(new Error("the connection was lost"));
    this.#serving.delete(gateway);
    for (const other of this.#serving.keys()) other.succeed();
    for (const node of this.#nodes) {
      if (node.connectedTo === gateway) node.breakConnection();
      this.#reconnect(node);
    }
  }

  /** A person looks at what waits and answers one question, sometimes twice and not the same. */
  #answerQuestion(): void {
    for (const node of this.#nodes) if (node.connectedTo === undefined) this.#reconnect(node);
    const gateway = [...this.#serving.keys()].at(-1);
    const asked = gateway === undefined ? undefined : this.#schedule.pick(gateway.approvals.list());
    if (gateway === undefined || asked === undefined) return;
    for (let times = this.#schedule.chance(0.2) ? 2 : 1; times > 0; times--) {
      const decision = this.#schedule.pick(["allow-once", "allow-once", "allow-always", "deny"] as const) ?? "deny";
      this.#schedule.note(`a person says ${decision}`);
      this.#answered.add(asked.id);
      gateway.approvals.resolve(asked.id, decision, "owner").catch(() => undefined);
    }
  }
}

async function openWorld(seed: number): Promise<World> {
  const schedule = new SeededSchedule(seed);
  const clock = new VirtualClock({ seed });
  const base = await openMemoryEngine({ clock });
  const weather = forecast(schedule);
  const calmness = { calm: false };
  // A chance of 1 never happens: when all is calm, the faults are over.
  const faulty = withFaults(base, { random: () => (calmness.calm ? 1 : schedule.random()), rates: weather.rates, clock });
  const plain = innerEngine(base);
  const vault = await openVault({ records: plain.records, keyFile: "", rootKey: ROOT_KEY, ids: seededIds(1) });
  const journal = createJournal({ engine: plain, vault, clock, ids: seededIds(2), limits: JOURNAL_BOUNDS });
  return new World({ seed, schedule, clock, base, faulty, weather, calmness, journal, vault });
}

/** The faults number positions their own way; the log's story is the same in both. */
function innerEngine(base: Engine): Engine {
  return withFaults(base, { random: () => 1, rates: { before: 0, after: 0, fence: 0, watch: 0, frame: 0, repeat: 0 } });
}
