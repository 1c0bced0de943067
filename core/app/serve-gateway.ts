/**
 * The gateway as a process, once it owns its state: composes, tells the person, and drains when asked to stop.
 */
import { flushCompileCache } from "node:module";
import { homedir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { DEFAULT_PORT, EXIT } from "@openclaw/protocol";
import type { Engine } from "@openclaw/sdk";
import { systemClock } from "../base/clock.ts";
import { systemIds } from "../base/ids.ts";
import type { Secret } from "../base/secret.ts";
import { boundHeap, settleMemory, settleWhenQuiet } from "../base/settle-memory.ts";
import { openLobby, type Lobby, type LobbyDeps, type OpenPort } from "../control/gateway.ts";
import { loadNodeIdentity, saveDeviceToken } from "../execution/node-host.ts";
import { locateConfig, openConfig, variablesOf, type ConfigIssue, type RunningConfig, type TakenHow } from "../fabric/config-start.ts";
import type { StateDir } from "../fabric/engine.ts";
import { createLogger, openLogFile, type Logger, type LogLevel } from "../fabric/telemetry.ts";
import { readSecret, type SecretPlaces } from "../fabric/vault.ts";
import type { BackupWish } from "./backup.ts";
import { composeGateway } from "./compose.ts";
import type { Composition } from "./composition.ts";
import { composeReach, type Reach } from "./compose-reach.ts";
import { configRevision } from "./config-revision.ts";
import { configSchema, type Config } from "./config-schema.ts";
import type { ReloadMode } from "./follow-config.ts";
import { openLocalNode, type LocalNode } from "./local-node.ts";
import type { RunGatewayOptions } from "./run-gateway-options.ts";
import { registerRunning } from "./register-running.ts";
import { COMMAND, IS_INSTALLED, VERSION } from "./version.ts";

const PROGRAM_ROOT = fileURLToPath(new URL("../../", import.meta.url)).replace(/\/$/, "");
/** The local node restarts this long after it ended; doubled each time it ends again soon. */
const NODE_RESTART_MS = 500;
const NODE_RESTART_LAST_MS = 30_000;

/** After the start, when the gateway is likely to be idle. */
const SETTLE_MS = 3_000;

export interface ServeGatewayOptions extends RunGatewayOptions {
  /** May take long: where it does, the port is open meanwhile and says so. */
  readonly engine: Promise<Engine>;
  /** The state directory, taken. */
  readonly owned: StateDir;
  readonly startedAtMs: number;
  /** By the monotonic clock. */
  readonly startedAt: number;
}

/** From an edit that takes a restart to the restart: what is being answered is answered. */
const EDIT_RESTART_MS = 250;

/** How soon it is seen that the configuration wants backups. */
const BACKUP_LOOK_MS = 60_000;

/** Instead of an exit code: it is to be started again, in this process. */
export const RESTART = -1;

/** As `runGateway`, or RESTART; the caller disposes engine and directory. */
export async function serveGateway(options: ServeGatewayOptions): Promise<number> {
  const { stateDir: dir, terminal, signal, owned, startedAtMs, startedAt } = options;
  await using stack = new AsyncDisposableStack();
  const logFile = stack.use(openLogFile({ dir: join(dir, "logs"), clock: systemClock }));
  const configPath = locateConfig(dir, process.env);
  const config = stack.use(await openConfig({
    path: configPath, stateDir: dir, schema: configSchema, clock: systemClock,
    salvage: async (kept, leftOut) => (await import("./guard-config.ts")).guardConfig(kept, leftOut),
    takesEdits: (values) => reloadModeOf(values as Config) !== "off",
  }));
  const current = (): Config => config.values as Config;
  const echo = options.verbose === true ? (line: string): void => terminal.note(line.trimEnd()) : undefined;
  const logger = createLogger({
    clock: systemClock, level: () => logLevel(current().logging?.level),
    write: (line) => {
      logFile.write(line);
      echo?.(line);
    },
  });
  config.onRefused((issues) => logger.error("config.refused", { issues }));
  if (config.isLastGood) logger.error("config.refused", { issues: config.file.issues, leftOut: config.leftOut });
  const noteOddities = tellOnce(logger);
  noteOddities(config.file.warnings);

  const { credentialsDir, workspaceDir: workspace } = owned;
  const port = options.port ?? current().gateway?.port ?? DEFAULT_PORT;
  const planReach = (): Promise<Reach> => composeReach({
    config: current, environment: process.env, credentialsDir, clock: systemClock, ids: systemIds, port, bind: options.bind,
    token: options.token, configured: (key) => resolveConfigured(current(), credentialsDir, key),
  });
  const reach = await planReach();
  const lobby = stack.use(armLobby({
    clock: systemClock, ids: systemIds, log: logger, version: VERSION, startedAtMs, listen: reach.listen, hosts: reach.hosts,
    isTrustedProxy: (address) => reach.access().isTrustedProxy(address),
  }));
  const engine = await options.engine;
  const nodeDir = join(dir, "local-node");
  // The gateway keeps the node's key and hands it over by pipe: nothing of root's is ever written where the node can write.
  const identityDir = join(credentialsDir, "local-node");
  const nodeIdentity = await loadNodeIdentity(identityDir);
  const local: { node?: LocalNode } = {};

  const composition = stack.use(await composeGateway({
    engine, logger, startedAtMs, reach, openedPort: lobby.take, onRest: settleMemory, version: VERSION, localNodeId: nodeIdentity.deviceId,
    config: () => withYesLocal(current(), options.yesLocal === true),
    configRevision: () => configRevision(config.values, options.yesLocal === true), runningConfig: config,
    restart: (delayMs, reason) => void restartSoon(delayMs, reason),
    stateDir: dir, credentialsDir, workspace, logsDir: join(dir, "logs"),
    confinement: () => ({
      confined: local.node !== undefined && local.node.confinement.kind !== "none", workspace,
      ...(local.node === undefined ? {} : { sentence: local.node.confinement.sentence }),
    }),
    ...(options.profile === undefined ? {} : { commandLine: `openclaw --profile ${options.profile}` }),
  }));
  stack.defer(config.onTaken((file, how) => {
    noteOddities(file.warnings);
    composition.configChanged(file);
    if (how.edited) void followEdit(how);
  }));
  await owned.announcePort(composition.gateway.port);
  if (!IS_INSTALLED) stack.use(await registerRunning({ programRoot: PROGRAM_ROOT, what: `gateway on port ${composition.gateway.port}` }));
  const readyInMs = systemClock.monotonic() - startedAt;
  logger.info("gateway.started", { version: VERSION, port: composition.gateway.port, pid: process.pid, readyInMs: Math.round(readyInMs) });

  stack.defer(outliveMistakes(logger));
  const stopping = new AbortController();
  stack.defer(() => stopping.abort(new Error("stopping")));
  const recovering = composition.recover().then(
    ({ slots, sessions }) => logger.info("sessions.recovered", { slots, sessions }),
    (error: unknown) => logger.error("recovery.failed", { error }),
  );
  const restarting = new AbortController();
  const restartTimer: { timer?: { close(): void } } = {};
  stack.defer(() => restartTimer.timer?.close());
  function restartSoon(delayMs: number, reason: string): void {
    restartTimer.timer ??= systemClock.after(delayMs, () => restarting.abort(new Error(reason)));
  }
  async function followEdit(how: TakenHow): Promise<void> {
    const { planReload } = await import("./follow-config.ts");
    const { restart, waiting } = planReload(reloadModeOf(current()), how);
    if (waiting.length > 0) logger.warn("config.waiting", { paths: waiting, for: "the next start" });
    if (!restart) return;
    try {
      await planReach(); // what would keep it from starting again is said now, while it still runs
      restartSoon(EDIT_RESTART_MS, "config.edited");
    } catch (error) {
      logger.error("config.restart.refused", { error });
    }
  }
  const keeping = keepLocalNode(composition);
  const first = await keeping.first;
  await showBanner(first, composition, readyInMs);
  setImmediate(() => {
    flushCompileCache();
    boundHeap();
  });
  const settling = settleWhenQuiet({
    clock: systemClock, afterMs: SETTLE_MS, settle: settleMemory,
    done: () => {
      const { requests, connections } = composition.gateway.counters();
      return composition.sessionsInUse() === 0 ? requests + connections : undefined;
    },
  });
  stack.defer(() => settling.close());
  const backups = keepOwnBackups();
  const told = process.env["NOTIFY_SOCKET"] === undefined ? undefined : (await import("./systemd.ts")).tellSystemd({
    clock: systemClock, log: logger, environment: process.env, status: `Listening on ${composition.gateway.url.replace(/^ws/, "http")}`,
  }, stopping.signal);

  await new Promise<void>((resolve) => {
    const either = AbortSignal.any([signal, restarting.signal]);
    if (either.aborted) resolve();
    either.addEventListener("abort", () => resolve(), { once: true });
  });
  const restarts = !signal.aborted;
  terminal.note(restarts ? "Restarting." : "Stopping: what was accepted and is not finished goes on at the next start.");
  logger.info(restarts ? "gateway.restarting" : "gateway.stopping", {});
  stopping.abort(new Error("stopping"));
  await Promise.all([recovering, backups, told]);
  await keeping.ended;
  return restarts ? RESTART : EXIT.ok;

  /** Starts the local node, and again whenever it ends while the gateway runs. */
  function keepLocalNode(gateway: Composition): { readonly first: Promise<LocalNode | undefined>; readonly ended: Promise<void> } {
    const first = Promise.withResolvers<LocalNode | undefined>();
    const run = async (): Promise<void> => {
      await recovering; // whoever waited for the start comes first
      for (let waitMs = NODE_RESTART_MS; !stopping.signal.aborted; waitMs = Math.min(waitMs * 2, NODE_RESTART_LAST_MS)) {
        const since = systemClock.monotonic();
        try {
          await saveDeviceToken(identityDir, await gateway.admitLocalNode(nodeIdentity.publicKey));
          const node = (local.node = await openLocalNode({
            stateDir: dir, nodeDir, workspace, programRoot: PROGRAM_ROOT, programVersion: VERSION, nodeBinary: process.execPath,
            gatewayUrl: gateway.gateway.url.replace(/^http/, "ws"), clock: systemClock, log: logger,
            launch: { displayName: "local", tags: ["local"], identityDir },
          }, stopping.signal));
          gateway.localNodeStarted();
          first.resolve(node);
          const stop = (): void => void node.stop();
          stopping.signal.addEventListener("abort", stop, { once: true });
          await node.ended;
          stopping.signal.removeEventListener("abort", stop);
        } catch (error) {
          if (stopping.signal.aborted) break;
          logger.error("local_node.failed", { error });
          first.resolve(undefined);
        }
        delete local.node;
        if (systemClock.monotonic() - since > NODE_RESTART_LAST_MS) waitMs = NODE_RESTART_MS;
        await systemClock.wait(waitMs, stopping.signal).catch(() => undefined);
      }
      first.resolve(undefined);
    };
    return { first: first.promise, ended: run() };
  }

  async function showBanner(node: LocalNode | undefined, { gateway, modelLabel }: Composition, ready: number): Promise<void> {
    terminal.banner({
      version: VERSION, stateDir: dir, ...(options.profile === undefined ? {} : { profile: options.profile }),
      url: gateway.url.replace(/^ws/, "http"), dashboardUrl: gateway.dashboardLink().url, readyInMs: ready,
      ...(node === undefined ? {} : { node: confinementOf(node) }),
      model: { name: modelLabel, ...(modelLabel.startsWith("demo/") ? { about: "offline, rule-based, free" } : {}) },
      suggestion: `${COMMAND} agent --message "How busy is this machine?"`, warnings: await warningsOf(config, isYesLocal()),
    });
  }

  /** Loaded when the configuration first wants one. */
  async function keepOwnBackups(): Promise<void> {
    const wish = (): BackupWish | undefined => {
      const { everyHours, keep = 7, to, plain = false } = current().backup ?? {};
      return everyHours === undefined ? undefined : { everyHours, keep, to, plain };
    };
    while (wish() === undefined) {
      if (stopping.signal.aborted) return;
      await systemClock.wait(BACKUP_LOOK_MS, stopping.signal).catch(() => undefined);
    }
    const { keepBackups } = await import("./backup.ts");
    await keepBackups({
      stateDir: dir, configPath, version: VERSION, clock: systemClock, log: logger, wish,
      passphrase: () => readSecret(current().backup?.passphrase, secretPlaces(current(), credentialsDir), "backup.passphrase"),
    }, stopping.signal).catch((error: unknown) => logger.error("backup.failed", { error }));
  }

  function isYesLocal(): boolean {
    return options.yesLocal === true || current().tools?.exec?.yesLocal === true;
  }
}

/** A start that takes longer than this opens the lobby. */
const LOBBY_AFTER_MS = 500;

interface ArmedLobby extends AsyncDisposable {
  /** The port, if the lobby has come to open it. */
  readonly take: () => Promise<OpenPort | undefined>;
}

/** The lobby opens in a while, unless the gateway takes its place before. Where it cannot open, the gateway says why. */
function armLobby(deps: LobbyDeps): ArmedLobby {
  let opening: Promise<Lobby | undefined> | undefined;
  const timer = deps.clock.after(LOBBY_AFTER_MS, () => {
    opening = openLobby(deps).catch(() => undefined);
  });
  return {
    take: async () => {
      timer.close();
      return (await opening)?.take();
    },
    [Symbol.asyncDispose]: async () => {
      timer.close();
      await (await opening)?.[Symbol.asyncDispose]();
    },
  };
}

/** For the banner, which says the first words itself. */
function confinementOf({ confinement }: LocalNode): { readonly name: string; readonly confined: boolean; readonly how: string } {
  const how = confinement.sentence.replace(/^(not )?confined( as| by)?:? ?/, "");
  return { name: "local", confined: confinement.kind !== "none", how };
}

async function warningsOf({ file, leftOut }: RunningConfig, yesLocal: boolean): Promise<string[]> {
  const instead = leftOut.length === 0
    ? "The last good one is in force." : (await import("./guard-config.ts")).describeGuard(leftOut);
  const warnings = file.issues.map(({ file: other, line, path, message }) => {
    const what = path === "" ? "the file" : `"${path}"`;
    return `Configuration, ${other === undefined ? "" : `${other}, `}line ${line}: ${what} ${message}. ${instead}`;
  });
  const inline = file.warnings.filter(({ code }) => code === "CONFIG_SECRET_INLINE").length;
  if (inline > 0) warnings.push(`${inline === 1 ? "A secret stands" : `${inline} secrets stand`} in the clear: openclaw secrets move`);
  if (yesLocal) warnings.push("--yes-local: programs on the local node run unasked, unless outside text chose them.");
  return warnings;
}

/** What is merely odd in the file is said once for each key, however often the file is read. */
function tellOnce(logger: Logger): (warnings: readonly ConfigIssue[]) => void {
  const told = new Set<string>();
  return (warnings) => {
    const fresh = warnings.filter(({ path, code }) => !told.has(`${code} ${path}`));
    for (const { path, code } of fresh) told.add(`${code} ${path}`);
    if (fresh.length > 0) logger.warn("config.odd", { warnings: fresh });
  };
}

async function resolveConfigured(config: Config, credentialsDir: string, key: "token" | "password"): Promise<Secret | undefined> {
  return await readSecret(config.gateway?.auth?.[key], secretPlaces(config, credentialsDir), `gateway.auth.${key}`);
}

function secretPlaces(config: Config, credentialsDir: string): SecretPlaces {
  return { config: config.secrets, environment: variablesOf(config, process.env), credentialsDir, home: homedir() };
}

function reloadModeOf(config: Config): ReloadMode {
  return config.gateway?.reload?.mode ?? "hybrid";
}

/** The well-known program's further words for it. */
function logLevel(level: NonNullable<Config["logging"]>["level"] = "info"): LogLevel {
  return level === "trace" ? "debug" : level === "fatal" || level === "silent" ? "error" : level;
}

function withYesLocal(config: Config, yesLocal: boolean): Config {
  return yesLocal ? { ...config, tools: { ...config.tools, exec: { ...config.tools?.exec, yesLocal: true } } } : config;
}

/** A mistake in one turn or request must not end everybody else's: it is told as loudly as can be, and the gateway lives. */
function outliveMistakes(logger: Logger): () => void {
  const tell = (error: unknown): void => {
    const stack = error instanceof Error ? error.stack : undefined;
    logger.error("process.mistaken", { error, ...(stack === undefined ? {} : { stack }) });
  };
  process.on("uncaughtException", tell);
  process.on("unhandledRejection", tell);
  return () => {
    process.off("uncaughtException", tell);
    process.off("unhandledRejection", tell);
  };
}
