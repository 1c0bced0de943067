import { chmod, lchown, lstat, mkdir, open, readdir, readFile } from "node:fs/promises";
import { dirname, join, sep } from "node:path";
import { fileURLToPath } from "node:url";
import { hasCode, OpenClawError } from "@openclaw/protocol";
import { crashPoint } from "../../base/crash-point.ts";
import type { Clock } from "../../base/clock.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { LaunchMaterial } from "./answer-launch.ts";
import { launchNode, type LaunchedNode } from "./launch-node.ts";
import { loadRecord, removeRecord, saveRecord, type LocalNodeRecord } from "./local-node-record.ts";
import { planConfinement, realPaths, type ConfinementKind, type ConfinementRequest, type Mechanism } from "./plan-confinement.ts";
import { endGroup, processStart, watchEnd } from "./process-table.ts";
import { identityOf, ownNamespaces, type ConfinementClaim } from "./prove-confinement.ts";
import { seedCompileCache } from "./seed-compile-cache.ts";

const START_TIMEOUT_MS = 10_000;
const STOP_GRACE_MS = 2_000;
const ADOPTED_POLL_MS = 500;
const ALONE_MS = 30_000;
/** Handing a workspace to the node's uid the first time touches each of its files. */
const ENTRIES_OWNED_MAX = 100_000;
const IDENTITY_FILES_MAX = 8;

export interface LocalNodeOptions {
  readonly stateDir: string;
  /** The node's own directory: identity, journal, log. Made when missing; given to the node's uid. */
  readonly nodeDir: string;
  /** Made when missing; given to the node's uid. */
  readonly workspace: string;
  /** The clone: the folder that holds `core`, `protocol` and `node_modules`. */
  readonly programRoot: string;
  readonly nodeBinary: string;
  readonly gatewayUrl: string;
  /** A node of another program version is not adopted. */
  readonly programVersion: string;
  readonly launch: {
    readonly displayName: string;
    readonly tags: readonly string[];
    /** Buys the node its device token at the first connection. */
    readonly token?: string;
    /**
     * Or: a directory of the gateway's own with the files of the node's identity (key, device token), handed over by value.
     * It must not be `nodeDir`: the gateway never reads or writes there, where a file may be a link laid from inside.
     */
    readonly identityDir?: string;
    /** Ends itself after this long with no gateway and no job; 30 s unless told. */
    readonly endAfterAloneMs?: number;
  };
  /** More directories the owner lets the node write. Absent ones are ignored. */
  readonly writableDirs?: readonly string[];
  /** More directories that must be empty inside. */
  readonly hiddenDirs?: readonly string[];
  /** The node's program, a file below `programRoot`; the node host unless told. */
  readonly entry?: string;
  readonly clock: Clock;
  readonly log: Logger;
}

export interface LocalNode {
  /** The leader of the node's process group. */
  readonly pid: number;
  /** The device id under which it connects. It is the node's own word: grant it only what the local node is meant to have. */
  readonly nodeId: string;
  readonly confinement: { readonly kind: ConfinementKind; readonly sentence: string };
  /** A node that an earlier gateway had started and that is alive. */
  readonly adopted: boolean;
  /** Resolves when the node has ended, for whatever reason. Never rejects. */
  readonly ended: Promise<void>;
  /** TERM to the group, KILL two seconds later. Resolves when it is gone. */
  stop(): Promise<void>;
}

/**
 * Finds the node that is alive, or starts one in the strongest confinement that works here and proves itself.
 *
 * Nothing is closed when this process dies: the node lives on and is adopted by the next gateway of the same state directory.
 * Throws COMMAND_NOT_STARTED when not even an unconfined node starts, CONFIG_INVALID when the workspace is the state
 * directory, and the signal's reason.
 */
export async function openLocalNode(options: LocalNodeOptions, signal: AbortSignal): Promise<LocalNode> {
  const record = await loadRecord(options.stateDir);
  if (record !== undefined) {
    const alive = (await processStart(record.pid)) === record.start;
    if (alive && isSame(record, options)) {
      options.log.info("local_node.adopted", { pid: record.pid, confinement: record.confinement.kind });
      return holdAdopted(record, options);
    }
    if (alive) await endGroup(record.pid, record.start, STOP_GRACE_MS, options.clock);
    await removeRecord(options.stateDir);
  }
  return startNode(options, signal);
}

function isSame(record: LocalNodeRecord, options: LocalNodeOptions): boolean {
  return record.url === options.gatewayUrl && record.program === programOf(options) && record.workspace === options.workspace;
}

function programOf(options: LocalNodeOptions): string {
  return `${options.programRoot} ${options.programVersion}`;
}

async function startNode(options: LocalNodeOptions, signal: AbortSignal): Promise<LocalNode> {
  await mkdir(options.workspace, { recursive: true, mode: 0o700 });
  const isFresh = (await mkdir(options.nodeDir, { recursive: true, mode: 0o700 })) !== undefined;
  if (isFresh) await syncName(options.nodeDir);
  const request = await requestOf(options);
  const { mechanisms, why } = await planConfinement(request);
  // Only before anybody but us has written there: a link planted in it would be followed.
  if (isFresh) await seedCompileCache(join(request.nodeDir, "compile-cache"), mechanisms[0]?.owner?.uid);
  const command = [request.nodeBinary, options.entry ?? fileURLToPath(new URL("./node-main.ts", import.meta.url))];
  const reasons: string[] = [];
  for (const mechanism of mechanisms) {
    try {
      if (mechanism.owner !== undefined) await handOver(request, mechanism.owner);
      const claim = await claimOf(request, mechanism);
      const launched = await launch(options, request, [...mechanism.argv, ...command], claim, signal);
      return await holdStarted(options, launched, { kind: mechanism.kind, sentence: mechanism.sentence });
    } catch (error) {
      signal.throwIfAborted();
      if (!hasCode(error, "COMMAND_NOT_STARTED")) throw error;
      options.log.info("local_node.confinement_refused", { mechanism: mechanism.kind, error });
      reasons.push(`${mechanism.kind}: ${String((error as OpenClawError).detail["reason"])}`);
    }
  }
  const launched = await launch(options, request, command, null, signal);
  const sentence = `not confined: ${why}${reasons.length === 0 ? "" : ` (${reasons.join("; ")})`}`;
  options.log.warn("local_node.unconfined", { reasons, why });
  return holdStarted(options, launched, { kind: "none", sentence });
}

/** The node's journal is lost with its directory, and that with a name that is not on the disk when the power goes. */
async function syncName(path: string): Promise<void> {
  const parent = await open(dirname(path), "r");
  try {
    await parent.sync();
  } finally {
    await parent.close();
  }
}

async function requestOf(options: LocalNodeOptions): Promise<ConfinementRequest> {
  const { writableDirs = [], hiddenDirs = [] } = options;
  const [stateDir = "", nodeDir = "", workspace = "", programRoot = "", nodeBinary = ""] = await realPaths([
    options.stateDir, options.nodeDir, options.workspace, options.programRoot, options.nodeBinary,
  ]);
  const writable = await Promise.all(writableDirs.map((dir) => realPaths([dir]).catch(() => [])));
  const { PATH = "/usr/local/bin:/usr/bin:/bin", LANG, TZ, OPENCLAW_CRASH_AT } = process.env;
  return {
    stateDir, nodeDir, workspace, programRoot, nodeBinary, hiddenDirs,
    writableDirs: writable.flat(),
    environment: {
      PATH, HOME: workspace,
      NODE_COMPILE_CACHE: join(nodeDir, "compile-cache"),
      ...(LANG === undefined ? {} : { LANG }),
      ...(TZ === undefined ? {} : { TZ }),
      ...(OPENCLAW_CRASH_AT === undefined ? {} : { OPENCLAW_CRASH_AT }),
    },
  };
}

async function claimOf(request: ConfinementRequest, mechanism: Mechanism): Promise<ConfinementClaim> {
  const paths = (kinds: readonly string[]): string[] =>
    mechanism.steps.filter((step) => kinds.includes(step.kind)).map((step) => step.path);
  return {
    stateDir: request.stateDir,
    stateIdentity: await identityOf(request.stateDir),
    kept: paths(["rw", "ro"]),
    writable: paths(["rw", "scratch"]),
    namespaces: await ownNamespaces(),
  };
}

async function launch(
  options: LocalNodeOptions,
  request: ConfinementRequest,
  argv: readonly string[],
  claim: ConfinementClaim | null,
  signal: AbortSignal,
): Promise<LaunchedNode> {
  const { displayName, tags, token, identityDir, endAfterAloneMs = ALONE_MS } = options.launch;
  const material: LaunchMaterial = {
    url: options.gatewayUrl, displayName, tags, version: options.programVersion, endAfterAloneMs,
    nodeDir: request.nodeDir, workspace: request.workspace,
    allowedDirs: [request.workspace, ...request.writableDirs],
    ...(token === undefined ? {} : { token }),
    ...(identityDir === undefined ? {} : { identityFiles: await readIdentity(identityDir) }),
  };
  const onStderr = (text: string): void => options.log.warn("local_node.said", { text });
  const { environment } = request;
  return launchNode({ argv, environment, claim, material, timeoutMs: START_TIMEOUT_MS, clock: options.clock, onStderr }, signal);
}

async function readIdentity(dir: string): Promise<Record<string, string>> {
  const names = (await readdir(dir, { withFileTypes: true })).filter((entry) => entry.isFile()).slice(0, IDENTITY_FILES_MAX);
  return Object.fromEntries(await Promise.all(names.map(async ({ name }) => [name, await readFile(join(dir, name), "utf8")] as const)));
}

async function holdStarted(options: LocalNodeOptions, launched: LaunchedNode, confinement: LocalNode["confinement"]): Promise<LocalNode> {
  const { pid, nodeId, child } = launched;
  const ended = new Promise<void>((resolve) => {
    if (child.exitCode !== null || child.signalCode !== null) resolve();
    child.once("exit", () => resolve());
  });
  const start = await processStart(pid);
  crashPoint("local-node.launched");
  if (start !== undefined) {
    await saveRecord(options.stateDir, {
      recordVersion: 1, pid, nodeId, start, url: options.gatewayUrl, program: programOf(options), workspace: options.workspace, confinement,
    });
  }
  options.log.info("local_node.started", { pid, confinement: confinement.kind });
  return { pid, nodeId, confinement, adopted: false, ended, stop: () => stopNode(options, pid, start) };
}

function holdAdopted(record: LocalNodeRecord, options: LocalNodeOptions): LocalNode {
  const { pid, nodeId, start, confinement } = record;
  const ended = watchEnd(pid, start, ADOPTED_POLL_MS, options.clock);
  return { pid, nodeId, confinement, adopted: true, ended, stop: () => stopNode(options, pid, start) };
}

async function stopNode(options: LocalNodeOptions, pid: number, start: string | undefined): Promise<void> {
  if (start !== undefined) await endGroup(pid, start, STOP_GRACE_MS, options.clock);
  await removeRecord(options.stateDir);
  options.log.info("local_node.stopped", { pid });
}

/**
 * Gives the workspace and the node's directory to its uid: the first time everything in them, links never followed. Later the
 * files that lie in the node's own directory are given again; what the owner put into the workspace is readable to the node,
 * not writable. A directory elsewhere that holds files already is the owner's, and is left as it is.
 */
async function handOver(request: ConfinementRequest, owner: { readonly uid: number; readonly gid: number }): Promise<void> {
  let entries = 0;
  const give = async (path: string, isDirectory: boolean): Promise<void> => {
    entries += 1;
    if (entries > ENTRIES_OWNED_MAX) return;
    await lchown(path, owner.uid, owner.gid);
    if (!isDirectory) return;
    for (const entry of await readdir(path, { withFileTypes: true })) await give(join(path, entry.name), entry.isDirectory());
  };
  for (const dir of [request.workspace, request.nodeDir]) {
    if ((await lstat(dir)).uid === owner.uid) {
      if (dir !== request.nodeDir) continue;
      for (const entry of await readdir(dir, { withFileTypes: true })) if (entry.isFile()) await give(join(dir, entry.name), false);
      continue;
    }
    const ours = dir.startsWith(request.stateDir + sep) || (await readdir(dir)).length === 0;
    if (!ours) continue;
    await give(dir, true);
    await chmod(dir, 0o700);
  }
}
