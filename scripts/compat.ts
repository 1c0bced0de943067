/**
 * Tries the unmodified clients of the well-known program against our gateway, and our node at theirs; prints what worked.
 *
 *   npm run compat                      everything; installs the clients into a temporary directory first
 *   npm run compat -- --only terminal   one group of steps (call agent terminal node devices lists browser
 *                                       reach their-gateway moving)
 *   npm run compat -- --json FILE       the table as JSON too
 *   npm run compat -- --record          keeps the frames of each group under testkit/recordings/, without secrets
 *
 * OPENCLAW_COMPAT_DIR names a directory outside this tree where the clients are, or are to be installed and stay; without it
 * they are installed anew (some hundred megabytes) and removed at the end. Needs the network only for the installation.
 * Every step has a time limit. Exits 1 when something that was tried did not work.
 */
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { parseArgs } from "node:util";
import { CLIENT } from "./compat/client-version.ts";
import { installClients } from "./compat/install-clients.ts";
import { normaliseFrames, recordingText } from "./compat/normalise-frames.ts";
import type { KeptFrame } from "../testkit/recording-proxy.ts";
import { openStage } from "./compat/stage.ts";
import { Skipped } from "./compat/skipped.ts";
import { GROUPS, STEPS, type Group, type Kept } from "./compat/steps.ts";

const { values } = parseArgs({
  options: { only: { type: "string" }, json: { type: "string" }, record: { type: "boolean", default: false } },
});
const STEP_MS = 240_000;
const RECORDINGS = fileURLToPath(new URL("../testkit/recordings/", import.meta.url));

interface Row {
  readonly group: Group;
  readonly tried: string;
  readonly worked: "yes" | "no" | "not tried";
  readonly note: string;
  readonly ms: number;
}

const say = (text: string): void => void process.stdout.write(`${text}\n`);
const scratch = await mkdtemp(join(tmpdir(), "openclaw-compat-"));
try {
  const rows = await tryAll(await installClients(process.env["OPENCLAW_COMPAT_DIR"] ?? join(scratch, "clients")));
  const worked = rows.filter(({ worked }) => worked === "yes").length;
  say(`\n${CLIENT.name} ${CLIENT.version}: ${worked} of ${rows.length} worked.`);
  if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify({ client: CLIENT, rows }, null, 2)}\n`);
  process.exitCode = rows.some((row) => row.worked === "no") ? 1 : 0;
} finally {
  await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 200 });
}

async function tryAll(main: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  const kept: Kept = {};
  await using stage = await openStage(main, scratch);
  say(`| ${"client".padEnd(13)} | ${"tried".padEnd(52)} | worked | what was seen |`);
  say(`| ${"-".repeat(13)} | ${"-".repeat(52)} | ------ | ------------- |`);
  for (const group of GROUPS) {
    if (values.only !== undefined && values.only !== group) continue;
    const frames: KeptFrame[] = [];
    for (const step of STEPS.filter((one) => one.group === group)) {
      const began = performance.now();
      const from = stage.proxy.frames.length;
      const outcome = await within(step.run(stage, kept));
      const row = { group, tried: step.tried, ...outcome, ms: Math.round(performance.now() - began) };
      rows.push(row);
      if (step.unrecorded !== true) frames.push(...stage.proxy.frames.slice(from));
      say(`| ${group.padEnd(13)} | ${row.tried.padEnd(52)} | ${row.worked.padEnd(6)} | ${row.note} |`);
    }
    if (values.record) {
      const recording = normaliseFrames(frames, group, [stage.gateway.token, scratch, stage.gateway.home]);
      // What goes to another gateway than the one behind the proxy leaves nothing here.
      if (recording.length > 0) await writeFile(join(RECORDINGS, `${group}.jsonl`), recordingText(recording));
    }
  }
  await kept.terminal?.[Symbol.asyncDispose]();
  await kept.node?.end();
  return rows;
}

async function within(running: Promise<string>): Promise<Pick<Row, "worked" | "note">> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error(`took longer than ${STEP_MS / 1_000} s`)), STEP_MS);
  try {
    return { worked: "yes", note: await Promise.race([running, late.promise]) };
  } catch (error) {
    const note = (error as Error).message.split("\n")[0] ?? "";
    return { worked: error instanceof Skipped ? "not tried" : "no", note };
  } finally {
    clearTimeout(timer);
  }
}
