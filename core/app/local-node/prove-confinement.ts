/**
 * What the node, from inside, can say about its own world.
 *
 * Everything is tried rather than believed: a mechanism that was started but did not hold is a finding. No finding means
 * confined. Nothing here changes anything.
 */
import { access, constants, lstat, readdir, readFile, readlink } from "node:fs/promises";
import { join, sep } from "node:path";

/** What the gateway tells about itself so that the node can look for it. None of it is secret. */
export interface ConfinementClaim {
  readonly stateDir: string;
  /** `device:inode` as the gateway sees it. */
  readonly stateIdentity: string;
  /** What was brought back below the state directory. */
  readonly kept: readonly string[];
  readonly writable: readonly string[];
  /** `/proc/self/ns/pid` and `/proc/self/ns/mnt` of the gateway. */
  readonly namespaces: { readonly pid: string; readonly mnt: string };
}

/** A mount that can be written here does not let anybody write a file that stays: kernel files and single devices. */
const HARMLESS = /^\/(?:proc|sys)(?:\/|$)|^\/dev\/(?!shm(?:\/|$))/;

/** Each finding is one reason why this process is not confined. */
export async function proveConfinement(claim: ConfinementClaim): Promise<string[]> {
  const findings = await Promise.all([findState(claim), findGateway(claim), findPrivileges(), findWritable(claim)]);
  return findings.flat();
}

export async function identityOf(path: string): Promise<string> {
  const { dev, ino } = await lstat(path, { bigint: true });
  return `${dev}:${ino}`;
}

export async function ownNamespaces(): Promise<{ pid: string; mnt: string }> {
  const [pid, mnt] = await Promise.all([readlink("/proc/self/ns/pid"), readlink("/proc/self/ns/mnt")]);
  return { pid, mnt };
}

async function findState(claim: ConfinementClaim): Promise<string[]> {
  const identity = await identityOf(claim.stateDir).catch(() => undefined);
  if (identity === undefined) return [];
  if (identity === claim.stateIdentity) return ["the state directory is visible"];
  return findStrangers(claim.stateDir, claim.kept);
}

async function findStrangers(dir: string, kept: readonly string[]): Promise<string[]> {
  const names = await readdir(dir).catch(() => undefined);
  if (names === undefined) return [`${dir} cannot be looked into`];
  const findings: string[] = [];
  for (const name of names) {
    const path = join(dir, name);
    if (kept.includes(path)) continue;
    if (kept.some((other) => other.startsWith(path + sep))) findings.push(...(await findStrangers(path, kept)));
    else findings.push(`${path} is visible`);
  }
  return findings;
}

async function findGateway(claim: ConfinementClaim): Promise<string[]> {
  const own = await ownNamespaces();
  const findings: string[] = [];
  if (own.pid === claim.namespaces.pid) findings.push("the gateway's processes are visible");
  if (own.mnt === claim.namespaces.mnt) findings.push("the gateway's mounts are shared");
  // Without a /proc of its own, the numbers there would be the gateway's world after all.
  if ((await readlink("/proc/self").catch(() => "")) !== String(process.pid)) findings.push("/proc shows another world");
  return findings;
}

async function findPrivileges(): Promise<string[]> {
  const status = await readFile("/proc/self/status", "utf8");
  const findings: string[] = [];
  for (const set of ["CapPrm", "CapEff", "CapAmb", "CapInh"]) {
    if (!new RegExp(`^${set}:\\s*0+$`, "m").test(status)) findings.push(`it holds privileges (${set})`);
  }
  if (!/^NoNewPrivs:\s*1$/m.test(status)) findings.push("it may gain privileges");
  return findings;
}

async function findWritable(claim: ConfinementClaim): Promise<string[]> {
  const mounts = (await readFile("/proc/self/mountinfo", "utf8")).split("\n").flatMap((line) => {
    const [, , , , where, options] = line.split(" ");
    if (where === undefined || options === undefined) return [];
    return [{ where: where.replace(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(parseInt(octal, 8))), options }];
  });
  const findings: string[] = [];
  for (const [at, mount] of mounts.entries()) {
    if (!/^rw(,|$)/.test(mount.options) || HARMLESS.test(mount.where) || claim.writable.some((path) => covers(path, mount.where))) continue;
    const shadowed = mounts.slice(at + 1).some((later) => later.where !== sep && covers(later.where, mount.where));
    if (!shadowed) findings.push(`${mount.where} is mounted writable`);
  }
  const closed = await access(claim.stateDir, constants.W_OK).then(() => false, () => true);
  return closed ? findings : [...findings, "the place of the state directory can be written"];
}

function covers(parent: string, path: string): boolean {
  return path === parent || path.startsWith(parent + sep);
}
