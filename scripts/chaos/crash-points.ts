/**
 * Every labelled crash point at least once: a process is armed for it, led to it, dies there, and is started again. Half of
 * the gateway's deaths take other processes along, so that each is met alone and together over the seeds.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { chmod, mkdtemp, readdir } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import { codeOf } from "@openclaw/protocol";
import { CRASH_POINTS, type CrashPoint } from "../../core/base/crash-point.ts";
import { callMark } from "../../testkit/scripted-config.ts";
import { freePort, openRealGateway, PROGRAM_MAIN } from "../../testkit/real-gateway.ts";
import { HANDED_SESSION, makeErrand as errandFor, type Errand, type Kind } from "./errand.ts";
import type { Ledger } from "./ledger.ts";
import type { Line } from "./line.ts";
import { createRandom, type Random } from "./random.ts";
import { within } from "./random-kills.ts";
import { splitSegments } from "./split-segments.ts";
import type { Stage, Victim } from "./stage.ts";
import type { Talk } from "./talk.ts";

export interface CrashPointsDeps {
  readonly stage: Stage;
  readonly talk: Talk;
  readonly line: Line;
  readonly ledger: Ledger;
  readonly onCrash: (label: CrashPoint, reached: boolean, together: readonly Victim[]) => void;
}

export interface CrashPointCounts {
  readonly reached: readonly CrashPoint[];
  readonly missed: readonly CrashPoint[];
  readonly recoveryMs: readonly number[];
  /** What else was found to be wrong: a deleted session that came back, say. */
  readonly findings: readonly string[];
}

/** What leads a process to a label. `fresh`: only a new home comes by; `bulk`: a session long enough for a segment. */
type Way = Kind | "new session" | "bulk" | "delete" | "stop" | "start" | "rename" | "config" | "cron" | "pair"
  | "restart local node" | "fresh" | "job" | "stopped job" | "wake" | "usage" | "search" | "search bulk" | "paged" | "attached";

const WAYS: Readonly<Record<CrashPoint, Way>> = {
  "attachments.kept": "attached",
  "message.admitted": "plain", "message.offered": "plain", "turn.beginning": "plain", "model.asked": "slow-speech",
  "model.answered": "plain", "intent.recorded": "here", "intent.sent": "here", "result.received": "here", "result.recorded": "here",
  "result.acknowledged": "here", "turn.ended": "plain", "job.ended": "stopped job", "question.recorded": "far", "approval.opened": "far",
  "approval.answered": "far", "approval.delivered": "far", "answer.received": "far", "slot.claimed": "start", "slot.marked": "start",
  "checkpoint.saved": "stop", "events.appended": "plain", "snapshot.saved": "stop", "segment.stored": "bulk",
  "segment.listed": "bulk", "segment.trimmed": "bulk", "change.recorded": "delete", "deletion.approvals-forgotten": "delete",
  "deletion.key-destroyed": "delete", "deletion.snapshot-dropped": "delete", "deletion.row-removed": "delete",
  "row.marked": "plain", "row.saved": "plain",
  "output.kept": "long", "ledger.reserved": "plain", "ledger.settled": "plain", "ledger.held": "new session",
  "ledger.account-folded": "usage", "ledger.folded": "usage", "ledger.marked": "usage",
  "queue.enqueued": "later", "queue.taken": "later", "queue.put-back": "later", "queue.acknowledged": "later", "queue.dead": "given-up",
  "outside.answered": "post", "handed-over.answered": "later", "handed-over.ended": "later", "handed-over.told": "later",
  "fan-out.enqueued": "hook", "fan-out.moved": "hook", "fan-out.delivered": "hook",
  "search.block-saved": "search", "search.block-filled": "search bulk", "segment.page-written": "paged",
  "schedule.job-saved": "cron",
  "schedule.claimed": "job", "schedule.ended": "job", "schedule.entry-written": "job", "heartbeat.claimed": "wake",
  "key.made": "new session", "private-file.written": "fresh", "private-file.linked": "fresh", "config.written": "config",
  "device.recorded": "pair",
  "node.recorded": "rename", "fact.recorded": "remember", "writer.committing": "plain", "writer.committed": "plain",
  "blob.written": "bulk", "blob.synced": "bulk", "blob.renamed": "bulk", "local-node.launched": "restart local node",
  "node-host.request-written": "far", "node-host.journaled": "far", "node-host.started": "far", "node-host.start-recorded": "far",
  "node-host.ended": "far", "node-host.end-recorded": "far", "node-host.result-sent": "far", "node-host.acknowledged": "far",
  "node-host.marked": "far", "node-host.forgetting": "far", "node-host.epoch-written": "far",
};

const SESSIONS = 6;
/** Beyond the end of the run: asked for again after the crash, it makes a second job, and neither may fire. */
const CRON_MS = 86_400_000;
const REACH_MS = 30_000;
const SETTLE_MS = 60_000;
/** Beside the provocation, so that something is always under way elsewhere. */
const COMPANY: readonly Kind[] = ["plain", "here-slow"];
const TRIES = 6;
const TRY_AGAIN_MS = 3_000;
const POLL_MS = 50;
/** Longer than any run: whoever finds it at the end finds it because nobody ended it. */
const STOPPED_SECONDS = 3_333;
const BULK_CALLS = 32;
const BULK_TURNS_MAX = 24;

/**
 * Resolves when each label was met and everything has settled again. Throws when something did not settle. A process that
 * died at one label is started again with the next one armed, so the work of one death is taken up on the way to another.
 */
export async function runCrashPoints(seed: number, labels: readonly CrashPoint[], deps: CrashPointsDeps): Promise<CrashPointCounts> {
  const { stage, talk } = deps;
  const random = createRandom(seed, 3);
  const found: Found = { reached: [], missed: [], recoveryMs: [], findings: [], provoked: [] };
  const firstStarts = crashAtFirstStarts(labels.filter((label) => WAYS[label] === "fresh"), found);
  firstStarts.catch(() => undefined); // awaited below, unless something fails before
  const rest = labels.filter((label) => WAYS[label] !== "fresh");
  for (const [at, label] of rest.entries()) await crashAt(label, at, random, deps, found);
  await stage.revive();
  const asked = await within(Promise.all(found.provoked), SETTLE_MS, "what was asked was not acknowledged");
  for (const error of asked) if (error !== null) throw error;
  await talk.settle(SETTLE_MS);
  for (const [at, label] of rest.entries()) {
    if (WAYS[label] === "delete") found.findings.push(...(await checkDeleted(doomed(at), label, deps)));
    if (WAYS[label] === "search") found.findings.push(...(await checkFound(`c${at}-main`, deps)));
  }
  await firstStarts;
  return found;
}

export const ALL_LABELS = Object.keys(CRASH_POINTS) as readonly CrashPoint[];

interface Found {
  readonly reached: CrashPoint[];
  readonly missed: CrashPoint[];
  readonly recoveryMs: number[];
  readonly findings: string[];
  /** What was asked on the way to each label; null when all of it was acknowledged. */
  readonly provoked: Promise<Error | null>[];
}

async function crashAt(label: CrashPoint, number: number, random: Random, deps: CrashPointsDeps, found: Found): Promise<void> {
  const { stage, ledger } = deps;
  const way = WAYS[label];
  const victim: "gateway" | "far node" = label.startsWith("node-host.") ? "far node" : "gateway";
  const marker = join(victim === "far node" ? stage.far.workspace : join(stage.gateway.stateDir, "workspace"), `.crashed-${number}`);
  const nth = label.startsWith("writer.") ? random.between(2, 8) : label === "events.appended" ? random.between(1, 4) : 1;

  await stage.kill(victim);
  if (way === "paged") await splitSegments(stage.gateway.stateDir);
  // Its next claims are ones that no node has seen.
  if (label === "node-host.epoch-written") await stage.kill("gateway");
  if (way === "restart local node") await stage.kill("local node");
  await stage.start(victim, { OPENCLAW_CRASH_AT: `${label}:${nth}@${marker}` }).catch((error: unknown) => {
    if (!existsSync(marker)) throw error; // it dies as it starts, which is what it was armed for
  });
  if (way === "far") await stage.revive();
  const enough = new AbortController();
  found.provoked.push(provoke(way, number, enough.signal, deps).then(
    () => null, (cause: unknown) => new Error(`${label}: ${String(cause)}`, { cause }),
  ));
  await within(stage.fallen(victim), REACH_MS, `${label} was not reached`).catch(() => undefined);
  enough.abort();
  const reached = existsSync(marker);
  (reached ? found.reached : found.missed).push(label);
  if (reached && victim === "gateway" && ledger.waiting > 0) measureRecovery(found, ledger);
  const together = companions(victim, random);
  await Promise.all(together.map((other) => stage.kill(other)));
  deps.onCrash(label, reached, together);
}

/** From here to the next answer, whatever else dies until then. */
function measureRecovery(found: Found, ledger: Ledger): void {
  const at = performance.now();
  void ledger.nextAnswer().then(({ answeredAtMs = at }) => found.recoveryMs.push(answeredAtMs - at));
}

function companions(victim: Victim, random: Random): readonly Victim[] {
  const others: readonly (readonly Victim[])[] = victim === "far node"
    ? [[], [], ["gateway"], ["gateway", "local node"]]
    : [[], [], ["local node"], ["far node"], ["local node", "far node", "job"]];
  return random.pick(others);
}

/** Resolves when what it sent was acknowledged, by whichever gateway. */
async function provoke(way: Way, number: number, enough: AbortSignal, deps: CrashPointsDeps): Promise<void> {
  const { stage, talk, line } = deps;
  const makeErrand = (of: string, runId: string, kind: Kind): Errand => errandFor(of, runId, kind, stage.receiver.url);
  const name = `c${number}`;
  // A new session where its key is what matters; else few, for a wait by run alone looks at the sixteen newest.
  const shared = way === "later" || way === "given-up" ? HANDED_SESSION : `agent:main:points-${number % SESSIONS}`;
  const session = way === "new session" ? `agent:main:${name}` : shared;
  for (const kind of COMPANY) await talk.send(makeErrand("agent:main:company", `${name}-${kind}`, kind));
  switch (way) {
    case "stop":
      await talk.send(makeErrand(session, `${name}-main`, "plain"));
      if (!enough.aborted) await stage.gateway.stop();
      return;
    case "delete": {
      // Not in the ledger: it is not there to be read at the end.
      const key = doomed(number);
      await line.request("chat.send", { sessionKey: key, message: "soon gone", idempotencyKey: key }).catch(unlessDeleted);
      await line.request("agent.wait", { runId: key, timeoutMs: 20_000 });
      await line.request("sessions.delete", { key }).catch(unlessDeleted);
      return;
    }
    case "attached": {
      const attachments = [{ fileName: "note.txt", content: Buffer.from(name).toString("base64") }];
      await line.request("chat.send", { sessionKey: session, message: name, idempotencyKey: `${name}-file`, attachments });
      return;
    }
    case "rename":
      await line.request("node.rename", { nodeId: stage.far.nodeId, displayName: "far" });
      return;
    case "config": {
      const { hash } = (await line.request("config.get", {})) as { readonly hash: string };
      // Another value each time: what is so already is not written.
      await line.request("config.patch", { raw: `{ session: { turnsWaitingMax: ${100 + (Date.now() % 800)} } }`, baseHash: hash });
      return;
    }
    case "job":
      // Not in the ledger either: a request that is repeated adds another one, or comes too late.
      await line.request("cron.add", {
        name, schedule: { kind: "at", at: Date.now() + 300 }, payload: { kind: "agentTurn", message: name }, sessionTarget: "session:jobs",
      }).catch((error: unknown) => {
        if (codeOf(error) !== "CRON_NEVER_FIRES") throw error;
      });
      return;
    case "stopped job":
      // Not in the ledger: a run that is stopped has no answer. Again where the node died with the one before.
      for (let tries = 1; tries <= TRIES && !enough.aborted; tries += 1) {
        await stopMidway(`${name}-stopped-${tries}`, enough, deps);
        await wait(TRY_AGAIN_MS, undefined, { signal: enough }).catch(() => undefined);
      }
      return;
    case "usage":
      await talk.send(makeErrand(session, `${name}-main`, "plain"));
      await line.request("agent.wait", { runId: `${name}-main`, timeoutMs: 20_000 });
      await line.request("usage.status", {});
      return;
    case "search":
      await talk.send(makeErrand(session, `${name}-main`, "plain"));
      await line.request("agent.wait", { runId: `${name}-main`, timeoutMs: 20_000 });
      await line.request("sessions.search", { query: `${name}-main`, key: session });
      return;
    case "wake":
      await line.request("wake", { mode: "now", text: name, sessionKey: "agent:main:woken" });
      return;
    case "cron":
      await line.request("cron.add", {
        name, schedule: { kind: "every", everyMs: CRON_MS },
        payload: { kind: "agentTurn", message: `job of ${name}` },
      });
      return;
    case "pair":
      await stage.pair(name);
      return;
    case "bulk": case "paged": case "search bulk":
      for (let turn = 1; turn <= BULK_TURNS_MAX && !enough.aborted; turn += 1) {
        const calls = Array.from({ length: BULK_CALLS }, (_, at) => callMark("recall", { query: `${turn} ${at}` }));
        const runId = `${name}-bulk-${turn}`;
        await talk.send({ session: "agent:main:bulk", runId, kind: "remember", text: calls.join(" "), effects: [], reply: null });
        await line.request("agent.wait", { runId, timeoutMs: 20_000 });
        if (way === "search bulk") await line.request("sessions.search", { query: name, key: "agent:main:bulk" });
      }
      return;
    case "new session": case "start": case "restart local node": case "fresh":
      await talk.send(makeErrand(session, `${name}-main`, "here"));
      return;
    case "far":
      await farIsOnline(line, stage.far.nodeId, enough);
      return await insist(way);
    default:
      return await insist(way);
  }

  /** An errand may end before it comes by: its node died with the one before and was not back yet. */
  async function insist(kind: Kind): Promise<void> {
    for (let tries = 1; tries <= TRIES && !enough.aborted; tries += 1) {
      const errand = makeErrand(session, `${name}-main${tries === 1 ? "" : `-${tries}`}`, kind);
      await talk.send(errand);
      await line.request("agent.wait", { runId: errand.runId, timeoutMs: 20_000 });
      await wait(TRY_AGAIN_MS, undefined, { signal: enough }).catch(() => undefined);
    }
  }
}

async function stopMidway(name: string, enough: AbortSignal, { stage, line }: CrashPointsDeps): Promise<void> {
  const key = `agent:main:${name}`;
  // The second begins when the first is known to run in the background, and only then is there anything to end.
  const begun = join(stage.gateway.stateDir, "workspace", `.begun-${name}`);
  const first = callMark("exec", { command: `echo ${name}; sleep ${STOPPED_SECONDS}`, background: true });
  const second = callMark("exec", { command: `touch ${begun}; sleep ${STOPPED_SECONDS}` });
  await line.request("chat.send", { sessionKey: key, message: `${first} ${second}`, idempotencyKey: key });
  while (!enough.aborted && !existsSync(begun)) await wait(POLL_MS, undefined, { signal: enough }).catch(() => undefined);
  await line.request("sessions.abort", { key });
}

const doomed = (number: number): string => `agent:main:c${number}-doomed`;

/** A call that is made again after a crash may find it done. */
function unlessDeleted(error: unknown): void {
  if (codeOf(error) !== "KEY_DESTROYED") throw error;
}

/** Whoever asked for the deletion was told that it is done: then nothing of it may be left, or come back. */
async function checkDeleted(session: string, label: CrashPoint, { line }: CrashPointsDeps): Promise<readonly string[]> {
  const listed = (await line.request("sessions.list", { search: session })) as { readonly sessions: readonly { readonly key: string }[] };
  const findings = listed.sessions.some(({ key }) => key === session) ? [`${label}: the deleted session is still listed`] : [];
  const refusal = await line.request("chat.send", { sessionKey: session, message: "back?", idempotencyKey: `${session}-back` }).then(
    () => "nothing", (error: unknown) => codeOf(error),
  );
  return refusal === "KEY_DESTROYED" ? findings : [...findings, `${label}: a message to the deleted session was refused with ${refusal}`];
}

/** What was said is found by its words, once: a block of the index that was written twice would hold it twice. */
async function checkFound(runId: string, { line, ledger }: CrashPointsDeps): Promise<readonly string[]> {
  const key = ledger.all.find(({ errand }) => errand.runId === runId)?.errand.session;
  const { results } = (await line.request("sessions.search", { query: `say ${runId}`, key })) as {
    readonly results: readonly { readonly role: string }[];
  };
  const times = results.filter(({ role }) => role === "user").length;
  return times === 1 ? [] : [`${runId} is found ${times} times by its words`];
}

interface NodeRow { readonly nodeId: string; readonly connected: boolean }

async function farIsOnline(line: Line, nodeId: string, enough: AbortSignal): Promise<void> {
  for (;;) {
    const { nodes } = (await line.request("node.list", {})) as { readonly nodes: readonly NodeRow[] };
    if (enough.aborted || nodes.some((node) => node.nodeId === nodeId && node.connected)) return;
    await wait(10);
  }
}

/** Homes of their own, whose first gateway dies while it makes its secrets; the next one must come up with whole ones. */
async function crashAtFirstStarts(labels: readonly CrashPoint[], found: Found): Promise<void> {
  for (const label of labels) {
    const home = await mkdtemp(join(tmpdir(), "openclaw-chaos-"));
    await chmod(home, 0o755);
    const env = { PATH: process.env["PATH"] ?? "", HOME: home, NO_COLOR: "1", OPENCLAW_CRASH_AT: label };
    const args = [PROGRAM_MAIN, "gateway", "run", "--port", String(await freePort())];
    const first = spawn(process.execPath, args, { env, stdio: "ignore", timeout: REACH_MS, killSignal: "SIGTERM" });
    const [, signal] = (await once(first, "exit")) as [number | null, string | null];
    (signal === "SIGKILL" ? found.reached : found.missed).push(label);
    const gateway = await openRealGateway({ home, bare: true });
    try {
      (await gateway.connect()).client.close();
      const left = (await readdir(join(gateway.stateDir, "credentials"))).filter((name) => name.endsWith(".new"));
      found.findings.push(...left.map((name) => `${label}: ${name} is left behind`));
    } finally {
      await gateway.dispose();
    }
  }
}
