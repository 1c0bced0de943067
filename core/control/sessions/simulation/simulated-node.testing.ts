/**
 * A node of the simulation: keeps a journal as real ones do, refuses older epochs, runs nothing twice under one id, and
 * counts, outside every gateway, what really happened.
 *
 * Its connection carries frames in order each way, and may break at any moment with what is on its way; then it connects
 * again. A frame may arrive twice. The node itself may end: its programs end with it.
 */
import type { InvokeAttachEvent, InvokeRequestEvent, RunResult } from "@openclaw/protocol";
import type { SeededSchedule } from "@openclaw/testkit/seeded-schedule";
import type { NodeSession, Nodes } from "../../../execution/nodes.ts";

/** What a gateway must offer to be connected to. */
export interface NodeHarbour {
  readonly name: string;
  readonly nodes: Nodes;
  readonly dead: boolean;
}

interface Entry {
  readonly id: string;
  readonly slot: number | undefined;
  readonly what: string;
  state: "running" | "ended";
  cancelled: boolean;
  result: Readonly<Record<string, unknown>> | null;
}

interface Connection {
  readonly harbour: NodeHarbour;
  readonly number: number;
  readonly session: NodeSession;
  open: boolean;
}

export interface SimulatedNode {
  readonly nodeId: string;
  /** How often each effect happened, by what it was. */
  readonly effects: ReadonlyMap<string, number>;
  readonly connectedTo: NodeHarbour | undefined;
  connect(harbour: NodeHarbour): void;
  /** The connection breaks; both sides hear of it when it is their turn. */
  breakConnection(): void;
  /** The node's process ends and begins anew: what ran is over, whatever it had done by then. */
  restart(): void;
}

export interface SimulatedNodeOptions {
  readonly nodeId: string;
  readonly local: boolean;
  readonly schedule: SeededSchedule;
  /** How likely one frame comes twice. */
  readonly repeats: number;
}

export function createSimulatedNode({ nodeId, local, schedule, repeats }: SimulatedNodeOptions): SimulatedNode {
  const effects = new Map<string, number>();
  const epochs = new Map<number, number>();
  const journal = new Map<string, Entry>();
  let connection: Connection | undefined;
  let connections = 0;
  let lives = 0;

  const tell = (to: Connection, method: string, params: Readonly<Record<string, unknown>>): void => {
    if (!to.open) return;
    const lane = `${nodeId}>${to.number}`;
    const deliver = (): void => {
      if (to.open && !to.harbour.dead) void to.session.receive(method, params).catch(() => undefined);
    };
    schedule.later(`${nodeId} says ${method}`, deliver, lane);
    if (schedule.chance(repeats)) schedule.later(`${nodeId} says again ${method}`, deliver, lane);
  };

  /** False when a newer owner of the slot has been seen. */
  const admits = (slot: number | undefined, epoch: number | undefined): boolean => {
    if (slot === undefined || epoch === undefined) return true;
    if (epoch < (epochs.get(slot) ?? 0)) return false;
    epochs.set(slot, epoch);
    return true;
  };

  const sendResult = (to: Connection | undefined, { id, result }: Entry): void => {
    if (to !== undefined && result !== null) tell(to, "node.invoke.result", { id, nodeId, ...result });
  };

  const end = (entry: Entry, result: Entry["result"]): void => {
    entry.state = "ended";
    entry.result = result;
    sendResult(connection, entry);
  };

  const run = (entry: Entry): void => {
    const life = lives;
    schedule.later(`${nodeId} runs ${entry.what}`, () => {
      if (life !== lives || entry.state === "ended") return;
      if (entry.cancelled) return end(entry, failure("TOOL_FAILED", "It was cancelled."));
      effects.set(entry.what, (effects.get(entry.what) ?? 0) + 1);
      if (connection !== undefined) {
        tell(connection, "node.invoke.progress", { invokeId: entry.id, nodeId, seq: 0, chunk: `${entry.what}\n`, offset: 0 });
      }
      schedule.later(`${nodeId} ends ${entry.what}`, () => {
        if (life === lives && entry.state !== "ended") end(entry, success(entry.what));
      });
    });
  };

  const onRequest = (to: Connection, { id, slot, epoch, paramsJSON = "{}" }: InvokeRequestEvent): void => {
    if (!admits(slot, epoch)) return tell(to, "node.invoke.result", { id, nodeId, ...failure("NODE_FENCED", "A newer owner was seen.") });
    const known = journal.get(id);
    if (known !== undefined) return sendResult(to, known);
    const { command } = JSON.parse(paramsJSON) as { readonly command: readonly string[] };
    const entry: Entry = { id, slot, what: command.join(" "), state: "running", cancelled: false, result: null };
    journal.set(id, entry);
    run(entry);
  };

  const onAttach = (to: Connection, { id, slot, epoch }: InvokeAttachEvent): void => {
    const answer = (state: string): void => tell(to, "node.invoke.attached", { id, nodeId, state });
    if (!admits(slot, epoch)) return answer("fenced");
    const known = journal.get(id);
    if (known === undefined) return answer("unknown");
    answer(known.state === "ended" ? "finished" : "running");
    sendResult(to, known);
  };

  const hear = (to: Connection, event: string, payload: unknown): void => {
    if (!to.open || connection !== to) return;
    if (event === "node.invoke.request") onRequest(to, payload as InvokeRequestEvent);
    else if (event === "node.invoke.attach") onAttach(to, payload as InvokeAttachEvent);
    else if (event === "node.invoke.cancel") {
      const entry = journal.get((payload as { readonly invokeId: string }).invokeId);
      if (entry !== undefined) entry.cancelled = true;
    }
  };

  const breakConnection = (): void => {
    const broken = connection;
    if (broken === undefined) return;
    connection = undefined;
    broken.open = false;
    for (const lane of [`${nodeId}>${broken.number}`, `${nodeId}<${broken.number}`]) schedule.drop(lane);
    schedule.later(`${broken.harbour.name} loses ${nodeId}`, () => {
      if (!broken.harbour.dead) broken.session.closed();
    });
  };

  return {
    nodeId, effects, breakConnection,
    get connectedTo() {
      return connection?.harbour;
    },
    connect: (harbour) => {
      breakConnection();
      const number = ++connections;
      const lane = `${nodeId}<${number}`;
      const held: { made?: Connection } = {};
      const send = (event: string, payload: unknown): boolean => {
        const made = held.made;
        if (made !== undefined && !made.open) return false;
        const text = JSON.stringify(payload);
        const deliver = (): void => {
          if (held.made !== undefined) hear(held.made, event, JSON.parse(text));
        };
        schedule.later(`${nodeId} hears ${event}`, deliver, lane);
        if (schedule.chance(repeats)) schedule.later(`${nodeId} hears again ${event}`, deliver, lane);
        return true;
      };
      const session = harbour.nodes.attach(
        { nodeId, connId: `${nodeId}-${number}`, send, close: () => undefined },
        {
          displayName: nodeId, platform: "linux", version: "1.0.0", clientId: "node-host", clientMode: "node", caps: ["journal.v1"],
          commands: ["system.run"], tags: [], local,
        },
      );
      connection = held.made = { harbour, number, session, open: true };
    },
    restart: () => {
      breakConnection();
      lives += 1;
      for (const entry of journal.values()) {
        if (entry.state === "ended") continue;
        entry.state = "ended";
        entry.result = failure("OUTCOME_UNKNOWN", "The node ended while it ran.");
      }
    },
  };
}

function failure(code: string, message: string): Readonly<Record<string, unknown>> {
  return { ok: false, error: { code, message } };
}

function success(what: string): Readonly<Record<string, unknown>> {
  const payload: RunResult = { exitCode: 0, timedOut: false, success: true, stdout: `${what} happened`, stderr: "", error: null };
  return { ok: true, payloadJSON: JSON.stringify(payload) };
}
