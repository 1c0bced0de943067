/**
 * The local node's program: proves where it runs, receives what it needs over standard input, and serves.
 *
 * Started by `openLocalNode` and by nobody else. It logs into its own directory, because the gateway's is not there.
 */
import { rm, writeFile } from "node:fs/promises";
import { flushCompileCache } from "node:module";
import { basename, join } from "node:path";
import { WebSocket } from "ws";
import { systemClock } from "../../base/clock.ts";
import { systemIds } from "../../base/ids.ts";
import { settleMemory } from "../../base/settle-memory.ts";
import { Secret } from "../../base/secret.ts";
import { defaultNodeLimits, loadNodeHost, loadNodeIdentity, openNodeHost, saveDeviceToken } from "../../execution/node-host.ts";
import { createLogger, openLogFile } from "../../fabric/telemetry.ts";
import { answerLaunch } from "./answer-launch.ts";

/** After the start, when it is likely to be idle. */
const SETTLE_MS = 3_000;

const stopping = new AbortController();
for (const name of ["SIGTERM", "SIGINT"] as const) process.on(name, () => stopping.abort(new Error(name)));
process.on("SIGHUP", () => {});
process.stderr.on("error", () => {}); // its reader may have been killed

const loaded = loadNodeHost(); // while it is told what it is to be
const { material, confined, ready } = await answerLaunch(process.stdin, process.stdout);
const { nodeDir, workspace } = material;
const file = openLogFile({ dir: join(nodeDir, "logs"), prefix: "node", clock: systemClock });
const log = createLogger({ write: file.write, clock: systemClock, fields: { confined } });

for (const [name, text] of Object.entries(material.identityFiles ?? {})) {
  await rm(join(nodeDir, basename(name)), { force: true }); // made anew, never written through what lies there
  await writeFile(join(nodeDir, basename(name)), text, { flag: "wx", mode: 0o600 });
}
const identity = await loadNodeIdentity(nodeDir);
await loaded;
const host = await openNodeHost(
  {
    url: material.url,
    identity,
    displayName: material.displayName,
    version: material.version,
    tags: material.tags,
    dir: nodeDir,
    limits: { ...defaultNodeLimits(workspace), allowedDirs: material.allowedDirs },
    clock: systemClock,
    ids: systemIds,
    log: (level, event, fields) => log[level](event, fields),
    openSocket: (url) => new WebSocket(url, { perMessageDeflate: false }),
    saveDeviceToken: (token) => void saveDeviceToken(nodeDir, token).catch((error: unknown) => log.warn("node.token_unsaved", { error })),
    endAfterAloneMs: material.endAfterAloneMs,
    ...(material.token === undefined ? {} : { token: new Secret(material.token) }),
  },
  stopping.signal,
);
ready(identity.deviceId);
// Node keeps compiled code only when a program ends by itself; this one is often killed.
setImmediate(flushCompileCache);
systemClock.after(SETTLE_MS, () => host.jobsRunning === 0 && settleMemory());

const { reason } = await host.ended;
log.info("node.ended", { reason });
await file[Symbol.asyncDispose]();
process.exit(0);
