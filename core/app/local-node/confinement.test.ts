/**
 * A node that was taken over gets at nothing. Every mechanism this machine has is attacked; run as root, the unprivileged ones
 * are tried under another uid.
 */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { access, chmod, cp, link, mkdir, readFile, stat, symlink, writeFile } from "node:fs/promises";
import { join } from "node:path";
import test, { type TestContext } from "node:test";
import { needs, needsThat, type Need } from "../../../testkit/skip.ts";
import {
  appears, attack, ATTACKER, besideTheProgram, CANARY, HERE, isRoot, makeWorld, PROGRAM_ROOT, shell, sleeper, startGateway,
  type Gateway, type World,
} from "./attacked-node.testing.ts";

/** The unprivileged ways are tried under another uid when the tests run as root, and that uid must be able to read the clone. */
const OTHER_UID = 61_190;
const asOther = isRoot ? OTHER_UID : undefined;
const readable = asOther === undefined || spawnSync("ls", [ATTACKER], { uid: OTHER_UID, gid: OTHER_UID }).status === 0;
const otherUser = needsThat(readable, {
  what: "confinement of a gateway that is not root",
  why: "the clone lies where no other user can read it",
  enable: "clone where others may read, or run npm test as an ordinary user",
});
const unprivileged = (need?: Need): { readonly skip: string | false } =>
  otherUser.skip === false && need !== undefined ? needs(need) : otherUser;

let sleeps = 0;

/** A PATH on which everything is found except bubblewrap. */
async function pathWithoutBubblewrap(world: World): Promise<string> {
  const bin = join(world.home, "bin");
  await mkdir(bin);
  await writeFile(join(bin, "bwrap"), "#!/bin/sh\necho not here >&2\nexit 1\n", { mode: 0o755 });
  await chmod(world.home, 0o711);
  const path = `${bin}:${process.env["PATH"] ?? ""}`;
  await writeFile(join(world.home, "path"), path);
  return path;
}

test("as root, another user without the gateway: cat, rm, kill and environ fail (S0.1, S0.19, S0.21)", needs("root"), async (t) => {
  const world = await makeWorld(t, undefined, await besideTheProgram());
  const gateway = await startGateway(t, world);
  assert.equal(gateway.confinement?.kind, "uid", JSON.stringify(gateway.confinement ?? gateway.error));
  await assertHolds(t, world, gateway);
  await assertEnds(t, world, gateway);
});

test("in user namespaces cat, rm, kill, environ and umount fail (S0.1, S0.19, S0.21)", unprivileged("user-namespaces"), async (t) => {
  const world = await makeWorld(t, asOther, await besideTheProgram());
  const gateway = await startGateway(t, world, {}, { PATH: await pathWithoutBubblewrap(world) });
  assert.equal(gateway.confinement?.kind, "unshare", JSON.stringify(gateway.confinement ?? gateway.error));
  await assertHolds(t, world, gateway);
  await assertEnds(t, world, gateway);
});

test("in bubblewrap cat, rm, kill, environ and umount fail (S0.1, S0.19, S0.21)", unprivileged("bubblewrap"), async (t) => {
  const world = await makeWorld(t, asOther, await besideTheProgram());
  const gateway = await startGateway(t, world);
  assert.equal(gateway.confinement?.kind, "bubblewrap", JSON.stringify(gateway.confinement ?? gateway.error));
  await assertHolds(t, world, gateway);
  await assertEnds(t, world, gateway);
});

test("where no mechanism works the node starts and is called not confined, with the reason", unprivileged(), async (t) => {
  const world = await makeWorld(t, asOther);
  const bin = await pathWithoutBubblewrap(world);
  await writeFile(join(world.home, "bin", "unshare"), "#!/bin/sh\necho namespaces are forbidden >&2\nexit 1\n", { mode: 0o755 });
  const gateway = await startGateway(t, world, {}, { PATH: bin });
  assert.equal(gateway.confinement.kind, "none");
  assert.match(gateway.confinement.sentence, /^not confined: .*namespaces are forbidden/);
  await gateway.stop();
});

test("a mechanism that starts the node but hides nothing is not believed, and sees no token", unprivileged(), async (t) => {
  const world = await makeWorld(t, asOther);
  const path = await pathWithoutBubblewrap(world);
  // Pretends to confine: runs the command after `--` as it is.
  const pretender = '#!/bin/sh\nwhile [ "$1" != -- ]; do shift; done\nshift\nexec "$@"\n';
  await writeFile(join(world.home, "bin", "bwrap"), pretender);
  await writeFile(join(world.home, "bin", "unshare"), "#!/bin/sh\nexit 1\n", { mode: 0o755 });
  const gateway = await startGateway(t, world, {}, { PATH: path });
  assert.equal(gateway.confinement.kind, "none");
  assert.match(gateway.confinement.sentence, /did not hold: .*state directory is visible/);
  await gateway.stop();
});

test("as root, a program and a Node below a closed directory are reached, and nothing else there", needs("root"), async (t) => {
  const world = await makeWorld(t);
  const clone = join(world.home, "clone");
  await cp(HERE, join(clone, "core/app/local-node"), { recursive: true });
  await writeFile(join(clone, "package.json"), '{"type":"module"}');
  const nodeBinary = join(world.home, "bin", "node");
  await mkdir(join(world.home, "bin"));
  await link(process.execPath, nodeBinary).catch(() => cp(process.execPath, nodeBinary));
  const entry = join(clone, "core/app/local-node/test-programs/attacker.ts");
  const gateway = await startGateway(t, world, { programRoot: clone, nodeBinary, entry });
  assert.equal(gateway.confinement.kind, "uid", gateway.confinement.sentence);
  assert.equal((await attack(world, nodeBinary, "-e", "0")).code, 0);
  assert.notEqual((await attack(world, "cat", join(world.home, "beside"))).code, 0);
  assert.notEqual((await attack(world, "touch", join(clone, "new"))).code, 0);
  assert.equal((await attack(world, "ls", world.home)).output, "bin\nclone\nstate\n");
  await gateway.stop();
});

test("as root, a program that only root can read is not started half-way: the sentence says what to do", needs("root"), async (t) => {
  const world = await makeWorld(t);
  const programRoot = join(world.home, "clone");
  await mkdir(programRoot, { mode: 0o700 });
  const gateway = await startGateway(t, world, { programRoot });
  assert.match(gateway.confinement.sentence, /^not confined: .*chmod -R go\+rX/);
  await gateway.stop();
});

test("what the node needs is given to its uid, and nothing outside the state directory changes hands", needs("root"), async (t) => {
  const world = await makeWorld(t);
  const outside = join(world.home, "outside");
  await mkdir(outside);
  await writeFile(join(outside, "precious"), "");
  await symlink(outside, join(world.workspace, "way-out"));
  await writeFile(join(world.workspace, "old"), "");
  const gateway = await startGateway(t, world);
  const uid = (await stat(world.workspace)).uid;
  assert.ok(uid >= 61_000);
  assert.equal((await stat(join(world.workspace, "old"))).uid, uid);
  assert.equal((await stat(outside)).uid, 0);
  assert.equal((await stat(join(outside, "precious"))).uid, 0);
  await gateway.stop();
});

async function assertHolds(t: TestContext, world: World, gateway: Gateway): Promise<void> {
  const { stateDir, home } = world;
  const pid = String(gateway.process.pid);
  await symlink(join(stateDir, "secret"), join(world.workspace, "link"));
  const refused: string[][] = [
    ["cat", join(stateDir, "secret")],
    ["cat", "link"],
    ["cat", join(home, "beside")].slice(0, isRoot && gateway.confinement.kind === "uid" ? 2 : 0),
    ["rm", join(stateDir, "secret")],
    ["ls", join(stateDir, "local-node.json")],
    shell('kill -0 "$1" || kill -9 "$1"', pid),
    ["cat", `/proc/${pid}/environ`],
    shell("cat /proc/[0-9]*/environ /proc/[0-9]*/cmdline | grep -a c[a]nary"),
    ["umount", stateDir],
    ["umount", "-l", stateDir],
    ["unshare", "-Urm", "umount", stateDir],
    ["unshare", "-Urm", "umount", "-l", stateDir],
    ["unshare", "-Urm", "sh", "-c", `mkdir -p m && mount --bind ${home} m && cat m/state/secret`],
    ["unshare", "-Urm", "sh", "-c", `mkdir -p m && mount --rbind / m && umount -l m${stateDir} && cat m${stateDir}/secret`],
    ["unshare", "-Urmpf", "sh", "-c", `mount -t proc proc /proc && cat /proc/${pid}/environ`],
    ["unshare", "-Urm", "mount", "-o", "remount,bind,rw", "/"],
    ["nsenter", "-t", "1", "-m", "cat", join(stateDir, "secret")],
    ["mount", "-o", "remount,bind,rw", "/"],
    ["touch", join(stateDir, "new")],
    ["touch", join(PROGRAM_ROOT, "new-file-of-an-attacker")],
    ["touch", "/new-file-of-an-attacker"],
    ["touch", "/etc/new-file-of-an-attacker"],
    ["touch", "/var/new-file-of-an-attacker"],
    ["touch", "/run/new-file-of-an-attacker"],
    shell('echo x >>"$1"', join(PROGRAM_ROOT, "package.json")),
    shell("ls /run/user /run/docker.sock /run/dbus /run/systemd/private"),
    shell('test "$(id -u)" = 0'),
    shell("grep '^CapEff.*[1-9a-f]' /proc/self/status"),
  ].filter((argv) => argv.length > 0);
  for (const argv of refused) {
    const result = await attack(world, ...argv);
    assert.notEqual(result.code, 0, `succeeded: ${argv.join(" ")}\n${result.output}`);
    assert.doesNotMatch(result.output, new RegExp(CANARY), argv.join(" "));
  }
  for (const dir of ["/", "/etc", "/var", PROGRAM_ROOT]) await assert.rejects(access(join(dir, "new-file-of-an-attacker")), dir);
  assert.equal(await readFile(join(stateDir, "secret"), "utf8"), CANARY);
  assert.ok(alive(gateway.process.pid ?? 0), "the gateway was killed");

  const allowed = [
    ["touch", join(world.workspace, "made-by-the-node")],
    ["touch", "/tmp/scratch"],
    shell("echo x >/dev/null && head -c 1 /dev/urandom >/dev/null && cat /dev/null"),
    shell('test "$(pwd)" = "$1"', world.workspace),
    [process.execPath, "-e", `require("net").connect(${gateway.port}, "127.0.0.1").on("data", (d) => process.exit(String(d) === "hello" ? 0 : 1)).on("error", () => process.exit(2))`],
  ];
  for (const argv of allowed) assert.deepEqual({ ...(await attack(world, ...argv)), argv }, { code: 0, output: "", argv });
  await access(join(world.workspace, "made-by-the-node"));

  const facts = JSON.parse(await appears(join(world.workspace, "facts.json"))) as Record<string, unknown>;
  assert.equal(facts["confined"], true);
  assert.equal(facts["token"], `${CANARY}-token`);
  assert.notEqual(facts["uid"], 0);
  assert.doesNotMatch(JSON.stringify(facts["environment"]), new RegExp(CANARY));
  t.diagnostic(`${gateway.confinement.kind}: from start to ready ${Math.round(gateway.tookMs)} ms; ${gateway.confinement.sentence}`);
}

function alive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

/** A stop lets the node end by itself; the end of the leader, however it comes, is the end of everything inside. */
async function assertEnds(t: TestContext, world: World, gateway: Gateway): Promise<void> {
  await gateway.stop();
  await access(join(world.workspace, "ended-in-good-order"));
  const path = await readFile(join(world.home, "path"), "utf8").catch(() => process.env["PATH"] ?? "");
  const again = await startGateway(t, world, {}, { PATH: path });
  assert.equal(again.confinement.kind, gateway.confinement.kind);
  const seconds = String(process.pid + 100_000 + ++sleeps);
  await attack(world, ...shell('setsid sleep "$1" >/dev/null 2>&1 & echo', seconds));
  await sleeper(seconds, true);
  process.kill(again.pid, "SIGKILL");
  await sleeper(seconds, false);
}
