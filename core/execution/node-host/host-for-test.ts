/** Opens a node host against a scripted gateway in a directory of its own, for tests. */
import { mkdirSync, mkdtempSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { WebSocket } from "ws";
import type { SocketLike } from "@openclaw/protocol/client";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { createNodeIdentity } from "./node-identity.ts";
import { defaultNodeLimits, type NodeLimits } from "./node-limits.ts";
import { openNodeHost, type NodeHost, type NodeHostOptions } from "./open-node-host.ts";
import { ScriptedGateway } from "./scripted-gateway.ts";

export interface HostForTest extends AsyncDisposable {
  readonly gateway: ScriptedGateway;
  readonly host: NodeHost;
  readonly nodeId: string;
  /** Holds `work` (the workspace), `node` (the node's state) and whatever a test adds. */
  readonly root: string;
  readonly workspace: string;
  readonly options: NodeHostOptions;
  /** Closes the host and opens it again over the same state. */
  reopen(): Promise<NodeHost>;
}

export const openSocket = (url: string): SocketLike => new WebSocket(url, { perMessageDeflate: false }) as unknown as SocketLike;

export function temporaryDirectory(): string {
  return realpathSync(mkdtempSync(join(tmpdir(), "node-host-")));
}

type Change = Partial<NodeHostOptions> & { readonly limit?: Partial<NodeLimits> };

export async function openHostForTest(change: Change = {}): Promise<HostForTest> {
  const { limit, ...rest } = change;
  const root = temporaryDirectory();
  const workspace = join(root, "work");
  mkdirSync(workspace);
  const gateway = await ScriptedGateway.open();
  const options: NodeHostOptions = {
    url: gateway.url, identity: createNodeIdentity(), displayName: "test node", version: "0.0.0", tags: ["test"], dir: join(root, "node"),
    limits: { ...defaultNodeLimits(workspace), ...limit }, clock: systemClock, ids: systemIds, log: () => undefined, openSocket,
    saveDeviceToken: () => undefined, ...rest,
  };
  const stats = (): number => gateway.frames.filter((frame) => frame.method === "node.event").length;
  const open = async (): Promise<NodeHost> => {
    const before = stats();
    const opened = await openNodeHost(options, new AbortController().signal);
    await gateway.until(() => stats() > before); // the first thing a node sends once it knows that it is online
    return opened;
  };
  let host = await open();
  return {
    gateway, root, workspace, options, nodeId: options.identity.deviceId,
    get host() {
      return host;
    },
    reopen: async () => {
      await host[Symbol.asyncDispose]();
      host = await open();
      return host;
    },
    [Symbol.asyncDispose]: async () => {
      await host[Symbol.asyncDispose]();
      await gateway[Symbol.asyncDispose]();
      rmSync(root, { recursive: true, force: true });
    },
  };
}
