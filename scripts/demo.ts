/**
 * `npm run demo`: the whole path for real, told as it happens, in a few seconds.
 *
 * A gateway with its local node and a second, paired node are started by the real command line in a temporary home. A
 * sentence becomes commands on the node with that tag. Then the gateway is killed in the middle of a longer command and
 * started again, and that command's output and the reply arrive complete.
 *
 * Nothing is asked of the person and nothing is left behind. What the demo claims it checks: it ends with 0 only when all
 * of it held, with 1 and a sentence when something did not, with 130 or 143 when it was interrupted.
 */
import { join } from "node:path";
import { setTimeout as wait } from "node:timers/promises";
import type { GatewayClient } from "@openclaw/protocol/client";
import { formatDuration } from "./paint.mjs";
import { promised } from "./demo/broken-promise.ts";
import { followRun, type FollowedRun, type Question } from "./demo/follow-run.ts";
import { createNarrator, type Narrator } from "./demo/narrator.ts";
import { openStage, readSoFar, type Running, type Stage } from "./demo/stage.ts";
import { watchGateway } from "./demo/watch-gateway.ts";

const NODE_TAG = "heavy-compute";
const SENTENCE = `Please run a system check on the '${NODE_TAG}' node`;
const STEPS = 12;
const STEP_SECONDS = 0.25;
const KILLED_AFTER_STEPS = 4;
/** Each step is printed and, by the same program, written down: the file is the witness of how often it ran. */
const LONG_COMMAND = `for n in $(seq ${STEPS}); do echo "step $n of ${STEPS}" | tee -a witness; sleep ${STEP_SECONDS}; done`;
const ENOUGH_MS = 60_000;

/** What the acts share. */
interface Scene {
  readonly stage: Stage;
  readonly narrator: Narrator;
  readonly token: string;
  readonly workspace: string;
  /** The gateway that runs now. */
  gateway: Running;
  client: GatewayClient;
  /** Sees every event of whichever connection is open. */
  watching: FollowedRun | undefined;
}

async function playDemo(narrator: Narrator, signal: AbortSignal): Promise<void> {
  const stage = await openStage();
  try {
    const scene = await startEverything(stage, narrator, signal);
    await askForSystemCheck(scene, signal);
    await killInMidCommand(scene, signal);
    scene.client.close();
  } finally {
    await stage[Symbol.asyncDispose]();
  }
  promised(await stage.isGone(), `Something was left behind in ${stage.home}.`);
  narrator.done("Every process has ended, and the temporary home is removed");
}

// ── 1 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function startEverything(stage: Stage, narrator: Narrator, signal: AbortSignal): Promise<Scene> {
  narrator.heading("1  Start", "a gateway with its confined local node, and a second node that is paired with it");
  narrator.command("openclaw gateway run");
  const began = performance.now();
  const gateway = stage.start(["gateway", "run", "--port", String(stage.port)]);
  await gateway.until(/Ctrl-C/, signal);
  narrator.done(`Gateway on http://127.0.0.1:${stage.port}, loopback only, process ${gateway.pid}`, performance.now() - began);
  const confined = /Local node\s+(?:\S+ )?local\s+(.+)/.exec(gateway.output())?.[1];
  promised(confined !== undefined, "The gateway did not say how its local node stands.");
  narrator.remark(`Local node: ${confined.trim()}`);

  const token = (await stage.run(["config", "get", "gatewayToken"], signal)).trim();
  const url = `http://127.0.0.1:${stage.port}`;
  narrator.command(`openclaw node pair --url ${url} --token …${token.slice(-4)} --name lab`);
  await stage.run(["node", "pair", "--url", url, "--token", token, "--name", "lab"], signal);
  narrator.done("Paired: the token is spent for a key of the node's own");
  const workspace = join(stage.home, "lab");
  narrator.command(`openclaw node start --tags="gpu,${NODE_TAG}"`);
  const node = stage.start(["node", "start", `--tags=gpu,${NODE_TAG}`, "--workspace", workspace]);
  await node.until(/Online/, signal);
  narrator.done(`Node lab is online, process ${node.pid}`);

  const scene: Omit<Scene, "client"> & { client?: GatewayClient } = { stage, narrator, token, workspace, gateway, watching: undefined };
  scene.client = await connect(scene, signal);
  await showNodes(scene as Scene, signal);
  return scene as Scene;
}

async function connect(scene: Pick<Scene, "stage" | "token" | "watching">, signal: AbortSignal): Promise<GatewayClient> {
  const client = await watchGateway({
    port: scene.stage.port, token: scene.token,
    onEvent: ({ event, payload }) => {
      if (event === "agent") scene.watching?.see(payload);
    },
  }, signal);
  await client.request("sessions.messages.subscribe", { key: "main" });
  return client;
}

interface NodeRow { readonly nodeId: string; readonly displayName?: string; readonly tags?: readonly string[]; readonly connected: boolean }

async function nodesOf(client: GatewayClient): Promise<readonly NodeRow[]> {
  return ((await client.request("node.list", {})) as { readonly nodes: readonly NodeRow[] }).nodes;
}

async function showNodes({ client, narrator }: Scene, signal: AbortSignal): Promise<void> {
  let nodes = await nodesOf(client);
  while (nodes.filter((node) => node.connected).length < 2) {
    await wait(10, undefined, { signal });
    nodes = await nodesOf(client);
  }
  const { paint } = narrator;
  narrator.table([["STATE", "NODE", "TAGS"], ...nodes.map((node) => [
    node.connected ? `${paint.good} online` : `${paint.bad} offline`, node.displayName ?? node.nodeId, (node.tags ?? []).join(", "),
  ])]);
}

// ── 2 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function askForSystemCheck(scene: Scene, signal: AbortSignal): Promise<void> {
  const { narrator, client } = scene;
  narrator.heading("2  Ask", "routed by the tag; what only reads runs unasked, and its output streams");
  const runId = "demo-system-check";
  const run = (scene.watching = followRun({ runId, narrator }));
  await send(scene, runId, SENTENCE);
  const reply = await settled(scene, runId, signal);
  const lab = (await nodesOf(client)).find((node) => (node.tags ?? []).includes(NODE_TAG));
  promised(run.nodeId() === lab?.nodeId, `The command did not run on the node tagged ${NODE_TAG}.`);
  promised(run.pieces() > 0, "No output was streamed.");
  const kernel = /^Linux .*|^Darwin .*/m.exec(run.shown())?.[0];
  promised(kernel !== undefined && reply.includes(kernel), "The reply does not quote what the command printed.");
}

async function send({ client, narrator }: Scene, runId: string, text: string): Promise<void> {
  narrator.said(text);
  const sent = await client.request("chat.send", { sessionKey: "main", message: text, idempotencyKey: runId });
  const { status } = sent as { readonly status: string };
  promised(status === "started", `The message was not accepted: ${status}.`);
}

interface HistoryMessage { readonly role: string; readonly content: readonly { readonly text?: string }[] }

/** Waits until the run has ended well; gives the reply as the transcript has it. */
async function settled(scene: Scene, runId: string, signal: AbortSignal): Promise<string> {
  const ended = await scene.client.request("agent.wait", { runId, timeoutMs: ENOUGH_MS }, { signal, timeoutMs: ENOUGH_MS });
  const { status, error } = ended as { readonly status: string; readonly error?: string };
  scene.narrator.lineEnd();
  promised(status === "ok", `The turn ended with ${status}${error === undefined ? "" : `: ${error}`}.`);
  return textOf((await historyOf(scene)).findLast((message) => message.role === "assistant"));
}

async function historyOf({ client }: Scene): Promise<readonly HistoryMessage[]> {
  return ((await client.request("chat.history", { sessionKey: "main" })) as { readonly messages: readonly HistoryMessage[] }).messages;
}

function textOf(message: HistoryMessage | undefined): string {
  return (message?.content ?? []).map((part) => part.text ?? "").join("");
}

// ── 3 ────────────────────────────────────────────────────────────────────────────────────────────────────────────────

async function killInMidCommand(scene: Scene, signal: AbortSignal): Promise<void> {
  const { narrator, stage, workspace } = scene;
  const witness = join(workspace, "witness");
  const linesWritten = async (): Promise<number> => (await readSoFar(witness)).split("\n").length - 1;
  narrator.heading("3  Kill", "kill -9 of the gateway in the middle of a longer command");
  const runId = "demo-long-command";
  const asked = Promise.withResolvers<Question>();
  const run = (scene.watching = followRun({ runId, narrator, onQuestion: asked.resolve }));
  await send(scene, runId, `Run \`${LONG_COMMAND}\` on ${NODE_TAG}`);
  await allow(scene, await orAborted(asked.promise, signal));
  while (linesOf(run).length < KILLED_AFTER_STEPS) await wait(5, undefined, { signal });

  await scene.gateway.kill();
  narrator.failed(`kill -9 ${scene.gateway.pid}: the gateway is gone in mid-command`);
  const before = await linesWritten();
  while ((await linesWritten()) < before + 2) await wait(5, undefined, { signal });
  narrator.remark(`The command goes on without it: the node has written step ${await linesWritten()}`);

  narrator.command("openclaw gateway run");
  const began = performance.now();
  scene.gateway = stage.start(["gateway", "run", "--port", String(stage.port)]);
  scene.client = await connect(scene, signal);
  narrator.done(`The gateway is back, process ${scene.gateway.pid}; nobody sent anything again`, performance.now() - began);
  const reply = await settled(scene, runId, signal);
  await checkCompleteness(scene, run, reply, await readSoFar(witness));
}

/** The gate asks, because the words could do anything; the demo answers as a person would. */
async function allow({ client, narrator }: Scene, { approvalId, reason }: Question): Promise<void> {
  const { paint } = narrator;
  narrator.begins(`The gate asks: ${reason}`);
  await client.request("exec.approval.resolve", { id: approvalId, decision: "allow-once" });
  narrator.done(`Allowed once, by the demo  ${paint.dim(`openclaw approvals allow ${approvalId}`)}`);
}

async function checkCompleteness(scene: Scene, run: FollowedRun, reply: string, witness: string): Promise<void> {
  const { narrator } = scene;
  const expected = Array.from({ length: STEPS }, (_, at) => `step ${at + 1} of ${STEPS}`);
  const all = expected.join("\n");
  const written = witness.trimEnd();
  promised(written === all, `The command did not run exactly once; its witness file says:\n${written}`);
  promised(linesOf(run).join("\n") === all, `The output did not arrive complete and once:\n${linesOf(run).join("\n")}`);
  const messages = await historyOf(scene);
  const results = messages.filter((message) => message.role === "toolResult" && textOf(message) === all).length;
  promised(results === 1, `The journal has the whole output ${results} times instead of once.`);
  promised(reply.includes(all), "The reply does not quote the whole output.");
  const last = messages.slice(-4).map((message) => message.role).join(", ");
  promised(last === "user, assistant, toolResult, assistant", `The transcript ends with ${last}.`);
  narrator.done(`${STEPS} of ${STEPS} lines on the screen and in the reply, each once and in order`);
  narrator.done("The witness file on the node says the same: the command ran exactly once");
}

function linesOf(run: FollowedRun): readonly string[] {
  return run.shown().split("\n").filter((line) => line !== "");
}

function orAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    signal.addEventListener("abort", () => reject(signal.reason as Error), { once: true });
    promise.then(resolve, reject);
  });
}

// ── the call ─────────────────────────────────────────────────────────────────────────────────────────────────────────

const SIGNAL_EXITS = { SIGHUP: 129, SIGINT: 130, SIGTERM: 143 } as const;

async function runDemo(): Promise<number> {
  const narrator = createNarrator(process.stdout);
  const { paint } = narrator;
  const interruption = new AbortController();
  let interruptedBy: keyof typeof SIGNAL_EXITS | undefined;
  for (const name of ["SIGHUP", "SIGINT", "SIGTERM"] as const) {
    process.on(name, () => {
      // A launcher may say SIGTERM more than once; only a person who presses Ctrl-C again is in a hurry.
      if (interruptedBy !== undefined && name === "SIGINT") process.exit(SIGNAL_EXITS[name]);
      interruptedBy ??= name;
      interruption.abort(new Error(name));
    });
  }
  const overdue = AbortSignal.timeout(ENOUGH_MS);
  const began = performance.now();
  try {
    await playDemo(narrator, AbortSignal.any([interruption.signal, overdue]));
    narrator.lineEnd();
    const took = formatDuration(performance.now() - began);
    process.stdout.write(`\n${paint.green(paint.good)} All as promised, in ${took}.  ${paint.dim("Your own: npm start")}\n`);
    return 0;
  } catch (error) {
    narrator.lineEnd();
    if (interruptedBy !== undefined) {
      process.stdout.write(`${paint.dim(`${paint.dot} Interrupted; everything it started has ended.`)}\n`);
      return SIGNAL_EXITS[interruptedBy];
    }
    const late = `The demo did not come to its end within ${formatDuration(ENOUGH_MS)}.`;
    const why = overdue.aborted ? late : error instanceof Error ? error.message : String(error);
    process.stderr.write(`${paint.red(paint.bad)} Not as promised: ${why}\n`);
    return 1;
  }
}

process.exitCode = await runDemo();
