import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { NODE_COMMANDS, NODE_JOURNAL_CAP, type NodeCommandName } from "@openclaw/protocol";
import type { SocketLike } from "@openclaw/protocol/client";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { Secret } from "../../base/secret.ts";
import { createCommandTable } from "./command-table.ts";
import { openEpochs } from "./epochs.ts";
import { openInvocationJournal } from "./invocation-journal.ts";
import { createExecApprovalsStore } from "./exec-approvals-store.ts";
import { createExecGate } from "./exec-gate.ts";
import { greetGateway } from "./greet-gateway.ts";
import { createLentFiles } from "./lent-files.ts";
import type { Connection } from "./link.ts";
import type { NodeIdentity } from "./node-identity.ts";
import type { NodeLimits } from "./node-limits.ts";
import { findNotifier } from "./notify.ts";
import { createPathGuard } from "./path-guard.ts";
import { createRunningCommands } from "./running-commands.ts";
import { createInvocationServer, type ServeDeps } from "./serve.ts";
import { stayConnected, type ConnectionState, type StateDetail } from "./stay-connected.ts";
import { createHostStats, type HostStats } from "./system-info.ts";

export interface NodeHostOptions {
  /** `http`, `https`, `ws` or `wss`. */
  readonly url: string;
  readonly identity: NodeIdentity;
  /** Only for the first pairing, and when the device token is no longer good. */
  readonly token?: Secret;
  readonly displayName: string;
  readonly version: string;
  readonly tags: readonly string[];
  /** The node's own state. No command of the gateway reads or writes it. */
  readonly dir: string;
  readonly limits: NodeLimits;
  /** All, unless told. */
  readonly commands?: readonly NodeCommandName[];
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: ServeDeps["log"];
  /** For the `ws` package: with `perMessageDeflate: false`. */
  readonly openSocket: (url: string) => SocketLike;
  /** The gateway gave a device token that is new; keep it for the next start. */
  readonly saveDeviceToken: (token: Secret) => void;
  /** The environment commands are made from; the process's own unless told. */
  readonly environment?: Readonly<Record<string, string | undefined>>;
  /** Ends after this long with no gateway and nothing running. Absent: never. */
  readonly endAfterAloneMs?: number;
  readonly onState?: (state: ConnectionState, detail: StateDetail) => void;
}

export interface NodeHostEnd {
  /** `alone`: nobody needed it any more. `closed`: the owner closed it, or aborted its signal. */
  readonly reason: "alone" | "closed";
}

export interface NodeHost extends AsyncDisposable {
  /** Resolves after everything was closed. Never rejects. */
  readonly ended: Promise<NodeHostEnd>;
  /** Processes that run now. */
  readonly jobsRunning: number;
}

/** A quarter of an hour is sixty looks: enough to see what a machine does, and one short frame each. */
const STATS_EVERY_MS = 15_000;

/**
 * Opens the journal, settles what an earlier run left behind, and starts to connect; resolves before the connection stands.
 * Disposing ends every running command and records it. Throws STATE_DAMAGED, or what the file system says of `dir`.
 */
export async function openNodeHost(options: NodeHostOptions, signal: AbortSignal): Promise<NodeHost> {
  const { identity, limits, clock, ids, dir, log } = options;
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const guard = createPathGuard(limits.workspace, limits.allowedDirs, [dir]);
  const journal = await openInvocationJournal(join(dir, "journal"));
  const epochs = openEpochs(join(dir, "epochs.json"));
  for (const { slot, epoch } of journal.entries.values()) if (slot !== undefined && epoch !== undefined) epochs.raise(slot, epoch);

  const plan = { limits, guard, own: options.environment ?? process.env };
  const running = createRunningCommands({ ...plan, clock, journal, nodeId: identity.deviceId, onCount: () => alone.update() });
  await running.recover();
  const offered = (options.commands ?? (Object.keys(NODE_COMMANDS) as NodeCommandName[])).filter(
    (command) => command !== "system.notify" || findNotifier(plan.own) !== undefined,
  );
  const store = createExecApprovalsStore(dir, clock, (unmet) => log("warn", "exec.options_unmet", { unmet }));
  const execGate = createExecGate({ store, guard, own: plan.own });
  const commands = createCommandTable(plan, { clock, journal, running }, { gate: execGate, store });
  const lent = createLentFiles(dir);
  const serving = { nodeId: identity.deviceId, clock, limits, journal, epochs, running, commands, execGate, lent, log };
  const server = createInvocationServer({ ...serving, offered: new Set(offered) });

  const stopping = new AbortController();
  const ended = Promise.withResolvers<NodeHostEnd>();
  let live: Connection | undefined;
  const alone = watchAlone(clock, options.endAfterAloneMs, () => live === undefined && running.count === 0, () => void close("alone"));
  const readStats = createHostStats(() => clock.monotonic());
  const tellStats = (): void => sendStats(live, readStats(running.count, limits.jobsRunningMax));
  const stats = repeat(clock, STATS_EVERY_MS, tellStats);

  const connected = stayConnected(
    {
      url: options.url, identity, clock, ids, openSocket: options.openSocket, saveDeviceToken: options.saveDeviceToken,
      ...(options.token === undefined ? {} : { token: options.token }),
      makeSecret: (value) => new Secret(value),
      connect: {
        client: { id: "node-host", mode: "node", version: options.version, platform: process.platform, displayName: options.displayName },
        caps: ["system", "file", "job", "artifact", NODE_JOURNAL_CAP],
        commands: [...offered],
        tags: [...options.tags],
      },
      onState: (state, detail) => {
        log(state === "refused" ? "error" : "info", `node.${state}`, { ...detail });
        options.onState?.(state, detail);
      },
      onOpen: (connection) => {
        live = connection;
        alone.update();
        tellStats();
        greetGateway(connection, clock);
      },
      onEvent: ({ event, payload }, connection) => server.receive(event, payload, connection),
      onClose: (connection) => {
        if (live === connection) live = undefined;
        server.disconnect(connection);
        alone.update();
      },
    },
    stopping.signal,
  );

  alone.update();

  let closing: Promise<void> | undefined;
  const close = (reason: NodeHostEnd["reason"]): Promise<void> => {
    closing ??= (async () => {
      signal.removeEventListener("abort", onAbort);
      alone.close();
      stats.close();
      // Commands end first, so that their results still go out over the connection.
      await running.stopAll();
      await new Promise((resolve) => setImmediate(resolve));
      stopping.abort();
      await connected;
      await epochs.saved();
      await journal.close();
      ended.resolve({ reason });
    })();
    return closing;
  };
  const onAbort = (): void => void close("closed");
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();

  return {
    ended: ended.promise,
    get jobsRunning() {
      return running.count;
    },
    [Symbol.asyncDispose]: () => close("closed"),
  };
}

function sendStats(connection: Connection | undefined, stats: HostStats): void {
  const { cpuCount, loadAverage, memoryTotalBytes, memoryFreeBytes } = stats;
  // The rest belongs to what we added to the node's wire; another gateway refuses the whole report for it.
  const payload = connection?.knowsJournal === true ? stats : { cpuCount, loadAverage, memoryTotalBytes, memoryFreeBytes };
  connection?.request("node.event", { event: "node.host.stats", payload }).catch(() => undefined);
}

function repeat(clock: Clock, everyMs: number, run: () => void): { close(): void } {
  const again = (): void => {
    timer = clock.after(everyMs, again);
    run();
  };
  let timer = clock.after(everyMs, again);
  return { close: () => timer.close() };
}

/** Calls `end` once `isAlone` has been true for `ms` without a break; `update` is called whenever it may have changed. */
function watchAlone(clock: Clock, ms: number | undefined, isAlone: () => boolean, end: () => void): { update(): void; close(): void } {
  let timer: { close(): void } | undefined;
  let isClosed = false;
  const update = (): void => {
    if (ms === undefined || isClosed) return;
    if (!isAlone()) {
      timer?.close();
      timer = undefined;
    } else timer ??= clock.after(ms, end);
  };
  return {
    update,
    close: () => {
      isClosed = true;
      timer?.close();
    },
  };
}
