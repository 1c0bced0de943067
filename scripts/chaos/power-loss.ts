/**
 * Power loss: everything the real gateway did to its disk is written down by strace, then its state directory is rebuilt as
 * of each sync, with what was written after it dropped, torn or reordered, opened, and compared with what the world had been
 * told by then.
 */
import { chmodSync, mkdirSync, rmSync } from "node:fs";
import { mkdtemp } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { openRealGateway } from "../../testkit/real-gateway.ts";
import { openScriptedModel } from "../../testkit/scripted-model-server.ts";
import { createLine } from "./line.ts";
import { createDiskModel, LOSSES, type DiskModel, type Loss } from "./power/disk-model.ts";
import { checkDatabase, checkState } from "./power/open-state.ts";
import { readTrace } from "./power/read-trace.ts";
import { recordRun, type Fact, type RecordedRun } from "./power/record-run.ts";
import { createRandom, type Random } from "./random.ts";

export interface PowerCounts {
  readonly syncs: number;
  readonly states: number;
  readonly gateways: number;
  readonly factsChecked: number;
  readonly missing: number;
  readonly findings: readonly string[];
}

export interface PowerOptions {
  readonly seed: number;
  readonly short: boolean;
  /** Syncs to look at; as many as the form says unless given. */
  readonly states?: number | undefined;
  /** Takes the traces, and states that do not hold. */
  readonly directory: string;
  readonly say: (text: string) => void;
}

/** The first syncs make the directory and its secrets: each of them is looked at. */
const FIRST_SYNCS = 30;
const SHORT = { messages: 24, bulkTurns: 0, states: 80, gateways: 3 };
const LONG = { messages: 120, bulkTurns: 20, states: 600, gateways: 24 };
const FINDINGS_MAX = 40;
const TELL_EVERY = 100;
const REPLY_MS = 60_000;
/** What may be lost, for nothing in it was promised to anybody. Of the local node only its journal is. */
const IGNORED = /^(?:workspace|logs)(?:\/|$)|^local-node\.json|^owner\.|^local-node\/(?!journal(?:\/|$))/;

export async function runPowerLoss({ seed, short, states, directory, say }: PowerOptions): Promise<PowerCounts> {
  const form = short ? SHORT : LONG;
  const size = { ...form, states: states ?? form.states };
  const random = createRandom(seed, 5);
  await using model = await openScriptedModel();
  const run = await recordRun(directory, seed, size.messages, size.bulkTurns, model);
  try {
    const syncs = await countSyncs(run);
    say(`  recorded: ${syncs} syncs, ${run.facts.length} facts`);
    const wanted = chooseMoments(syncs, size.states, random);
    const count = { states: 0, gateways: 0, factsChecked: 0, missing: 0 };
    const findings: string[] = [];
    const atGateway = new Set(Array.from({ length: size.gateways }, (_, at) => Math.floor(((at + 1) * size.states) / size.gateways) - 1));
    await replay(run, async (sync, disk, atMs) => {
      if (!wanted.has(sync) || findings.length > FINDINGS_MAX) return;
      for (const loss of short ? [LOSSES[sync % 3] as Loss] : LOSSES) {
        const facts = run.facts.filter((fact) => fact.atMs <= atMs);
        const where = await mkdtemp(join(tmpdir(), "openclaw-power-"));
        chmodSync(where, 0o755);
        const stateDir = join(where, ".openclaw");
        disk.rebuild(stateDir, loss, random);
        const found = await check(stateDir, facts);
        const isWhole = found.length === 0 && atGateway.has(count.states);
        if (isWhole) {
          count.gateways += 1;
          rmSync(join(stateDir, "local-node"), { recursive: true, force: true }); // it would be another user's than the new node is
          found.push(...(await checkGateway(where, run.config, facts)));
        }
        count.states += 1;
        count.factsChecked += facts.length;
        count.missing += found.length;
        if (count.states % TELL_EVERY === 0) say(`  ${count.states} states, sync ${sync} of ${syncs}: ${count.missing} found`);
        findings.push(...found.map((text) => `sync ${sync} of ${syncs}, rest ${loss}: ${text}`));
        if (found.length > 0) {
          mkdirSync(directory, { recursive: true });
          disk.rebuild(join(directory, `sync-${sync}-${loss}`), loss, random);
        }
        rmSync(where, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
      }
    });
    return { syncs, ...count, findings };
  } finally {
    await run.dispose();
  }
}

async function check(stateDir: string, facts: readonly Fact[]): Promise<string[]> {
  try {
    return [...(await checkState(stateDir, facts)), ...checkDatabase(stateDir)];
  } catch (error) {
    return [`it does not open: ${error instanceof Error ? error.message : String(error)}`];
  }
}

/** Calls `look` just before each sync is finished: what came after the one before is then as uncertain as it can be. */
async function replay(run: RecordedRun, look: (sync: number, disk: DiskModel, atMs: number) => Promise<void>): Promise<void> {
  const disk = createDiskModel(run.stateDir, (path) => IGNORED.test(path));
  let syncs = 0;
  for (const trace of run.traces) {
    for await (const call of readTrace(trace)) {
      const counts = call.kind === "sync" && isFollowed(run, call.path);
      if (counts) await look((syncs += 1), disk, call.atMs);
      disk.apply(call);
    }
  }
  await look(syncs + 1, disk, Number.POSITIVE_INFINITY);
}

async function countSyncs(run: RecordedRun): Promise<number> {
  let syncs = 0;
  for (const trace of run.traces) {
    for await (const { kind, path } of readTrace(trace)) if (kind === "sync" && isFollowed(run, path)) syncs += 1;
  }
  return syncs + 1;
}

function isFollowed({ stateDir }: RecordedRun, path: string): boolean {
  return path === stateDir || (path.startsWith(`${stateDir}/`) && !IGNORED.test(path.slice(stateDir.length + 1)));
}

function chooseMoments(syncs: number, states: number, random: Random): ReadonlySet<number> {
  const moments = new Set(Array.from({ length: Math.min(FIRST_SYNCS, syncs) }, (_, at) => at + 1));
  moments.add(syncs); // the end: nothing that was promised may hang on a sync that never came
  while (moments.size < Math.min(states, syncs)) moments.add(random.between(1, syncs));
  return moments;
}

/** The whole program on the rebuilt directory: what was accepted is answered now, in full. */
async function checkGateway(home: string, config: unknown, facts: readonly Fact[]): Promise<readonly string[]> {
  const findings: string[] = [];
  const gateway = await openRealGateway({ home, config, bare: true });
  const line = createLine(gateway);
  try {
    const sessions = new Map<string, Set<string>>();
    for (const fact of facts) {
      if (fact.kind !== "accepted" && fact.kind !== "answered") continue;
      if (facts.some((other) => other.kind === "deleted" && other.session === fact.session)) continue;
      if (fact.session.includes("doomed")) continue; // its deletion may be under way
      sessions.set(fact.session, (sessions.get(fact.session) ?? new Set()).add(fact.runId));
    }
    for (const [sessionKey, runIds] of sessions) {
      const last = [...runIds].at(-1);
      await line.request("agent.wait", { runId: last, timeoutMs: 15_000 }, REPLY_MS);
      const { messages } = (await line.request("chat.history", { sessionKey, limit: 1_000 })) as { readonly messages: readonly Shown[] };
      for (const runId of runIds) {
        const own = messages.filter((message) => message.__openclaw.runId === runId);
        const asked = own.filter(({ role }) => role === "user").length;
        if (asked !== 1 && messages.length < 1_000) findings.push(`the gateway shows ${runId} ${asked} times`);
        if (own.at(-1)?.role !== "assistant" && messages.length < 1_000) findings.push(`the gateway shows no answer to ${runId}`);
      }
    }
  } catch (error) {
    findings.push(`the gateway: ${error instanceof Error ? error.message : String(error)}`);
  } finally {
    line.close();
    await gateway.dispose();
  }
  return findings;
}

interface Shown { readonly role: string; readonly __openclaw: { readonly runId: string } }
