/** Stands in for a gateway: opens the local node, says what it got, and then only lives. Input and output are JSON lines. */
import { createServer } from "node:net";
import { createInterface } from "node:readline";
import { systemClock } from "../../../base/clock.ts";
import { createLogger } from "../../../fabric/telemetry.ts";
import { openLocalNode, type LocalNodeOptions } from "../../local-node.ts";

const say = (line: object): void => void process.stdout.write(`${JSON.stringify(line)}\n`);
const server = createServer((socket) => socket.end("hello")).listen(0, "127.0.0.1");
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const options = JSON.parse((await lines.next()).value as string) as LocalNodeOptions;
const log = createLogger({ clock: systemClock, level: "debug", write: (line) => void process.stderr.write(line) });

try {
  const startMs = performance.now();
  const node = await openLocalNode({ ...options, clock: systemClock, log }, new AbortController().signal);
  const address = server.address();
  const port = typeof address === "object" ? address?.port : 0;
  const { pid, nodeId, confinement, adopted } = node;
  say({ pid, nodeId, confinement, adopted, tookMs: performance.now() - startMs, port });
  void node.ended.then(() => say({ ended: true }));
  await lines.next();
  await node.stop();
  say({ stopped: true });
} catch (error) {
  say({ error: error instanceof Error ? error.message : String(error) });
}
process.exit();
