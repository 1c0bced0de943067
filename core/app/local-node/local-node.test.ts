/** The life of the local node: stopped, left behind, adopted, left alone. Real processes all the way. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { access, readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test from "node:test";
import { Secret } from "../../base/secret.ts";
import { loadNodeIdentity, saveDeviceToken } from "../../execution/node-host.ts";
import { attack, CANARY, isRoot, makeWorld, shell, sleeper, startGateway } from "./attacked-node.testing.ts";
import { processStart } from "./process-table.ts";

test("stopping ends the node in good order, with everything it started, and forgets it (S0.19)", async (t) => {
  const world = await makeWorld(t);
  const gateway = await startGateway(t, world);
  const seconds = String(process.pid + 200_000);
  await attack(world, ...shell('setsid sleep "$1" >/dev/null 2>&1 & echo', seconds));
  await sleeper(seconds, true);
  await gateway.stop();
  await access(join(world.workspace, "ended-in-good-order"));
  await assert.rejects(access(join(world.stateDir, "local-node.json")));
  if (gateway.confinement.kind !== "none") await sleeper(seconds, false);
});

test("a node outlives its gateway's kill -9 and is adopted by the next one, not by one of another version (S0.19)", async (t) => {
  const world = await makeWorld(t);
  const first = await startGateway(t, world);
  first.process.kill("SIGKILL");
  await new Promise((resolve) => first.process.once("exit", resolve));
  assert.equal((await attack(world, "true")).code, 0);

  const second = await startGateway(t, world);
  assert.deepEqual([second.adopted, second.pid, second.confinement], [true, first.pid, first.confinement]);
  second.process.kill("SIGKILL");

  const third = await startGateway(t, world, { programVersion: "2" });
  assert.equal(third.adopted, false);
  assert.notEqual(third.pid, first.pid);
  assert.equal(await processStart(first.pid), undefined);
  await third.stop();
});

test("the real node comes up confined as who the gateway says, and ends itself when left alone (S0.8, S0.21)", async (t) => {
  const world = await makeWorld(t);
  const { entry: _, ...options } = world.options;
  const launch = { displayName: "local", tags: ["local"], token: `${CANARY}-token` };
  const first = await startGateway(t, { ...world, options });
  assert.match(first.nodeId, /^[0-9a-f]{64}$/);
  if (isRoot) assert.equal(first.confinement.kind, "uid");
  assert.doesNotMatch(spawnSync("ps", ["-e", "-ww", "-o", "args"], { encoding: "utf8" }).stdout, new RegExp(`${CANARY}-token`));
  await first.stop();

  const second = await startGateway(t, { ...world, options });
  assert.deepEqual([second.adopted, second.nodeId], [false, first.nodeId]);
  await second.stop();

  const identityDir = join(world.stateDir, "credentials", "local-node");
  const identity = await loadNodeIdentity(identityDir);
  await saveDeviceToken(identityDir, new Secret("device-token-of-the-node"));
  const third = await startGateway(t, { ...world, options: { ...options, launch: { ...launch, identityDir, endAfterAloneMs: 50 } } });
  assert.equal(third.nodeId, identity.deviceId);
  await third.ended();
  const nodeDir = String(options["nodeDir"]);
  assert.equal((await readFile(join(nodeDir, "device-token"), "utf8")).trim(), "device-token-of-the-node");
  assert.equal((await stat(join(nodeDir, "device-token"))).uid, (await stat(nodeDir)).uid);
});

test("a record of a process that is not ours ends nobody", async (t) => {
  const world = await makeWorld(t);
  const bystander = spawn("sleep", ["60"], { detached: true });
  t.after(() => bystander.kill("SIGKILL"));
  const record = { recordVersion: 1, pid: bystander.pid, nodeId: "x", start: "boot:1", url: "ws://127.0.0.1:1", program: "x" };
  await writeFile(join(world.stateDir, "local-node.json"), JSON.stringify(record));
  const gateway = await startGateway(t, world);
  assert.equal(gateway.adopted, false);
  assert.equal(bystander.exitCode, null);
  assert.equal(bystander.signalCode, null);
  await gateway.stop();
});
