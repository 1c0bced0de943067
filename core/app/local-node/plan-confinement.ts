/**
 * Which worlds the local node may be started in here, strongest first, and what each looks like.
 *
 * Paths keep their names inside: the workspace is where it always was, and what must not be seen is covered by an empty
 * directory. As root the node gets an unprivileged uid, which cannot walk through a directory that is closed to others (a home
 * of mode 0700); the topmost such directory is covered too, and what lies in it and is needed is brought back.
 */
import { createHash } from "node:crypto";
import { readFile, realpath, stat } from "node:fs/promises";
import { dirname, extname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { OpenClawError } from "@openclaw/protocol";

export type ConfinementKind = "bubblewrap" | "unshare" | "uid" | "none";

/** One step of the layout, in the words of `confine.sh`. */
export interface LayoutStep {
  readonly kind: "cover" | "scratch" | "rw" | "ro";
  readonly path: string;
}

export interface Mechanism {
  readonly kind: ConfinementKind;
  /** What the banner says. */
  readonly sentence: string;
  /** The program and its arguments, ready for the command to be appended. */
  readonly argv: readonly string[];
  /** Who owns what the node writes; absent where that is the gateway's own user. */
  readonly owner?: { readonly uid: number; readonly gid: number };
  readonly steps: readonly LayoutStep[];
}

export interface ConfinementRequest {
  /** Real paths, without links: see `realPaths`. */
  readonly stateDir: string;
  readonly nodeDir: string;
  readonly workspace: string;
  readonly programRoot: string;
  readonly nodeBinary: string;
  /** More directories the owner lets the node write. */
  readonly writableDirs: readonly string[];
  /** More directories that must be empty inside. */
  readonly hiddenDirs: readonly string[];
  readonly environment: Readonly<Record<string, string>>;
}

const SCRIPT = fileURLToPath(new URL("./confine.sh", import.meta.url));
/** Of `/run` only what name resolution and the system's own paths need: its sockets (bus, containers, desktop) lead outside. */
const RUN_KEPT = ["/run/systemd/resolve", "/run/resolvconf", "/run/NetworkManager", "/run/current-system", "/run/opengl-driver"];
const SCRATCH = ["/tmp", "/var/tmp", "/dev/shm"];
const GPU_DEVICES = [
  "/dev/dri", "/dev/kfd", "/dev/nvidiactl", "/dev/nvidia-uvm", "/dev/nvidia0", "/dev/nvidia1", "/dev/nvidia2", "/dev/nvidia3",
];
/** A range that distributions leave unassigned. */
const UID_FIRST = 61_000;
const UID_COUNT = 184;
const PATH_BYTES_MAX = 4_000;

export interface ConfinementPlan {
  /** Strongest first. */
  readonly mechanisms: readonly Mechanism[];
  /** For the sentence, should none of them work. */
  readonly why: string;
}

/** Throws CONFIG_INVALID for paths that cannot be confined; never for what the machine lacks, then the list is short or empty. */
export async function planConfinement(request: ConfinementRequest): Promise<ConfinementPlan> {
  checkPaths(request);
  if (process.platform !== "linux") return { mechanisms: [], why: `${process.platform} has no mechanism that this program knows` };
  const uid = process.getuid?.() ?? 0;
  const gid = process.getgid?.() ?? 0;
  const mechanisms: Mechanism[] = [];
  let why = "neither bubblewrap nor user namespaces work here";
  if (uid === 0) {
    const nodeUid = await chooseUid(request);
    const unreadable = await firstUnreadable(request);
    if (unreadable !== undefined) why = `${unreadable} can be read by root only; run: chmod -R go+rX ${request.programRoot}`;
    else if (nodeUid === undefined) why = "no unprivileged user id is free";
    else {
      mechanisms.push(await planScript("uid", request, nodeUid, nodeUid));
      why = "this root may not make namespaces";
    }
    // A user namespace of the machine's real root maps to root on the files outside: weaker than none, so never used.
    if (await isMachineRoot()) return { mechanisms, why };
  }
  const steps = await planSteps(request, false);
  mechanisms.push(planBubblewrap(request, steps));
  mechanisms.push(await planScript("unshare", request, uid, gid));
  return { mechanisms, why };
}

/** Follows links, because covers and binds are laid on real directories. All but the last must exist. */
export async function realPaths(paths: readonly string[]): Promise<string[]> {
  return Promise.all(paths.map((path) => realpath(path)));
}

async function planScript(kind: "uid" | "unshare", request: ConfinementRequest, uid: number, gid: number): Promise<Mechanism> {
  const steps = await planSteps(request, kind === "uid");
  return {
    kind,
    sentence: kind === "uid"
      ? `confined as user ${uid} in namespaces of its own: it sees nothing of the gateway and writes only its workspace`
      : "confined by Linux namespaces: it sees nothing of the gateway and writes only its workspace",
    argv: ["/bin/sh", SCRIPT, kind, String(uid), String(gid), String(steps.length), ...steps.flatMap((step) => [step.kind, step.path])],
    steps,
    ...(kind === "uid" ? { owner: { uid, gid } } : {}),
  };
}

function planBubblewrap(request: ConfinementRequest, steps: readonly LayoutStep[]): Mechanism {
  const layout = steps.flatMap(({ kind, path }) => {
    if (kind === "cover") return ["--size", "65536", "--tmpfs", path];
    if (kind === "scratch") return ["--perms", "1777", "--size", "268435456", "--tmpfs", path];
    return [kind === "rw" ? "--bind" : "--ro-bind", path, path];
  });
  const closed = steps.flatMap(({ kind, path }) => (kind === "cover" ? ["--remount-ro", path] : []));
  const environment = Object.entries(request.environment).flatMap(([name, value]) => ["--setenv", name, value]);
  return {
    kind: "bubblewrap",
    sentence: "confined by bubblewrap: it sees nothing of the gateway and writes only its workspace",
    argv: [
      "/bin/sh", SCRIPT, "bubblewrap",
      "--unshare-user", "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--as-pid-1", "--cap-drop", "ALL",
      "--ro-bind", "/", "/", "--dev", "/dev", ...GPU_DEVICES.flatMap((path) => ["--dev-bind-try", path, path]), "--proc", "/proc",
      ...layout, ...closed, "--remount-ro", "/dev",
      "--chdir", "/", "--clearenv", ...environment, "--",
      "setpriv", "--no-new-privs", "--pdeathsig", "KILL", "--", "/bin/sh", "-c", '"$@"; exit $?', "sh",
    ],
    steps,
  };
}

/** Parents come before what lies in them. With `foreign`, the node's uid is nobody to the files it needs. */
async function planSteps(request: ConfinementRequest, foreign: boolean): Promise<LayoutStep[]> {
  const writable = unique([request.workspace, request.nodeDir, ...request.writableDirs]);
  const readable = unique([request.programRoot, request.nodeBinary]);
  const steps = new Map<string, LayoutStep["kind"]>();
  for (const path of await present(["/run", ...request.hiddenDirs])) steps.set(path, "cover");
  for (const path of await present(SCRATCH)) steps.set(path, "scratch");
  if (foreign) {
    for (const path of [...writable, ...readable]) {
      const closed = await topmostClosed(path);
      if (closed !== undefined && !steps.has(closed)) steps.set(closed, "cover");
    }
  }
  steps.set(request.stateDir, "cover");
  for (const path of writable) steps.set(path, "rw");
  const covered = (path: string): boolean => [...steps].some(([other, kind]) => kind !== "ro" && isInside(path, other));
  for (const path of [...(await present(RUN_KEPT)), ...readable]) if (covered(path)) steps.set(path, "ro");
  return [...steps].map(([path, kind]) => ({ kind, path })).sort((a, b) => depth(a.path) - depth(b.path));
}

/** The workspace and the node's directory are what comes back; were one of them the whole state, nothing would be hidden. */
function checkPaths(request: ConfinementRequest): void {
  for (const path of [request.workspace, request.nodeDir, ...request.writableDirs]) {
    if (path === request.stateDir || path === sep) {
      const next = "Give the workspace a directory of its own.";
      throw new OpenClawError("CONFIG_INVALID", { why: `The node cannot work in ${path} itself.`, next });
    }
  }
  for (const path of [request.stateDir, request.nodeDir, request.workspace, request.programRoot, request.nodeBinary]) {
    if (Buffer.byteLength(path) > PATH_BYTES_MAX) throw new OpenClawError("CONFIG_INVALID", { why: "A path is too long." });
  }
}

async function topmostClosed(path: string): Promise<string | undefined> {
  const parents: string[] = [];
  for (let at = dirname(path); at !== dirname(at); at = dirname(at)) parents.unshift(at);
  for (const parent of parents) if (((await stat(parent)).mode & 0o001) === 0) return parent;
  return undefined;
}

/** What the node must load, checked by sample: its entry, a linked package and the Node binary. */
async function firstUnreadable(request: ConfinementRequest): Promise<string | undefined> {
  const linked = join(request.programRoot, "protocol", `protocol${extname(import.meta.filename)}`);
  for (const path of [request.nodeBinary, SCRIPT, request.programRoot, linked]) {
    const found = await stat(path).catch(() => undefined);
    const wanted = path === request.nodeBinary || path === request.programRoot ? 0o005 : 0o004;
    if (found !== undefined && (found.mode & wanted) !== wanted) return path;
  }
  return undefined;
}

/** The uid that owns the workspace already, else one drawn from the state directory's path; never one with a name. */
async function chooseUid(request: ConfinementRequest): Promise<number | undefined> {
  const named = new Set<number>();
  for (const file of ["/etc/passwd", "/etc/group"]) {
    for (const line of (await readFile(file, "utf8").catch(() => "")).split("\n")) named.add(Number(line.split(":")[2]));
  }
  const owner = (await stat(request.workspace)).uid;
  if (owner >= UID_FIRST && owner < UID_FIRST + UID_COUNT && !named.has(owner)) return owner;
  const first = createHash("sha256").update(request.stateDir).digest().readUInt32LE(0) % UID_COUNT;
  for (let step = 0; step < UID_COUNT; step += 1) {
    const uid = UID_FIRST + ((first + step) % UID_COUNT);
    if (!named.has(uid)) return uid;
  }
  return undefined;
}

async function isMachineRoot(): Promise<boolean> {
  const map = await readFile("/proc/self/uid_map", "utf8").catch(() => "");
  return /^\s*0\s+0\s+4294967295\s*$/.test(map);
}

async function present(paths: readonly string[]): Promise<string[]> {
  const directory = async (path: string): Promise<string[]> => {
    const real = await realpath(path);
    return (await stat(real)).isDirectory() ? [real] : [];
  };
  return unique((await Promise.all(paths.map((path) => directory(path).catch(() => [])))).flat());
}

function isInside(path: string, parent: string): boolean {
  return path !== parent && path.startsWith(parent.endsWith(sep) ? parent : parent + sep);
}

function depth(path: string): number {
  return path.split(sep).length;
}

function unique(paths: readonly string[]): string[] {
  return [...new Set(paths)];
}
