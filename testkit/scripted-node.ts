/**
 * A node over the wire that does what a test tells it to, the forbidden included. It speaks for itself: nothing of the
 * program's own node is in it.
 */
import { connectPlain, makeDevice, type PlainClient } from "./plain-client.ts";
import type { RealGateway } from "./real-gateway.ts";

export interface NodeRequest {
  readonly id: string;
  readonly nodeId: string;
  readonly command: string;
  readonly params: Readonly<Record<string, unknown>>;
}

export interface ScriptedNode {
  readonly nodeId: string;
  readonly wire: PlainClient;
  /** The next request that was not taken yet. */
  nextRequest(): Promise<NodeRequest>;
  /** Sends a result; gives the gateway's answer to it. */
  result(id: string, result: Readonly<Record<string, unknown>>): Promise<unknown>;
  progress(id: string, seq: number, chunk: string, more?: Readonly<Record<string, unknown>>): Promise<unknown>;
}

export interface ScriptedNodeOptions {
  readonly name: string;
  readonly tags?: readonly string[];
  readonly caps?: readonly string[];
}

const COMMANDS = ["system.run", "system.which", "system.info", "file.read", "file.write", "dir.list"];

/** Pairs, has its commands approved and connects. The caller closes `wire`. */
export async function openScriptedNode(
  gateway: RealGateway, { name, tags = [], caps = ["system"] }: ScriptedNodeOptions,
): Promise<ScriptedNode> {
  const device = makeDevice();
  const offer = { role: "node", device, tags, caps, commands: COMMANDS, client: { displayName: name } };
  const wire = await connectPlain(gateway.port, { ...offer, token: gateway.token });
  const operator = await connectPlain(gateway.port, { token: gateway.token });
  const { pending } = (await operator.call("node.pair.list")) as {
    readonly pending: readonly { readonly nodeId: string; readonly requestId: string }[],
  };
  await operator.call("node.pair.approve", { requestId: pending.find(({ nodeId }) => nodeId === device.id)?.requestId });
  operator.close();
  const taken = new Set<string>();
  return {
    nodeId: device.id,
    wire,
    nextRequest: async () => {
      const { payload } = await wire.until(
        ({ event, payload: asked }) => event === "node.invoke.request" && !taken.has((asked as { readonly id: string }).id),
      );
      const { id, nodeId, command, paramsJSON = "{}" } = payload as {
        readonly id: string; readonly nodeId: string; readonly command: string; readonly paramsJSON?: string
      };
      taken.add(id);
      return { id, nodeId, command, params: JSON.parse(paramsJSON) as Readonly<Record<string, unknown>> };
    },
    result: (id, result) => wire.call("node.invoke.result", { id, nodeId: device.id, ...result }),
    progress: (id, seq, chunk, more = {}) => wire.call("node.invoke.progress", { invokeId: id, nodeId: device.id, seq, chunk, ...more }),
  };
}

/** The result of a command that wrote this and ended well. */
export function ranWell(stdout: string): Readonly<Record<string, unknown>> {
  return { ok: true, payloadJSON: JSON.stringify({ exitCode: 0, timedOut: false, success: true, stdout, stderr: "", error: null }) };
}
