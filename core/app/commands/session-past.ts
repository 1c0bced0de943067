/** A recorded conversation, decided again; and a new one from it. */
import { askGateway } from "../connect.ts";
import { cleanLine, cleanText } from "../terminal/text.ts";
import type { CommandContext, CommandSpec, WordSpec } from "./command.ts";
import { listAt, numberAt, textAt, type Payload } from "./payload.ts";

const KEY: WordSpec = { name: "KEY", required: true };
const AT = { name: "at", value: "STEP", summary: "Up to this step: its number, counted from 1, or its id" } as const;
/** When something differs. */
const DIFFERS = 1;

export const replay: CommandSpec = {
  summary: "Decide it again and compare; nothing is carried out",
  words: [KEY],
  options: [AT, { name: "model", value: "MODEL", summary: "Ask this model with the prompt recorded at that step" }],
  examples: [
    { line: "openclaw session replay main", about: "exit code 1 when a decision differs" },
    { line: "openclaw session replay main --at 7 --model openai/gpt-5", about: "what another model would have said there" },
  ],
  run: async (ctx) => {
    const at = ctx.given.text("at");
    const model = ctx.given.text("model");
    const payload = await askGateway(ctx, ["operator.admin"], "sessions.replay", {
      key: ctx.given.need("KEY"), ...(at === undefined ? {} : { at }), ...(model === undefined ? {} : { model }),
    }) as Payload;
    ctx.terminal.answer(payload, () => showReplay(ctx, payload));
    return payload["equal"] === true ? 0 : DIFFERS;
  },
};

function showReplay({ terminal }: CommandContext, payload: Payload): void {
  const [turns, steps, events, decisions] = ["turn", "step", "event", "decision"].map((noun) => countOf(payload, noun));
  terminal.line(`${turns}, ${steps}, ${events}; ${decisions} made again`);
  const changed = ((payload["revision"] as Payload | undefined)?.["changed"] as readonly string[] | undefined) ?? [];
  if (changed.length > 0) terminal.line(`Changed since it was recorded: ${changed.join(", ")}`);
  const difference = payload["difference"] as Payload | null;
  if (difference === null) terminal.done("Every decision is the same.");
  else {
    const [event, field, expected, got] = ["event", "field", "expected", "got"].map((name) => cleanLine(textAt(difference, name) ?? ""));
    terminal.line(`First difference at step ${counted(difference, "step")}, ${event}: ${field}`);
    terminal.line(`  recorded  ${expected}`);
    terminal.line(`  now       ${got}`);
  }
  const other = payload["other"] as Payload | null;
  if (other !== null) showOther(terminal, other);
}

function counted(from: Payload, name: string): string {
  return String(numberAt(from, name) ?? 0);
}

/** `1 turn`, `3 turns`: the payload names its counts in the plural. */
function countOf(from: Payload, noun: string): string {
  const count = numberAt(from, `${noun}s`) ?? 0;
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

function showOther(terminal: CommandContext["terminal"], other: Payload): void {
  const why = textAt(other, "why");
  terminal.line();
  const verdict = other["same"] === true ? ": the same answer" : "";
  terminal.line(`${cleanLine(textAt(other, "model") ?? "")} at step ${counted(other, "step")}${verdict}`);
  if (why !== undefined) return terminal.line(`  no answer: ${cleanLine(why)}`);
  for (const line of cleanText(textAt(other, "text") ?? "").split("\n")) if (line !== "") terminal.line(`  ${line}`);
  for (const call of listAt(other, "calls")) {
    terminal.line(`  calls ${cleanLine(textAt(call, "name") ?? "")} ${cleanLine(textAt(call, "arguments") ?? "")}`);
  }
}

export const branch: CommandSpec = {
  summary: "A new conversation from this one, up to a step",
  words: [KEY],
  options: [AT, { name: "as", value: "NEWKEY", summary: "Key of the new one; made up unless given" }],
  examples: [
    { line: "openclaw session branch main", about: "go on from here without touching it" },
    { line: "openclaw session branch main --at 3 --as retry", about: "as it was after the third step" },
  ],
  run: async (ctx) => {
    const at = ctx.given.text("at");
    const as = ctx.given.text("as");
    const payload = await askGateway(ctx, ["operator.write"], "sessions.fork", {
      key: ctx.given.need("KEY"), ...(at === undefined ? {} : { at }), ...(as === undefined ? {} : { as }),
    }) as Payload;
    ctx.terminal.answer(payload, () => {
      const key = cleanLine(textAt(payload, "key") ?? "");
      const from = cleanLine(ctx.given.need("KEY"));
      ctx.terminal.done(at === undefined ? `Branched from ${from}: ${key}` : `Branched from ${from} after step ${cleanLine(at)}: ${key}`);
      ctx.terminal.suggest(`openclaw agent --session ${key} --message TEXT`);
    });
    return 0;
  },
};
