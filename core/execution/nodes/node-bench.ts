/** For this room's tests: the room on a memory engine and the test's clock, and nodes that do as they are told. */
import type { TestContext } from "node:test";
import type { Engine } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { openMemoryEngine } from "../../fabric/engine.ts";
import { createLogger } from "../../fabric/telemetry.ts";
import type { InvokeEvent, InvokeRequest, LateResult } from "./invoke-event.ts";
import type { NodeHello, NodeSession } from "./node-link.ts";
import { openNodes, type Nodes, type NodesDeps } from "./open-nodes.ts";
import type { CommandPolicy } from "./surface.ts";

export interface Bench<C extends Clock = Clock> {
  readonly clock: C;
  readonly engine: Engine;
  readonly events: { readonly name: string; readonly payload: Record<string, unknown> }[];
  readonly late: LateResult[];
  readonly logged: string[];
  nodes: Nodes;
  /** Opens the room anew on the same records, as a restarted gateway does. */
  restart(): Promise<void>;
  /** Connects a node and approves what it declares. */
  join(nodeId: string, some?: Partial<NodeHello>): Promise<ScriptedNode>;
}

export async function openBench<C extends Clock>(
  t: TestContext, clock: C, policy: CommandPolicy = { allow: [], deny: [] }, around: (engine: Engine) => Engine = (engine) => engine,
  execWish: NonNullable<NodesDeps["execWish"]> = () => ({}),
): Promise<Bench<C>> {
  const engine = around(await openMemoryEngine({ clock, skipNumbers: true }));
  const events: Bench["events"] = [];
  const late: LateResult[] = [];
  const logged: string[] = [];
  const open = (): Promise<Nodes> => openNodes({
    records: engine.records, blobs: engine.blobs, clock, ids: systemIds, policy, execWish,
    log: createLogger({ write: (line) => logged.push(line), clock, level: "debug" }),
    onEvent: (name, payload) => events.push({ name, payload: payload as Record<string, unknown> }),
    onLateResult: (result) => late.push(result),
  });
  const bench: Bench<C> = {
    clock, engine, events, late, logged, nodes: await open(),
    restart: async () => {
      await bench.nodes[Symbol.asyncDispose]();
      bench.nodes = await open();
    },
    join: async (nodeId, some) => {
      const node = new ScriptedNode(bench.nodes, nodeId, some);
      const wish = bench.nodes.pairs().pending.find((pending) => pending.nodeId === nodeId);
      if (wish !== undefined) await bench.nodes.approve(wish.requestId, "owner");
      return node;
    },
  };
  t.after(async () => {
    await bench.nodes[Symbol.asyncDispose]();
    await engine[Symbol.asyncDispose]();
  });
  return bench;
}

const HELLO: NodeHello = {
  platform: "linux", version: "1.0.0", clientId: "node-host", clientMode: "node", caps: ["journal.v1"],
  commands: ["system.run", "system.info", "file.read", "artifact.collect", "artifact.deliver"], tags: [], local: false,
};

export interface Frame { readonly event: string; readonly payload: Record<string, unknown> }

/** One connection of a node. What the gateway sends is kept in `frames`; `on` may answer at once. */
export class ScriptedNode {
  readonly nodeId: string;
  readonly frames: Frame[] = [];
  readonly session: NodeSession;
  closedWith: { readonly code: number; readonly reason: string } | undefined;
  /** False: the gateway finds that nothing can be sent. */
  open = true;
  on: (frame: Frame) => void = () => undefined;

  constructor(nodes: Nodes, nodeId: string, some: Partial<NodeHello> = {}) {
    this.nodeId = nodeId;
    this.session = nodes.attach(
      {
        nodeId,
        connId: `${nodeId}-conn`,
        send: (event, payload) => {
          if (!this.open) return false;
          const frame = { event, payload: payload as Record<string, unknown> };
          this.frames.push(frame);
          this.on(frame);
          return true;
        },
        close: (code, reason) => {
          this.closedWith = { code, reason };
        },
      },
      { ...HELLO, displayName: nodeId, ...some },
    );
  }

  drop(): void {
    this.open = false;
    this.session.closed();
  }

  /** The frames of one kind, oldest first. */
  got(event: string): readonly Record<string, unknown>[] {
    return this.frames.filter((frame) => frame.event === event).map(({ payload }) => payload);
  }

  output(
    invokeId: string, seq: number, chunk: string,
    some: { readonly offset?: number; readonly bytes?: number; readonly stream?: "stdout" | "stderr" } = {}
  ): Promise<unknown> {
    return this.session.receive("node.invoke.progress", { invokeId, nodeId: this.nodeId, seq, chunk, ...some });
  }

  result(id: string, payload: unknown): Promise<unknown> {
    return this.session.receive("node.invoke.result", { id, nodeId: this.nodeId, ok: true, payloadJSON: JSON.stringify(payload) });
  }

  failure(id: string, code: string, message = "because"): Promise<unknown> {
    return this.session.receive("node.invoke.result", { id, nodeId: this.nodeId, ok: false, error: { code, message } });
  }

  attached(id: string, state: "running" | "finished" | "unknown" | "fenced"): Promise<unknown> {
    return this.session.receive("node.invoke.attached", { id, nodeId: this.nodeId, state });
  }
}

export const RAN = { exitCode: 0, timedOut: false, success: true, stdout: "ok", stderr: "", error: null };

export function order(id: string, some: Partial<InvokeRequest> = {}): InvokeRequest {
  return { id, nodeId: "n1", command: "system.run", params: { command: ["true"] }, fence: { slot: 3, epoch: 7 }, ...some };
}

/** Reads an invocation in the background. */
export class Reader {
  readonly events: InvokeEvent[] = [];
  readonly done: Promise<void>;

  constructor(stream: AsyncIterable<InvokeEvent>) {
    this.done = this.#read(stream);
  }

  async #read(stream: AsyncIterable<InvokeEvent>): Promise<void> {
    for await (const event of stream) this.events.push(event);
  }

  get text(): string {
    return this.events.map((event) => (event.type === "output" ? event.text : "")).join("");
  }

  /** The end's code, `ok`, or `open`. */
  get outcome(): string {
    const last = this.events.at(-1);
    if (last?.type !== "end") return "open";
    return last.ok ? "ok" : last.code;
  }
}

/** Lets everything that needs no time happen. */
export function settle(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
