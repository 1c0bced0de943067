import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { OpenClawError } from "@openclaw/protocol";
import { systemIds } from "../../base/ids.ts";
import type { CommandContext } from "../commands/command.ts";
import { chooseModel, showTried, tryAndKeep, type Added } from "../commands/model-add.ts";
import { listAt, numberAt, textAt } from "../commands/payload.ts";
import { showPath, stateDirOf } from "../commands/state-dir.ts";
import { withGateway } from "../connect.ts";
import { detectModels } from "../model.ts";
import { choose } from "../terminal/prompts.ts";
import { formatDuration } from "../terminal/quantities.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { borrowGateway } from "./borrowed-gateway.ts";

const ANSWER_MS = 120_000;
const TEXT_SHOWN = 600;
const DEMO_QUESTION = "How busy is this machine?";
const QUESTION = "Say in one short sentence that you are ready.";

export async function runOnboarding(ctx: CommandContext): Promise<number> {
  const { terminal, given } = ctx;
  const unasked = given.flag("yes") || given.flag("non-interactive");
  if (!unasked && !terminal.interactive) throw new UsageError(
    "Nobody is here to ask.", "Say what is wanted by flags: openclaw onboard --yes --demo, or --yes WHERE -m MODEL --key-from-env NAME",
  );
  const startedAt = ctx.clock.monotonic();
  const { style } = terminal;
  if (!terminal.json) {
    terminal.line(`${style.strong("Welcome.")} Three steps: a model, the gateway, one real answer.`);
    terminal.line(style.dim(`Everything is kept in ${cleanLine(showPath(ctx, stateDirOf(ctx)))}.`));
    terminal.line(style.dim("The gateway listens to this machine only."));
    terminal.line();
  }
  const added = await modelStep(ctx, unasked);
  let answered: Answered;
  let ranBefore: boolean;
  try {
    await using gateway = await startStep(ctx);
    ranBefore = gateway.ranBefore;
    answered = await answerStep(ctx, added === undefined ? DEMO_QUESTION : QUESTION);
  } catch (error) {
    if (added !== undefined) await added.undo().then(
      () => terminal.note(`${added.ref} was taken out again: nothing is left half done.`),
      () => terminal.note(`${added.ref} could not be taken out again: openclaw model remove ${added.ref}`),
    );
    throw error;
  }
  const service = await serviceStep(ctx, unasked, ranBefore);
  const tookMs = Math.round(ctx.clock.monotonic() - startedAt);
  terminal.answer({
    model: added?.ref ?? "demo/demo", answer: answered.text, answerMs: answered.tookMs, service,
    gatewayRuns: ranBefore || service, tookMs,
  }, () => {
    terminal.line();
    terminal.done(`${style.strong("It works.")} This is success: you ask, it answers, and says what it ran`);
    terminal.facts([
      ["  Model", added?.ref ?? "demo/demo: offline, rule-based, free"],
      ["  Answer", `${formatDuration(answered.tookMs)}, all of it ${formatDuration(tookMs)}`],
    ]);
    if (!ranBefore && !service) terminal.suggest("openclaw gateway run");
    terminal.suggest("openclaw chat");
    if (added === undefined) terminal.suggest("openclaw model add");
    terminal.suggest(`openclaw channels add  ${style.dim("to write to it from a messenger")}`);
  });
  return 0;
}

/** Undefined: it stays with the demo model. */
async function modelStep(ctx: CommandContext, unasked: boolean): Promise<Added | undefined> {
  const { terminal, given } = ctx;
  const where = given.word("WHERE");
  if (given.flag("demo")) return undefined;
  if (where === undefined) {
    const found = await detectModels({ environment: ctx.environment }, ctx.signal);
    if (unasked && found.length === 0) return undefined;
    if (!unasked) {
      const how = await choose(terminal, "Which model shall answer?", [
        ...(found.length === 0 ? []
          : [{ value: "found" as const, label: `One that is here: ${found.map(({ place }) => place.title).join(", ")}` }]),
        { value: "demo" as const, label: "The demo model for now", about: "offline, rule-based, free; a real one can come later" },
        ...(found.length === 0 ? [{ value: "found" as const, label: "A real one", about: "an address or a key" }] : []),
      ], ctx.signal);
      if (how !== "found") return undefined;
    }
  }
  const added = await tryAndKeep(ctx, await chooseModel(ctx, where), { isDefault: true, untested: false });
  if (added.tried !== undefined && !terminal.json) showTried(ctx, added.tried);
  return added;
}

async function startStep(ctx: CommandContext): ReturnType<typeof borrowGateway> {
  using progress = ctx.terminal.progress("Looking for a gateway");
  progress.update("Starting the gateway");
  const gateway = await borrowGateway(ctx);
  progress[Symbol.dispose]();
  if (!ctx.terminal.json) ctx.terminal.done(gateway.ranBefore ? "The gateway runs" : "The gateway starts here");
  return gateway;
}

interface Answered { readonly text: string; readonly tookMs: number }

/** Throws what the turn failed with. */
async function answerStep(ctx: CommandContext, question: string): Promise<Answered> {
  const { terminal, clock } = ctx;
  if (!terminal.json) terminal.line(`${terminal.style.dim(terminal.style.mark.bar)} ${terminal.style.strong(question)}`);
  using _ = terminal.progress("Waiting for the answer");
  const startedAt = clock.monotonic();
  // A conversation of its own, deleted after: the check leaves no trace in a person's, and an earlier one none in this.
  const key = `onboarding-${systemIds.uuid().slice(0, 8)}`;
  const final = await withGateway(ctx, { scopes: ["operator.write", "operator.admin", "operator.approvals"] }, async (gateway) => {
    try {
      return await gateway.request("agent", {
        message: question, sessionKey: key, deliver: false, timeout: ANSWER_MS / 1_000, idempotencyKey: systemIds.uuid(),
      }, { signal: ctx.signal, timeoutMs: ANSWER_MS, onAccepted: () => undefined });
    } finally {
      await gateway.request("sessions.delete", { key }).catch(() => undefined);
    }
  });
  const text = listAt(final, "result", "payloads").map((payload) => textAt(payload, "text") ?? "").filter((part) => part !== "").join("\n");
  if (textAt(final, "status") !== "ok" || text.trim() === "") throw new OpenClawError("MODEL_UNAVAILABLE", {
    why: textAt(final, "error", "message") ?? textAt(final, "summary") ?? "The turn ended without an answer.",
    next: "openclaw logs --level warn",
  });
  const tookMs = numberAt(final, "result", "meta", "durationMs") ?? Math.round(clock.monotonic() - startedAt);
  if (!terminal.json) terminal.line(cleanText(text.trim().slice(0, TEXT_SHOWN)));
  return { text: text.trim().slice(0, TEXT_SHOWN), tookMs };
}

/** True where it is a service by the end. A gateway that somebody runs by hand is left to them. */
async function serviceStep(ctx: CommandContext, unasked: boolean, ranBefore: boolean): Promise<boolean> {
  const { given, terminal } = ctx;
  const can = ctx.commands.some(({ name }) => name === "service");
  if (given.flag("no-service") || ranBefore || !can) {
    if (given.flag("service") && !can) terminal.note("This version installs no service; run the gateway in a terminal.");
    return false;
  }
  const question = "Install it as a service, so that it is always on?";
  const wanted = given.flag("service") || (!unasked && await terminal.confirm(question, ctx.signal));
  if (!wanted) return false;
  const profile = given.text("profile");
  const main = fileURLToPath(new URL("../main.ts", import.meta.url));
  const child = spawn(process.execPath, [
    ...process.execArgv, main, ...(profile === undefined ? [] : ["--profile", profile]), "service", "install", "--yes",
  ], { env: { ...ctx.environment }, stdio: ["ignore", terminal.json ? "ignore" : "inherit", "inherit"] });
  const [code] = (await once(child, "exit")) as [number | null];
  if (code !== 0) terminal.note("The service was not installed; everything else is done. Try again: openclaw service install");
  return code === 0;
}
