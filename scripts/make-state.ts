/**
 * Makes a state directory with the real program and packs it as a fixture: what a release left on people's disks.
 *
 *   node scripts/make-state.ts e2e/states/openclaw-0.1.0.state.br
 *
 * Run it once for each release, with that release's program, and never change what it wrote: later programs must open it.
 * The key in it belongs to nothing but the fixture.
 */
import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { approvalOf, history, say, send, settled, textOf } from "../testkit/conversation.ts";
import { packState } from "../testkit/packed-state.ts";
import { openRealGateway } from "../testkit/real-gateway.ts";
import { openRealNode } from "../testkit/real-node.ts";
import { systemClock } from "../core/base/clock.ts";
import { systemIds } from "../core/base/ids.ts";
import { openSqliteEngine } from "../core/fabric/engine.ts";
import { createJournal } from "../core/fabric/journal.ts";
import { openVault } from "../core/fabric/vault.ts";
import { VERSION } from "../core/app/version.ts";

/** Settled before the fixture is packed, so that a reader can compare the whole of it. */
const SESSIONS = ["agent:main:main", "agent:main:work", "agent:main:old", "agent:main:long"] as const;
const DELETED = "agent:main:gone";
const WAITING = "agent:main:waiting";

const target = resolve(process.argv[2] ?? `e2e/states/openclaw-${VERSION}.state.br`);
const gateway = await openRealGateway({
  config: `// Written by hand, with a comment.\n{ agents: { defaults: { instructions: "Call me captain." } } }\n`,
});
try {
  const operator = await gateway.connect();
  const node = await openRealNode(gateway, { name: "attic", tags: ["quiet"] });
  await operator.client.request("node.list", {});
  await say(operator, "hello there");
  await say(operator, "run `uname -a`");
  await say(operator, "remember that the boiler is in the attic");
  const asking = await send(operator, "run `touch made.txt`");
  await operator.client.request("exec.approval.resolve", { id: await approvalOf(operator), decision: "allow-always" });
  await settled(operator, asking);
  await say(operator, "run `touch again.txt`");
  await say(operator, "a first message", { session: "agent:main:work" });
  await operator.client.request("sessions.patch", { key: "agent:main:work", label: "Work", pinned: true });
  await say(operator, "before the reset", { session: "agent:main:long" });
  await operator.client.request("sessions.reset", { key: "agent:main:long" });
  for (let at = 1; at <= 12; at++) await say(operator, `message ${at}`, { session: "agent:main:long" });
  await say(operator, "put me away", { session: "agent:main:old" });
  await operator.client.request("sessions.patch", { key: "agent:main:old", archived: true });
  await say(operator, "a secret nobody shall read", { session: DELETED });
  await operator.client.request("sessions.delete", { key: DELETED });
  await send(operator, "run `touch later.txt`", { session: WAITING, key: "waiting-1" });
  await operator.until(({ event, payload }) =>
    event === "exec.approval.requested" && JSON.stringify(payload).includes("later.txt"));
  await send(operator, "and then this", { session: WAITING, key: "waiting-2" });
  const transcripts = Object.fromEntries(await Promise.all(SESSIONS.map(async (key) =>
    [key, (await history(operator, key)).map((message) => ({ role: message.role, text: textOf(message) }))] as const)));
  const { nodeId } = node;
  await node.dispose();
  // No goodbye: what a crash leaves is what has to be read.
  await gateway.kill();
  await moveToSegment(gateway.stateDir, "agent:main:long");
  const fact = "the boiler is in the attic";
  const expected = { transcripts, archived: "agent:main:old", deleted: DELETED, waiting: WAITING, nodeId, fact };
  const leaveOut = (path: string): boolean => /^logs\/|compile-cache|\.sock$|^workspace\/|local-node\.json$|owner\.json$/.test(path);
  const packed = await packState(gateway.stateDir, { version: VERSION, expected }, leaveOut);
  mkdirSync(dirname(target), { recursive: true });
  writeFileSync(target, packed);
  process.stdout.write(`${target}: ${packed.length} bytes\n`);
} finally {
  await gateway.dispose();
}

/** A conversation long enough to leave the log by itself would not fit into a small file. */
async function moveToSegment(dir: string, sessionKey: string): Promise<void> {
  await using engine = await openSqliteEngine({ dir, clock: systemClock, ids: systemIds });
  const vault = await openVault({ records: engine.records, keyFile: `${dir}/credentials/key-encryption-key`, ids: systemIds });
  const journal = createJournal({ engine, vault, clock: systemClock, ids: systemIds });
  const address = journal.address(sessionKey);
  const claim = await engine.log.claim(address.slot, "fixture");
  const log = await journal.load(address);
  await log.compact(claim);
  await engine.log.release(claim);
}
