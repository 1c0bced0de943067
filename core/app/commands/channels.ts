/** Messengers: which accounts there are and how each stands, one more, one less, who may write, what may not have arrived. */
import { askGateway, requestOptions, withGateway } from "../connect.ts";
import { cleanLine } from "../terminal/text.ts";
import { accountsOf, findAccount, nameOfAccount, showAccount, showAccounts, suggestNext } from "./channels-view.ts";
import type { CommandContext, CommandGroup, CommandSpec, OptionSpec } from "./command.ts";
import { asPayload, textAt, type Payload } from "./payload.ts";

const CHANNEL = { name: "CHANNEL" } as const;
export const ACCOUNT: OptionSpec = { name: "account", value: "NAME", summary: "Which account, where a messenger has several" };
const PROBE_MS = 10_000;

const list: CommandSpec = {
  summary: "The messengers there are, and how each account stands",
  examples: [{ line: "openclaw channels list", about: "one line each" }, { line: "openclaw channels list --json", about: "for a script" }],
  run: async (ctx) => {
    const status = await askGateway(ctx, ["operator.read"], "channels.status", {});
    ctx.terminal.answer(status, () => {
      showAccounts(ctx, status);
      suggestNext(ctx, status);
    });
    return 0;
  },
};

const status: CommandSpec = {
  summary: "How each account stands, since when, why, and what to do",
  words: [CHANNEL],
  options: [ACCOUNT, { name: "probe", summary: "Wait until those that are starting have said how they stand" }],
  examples: [
    { line: "openclaw channels status", about: "all of them" },
    { line: "openclaw channels status telegram --probe --json", about: "of one, for a script: exit 1 where it is down" },
  ],
  run: async (ctx) => {
    const said = ctx.given.word("CHANNEL");
    const answer = await readStatus(ctx, ctx.given.flag("probe"), said);
    const wanted = ctx.given.text("account");
    const shown = said === undefined ? accountsOf(answer)
      : wanted === undefined ? accountsOf(answer).filter(({ channel }) => channel === said) : [findAccount(answer, said, wanted)];
    if (said !== undefined && shown.length === 0) findAccount(answer, said, wanted);
    const isWell = shown.every(({ row }) => textAt(row, "state") !== "down");
    ctx.terminal.answer({ ok: isWell, ...answer }, () => {
      if (shown.length === 0) showAccounts(ctx, answer);
      for (const account of shown) showAccount(ctx, account);
      suggestNext(ctx, answer);
    });
    return isWell ? 0 : 1;
  },
};

async function readStatus(ctx: CommandContext, probe: boolean, channel?: string): Promise<Payload> {
  const timeoutMs = Math.min(ctx.given.integer("timeout") ?? PROBE_MS, PROBE_MS);
  return asPayload(await withGateway(ctx, { scopes: ["operator.read"] }, (gateway) => gateway.request("channels.status", {
    ...(probe ? { probe: true, timeoutMs } : {}), ...(channel === undefined ? {} : { channel }),
  }, requestOptions(ctx))));
}

const add: CommandSpec = {
  summary: "Connect an account of a messenger, and let yourself in",
  words: [CHANNEL],
  options: [
    ACCOUNT,
    { name: "token-file", value: "FILE", summary: "The file that holds its secret; it is put into the vault" },
    { name: "token-stdin", summary: "Read its secret from standard input" },
    { name: "token-from-env", value: "NAME", summary: "The variable that holds its secret; it is put into the vault" },
    { name: "dm-policy", value: "POLICY", summary: "Who may write: pairing (usual), allowlist, open or disabled" },
    { name: "keep", summary: "Keep it though the messenger refuses it" },
  ],
  examples: [
    { line: "openclaw channels add telegram", about: "asks for the token, then lets you in by a code" },
    { line: "openclaw channels add telegram --token-file FILE", about: "for scripts" },
    { line: "openclaw channels add telegram --account work --token-stdin < FILE", about: "a second account" },
  ],
  notes: ["A secret is never taken from the command line itself: others on this machine could read it there."],
  run: async (ctx) => await (await import("./channels-add.ts")).addChannel(ctx),
};

const remove: CommandSpec = {
  summary: "Disconnect an account; its secret and who may write are forgotten",
  words: [{ ...CHANNEL, required: true }],
  options: [ACCOUNT],
  examples: [{ line: "openclaw channels remove telegram", about: "asks first; --yes does not" }],
  run: async (ctx) => {
    const account = await resolve(ctx);
    const name = nameOfAccount(account);
    const { agreed } = await import("./agreed.ts");
    await agreed(ctx, `Disconnect ${name}? Its secret is forgotten, and so is who may write.`);
    const { channel, accountId } = account;
    const answer = await askGateway(ctx, ["operator.admin"], "channels.logout", { channel, accountId });
    ctx.terminal.answer(answer, () => ctx.terminal.done(`${name} is disconnected. At the messenger itself the account is still there.`));
    return 0;
  },
};

const start: CommandSpec = {
  summary: "Start an account that was stopped, or try one again that is down",
  words: [{ ...CHANNEL, required: true }],
  options: [ACCOUNT],
  examples: [{ line: "openclaw channels start telegram", about: "when its cause is mended" }],
  run: (ctx) => act(ctx, "channels.start", "is started"),
};

const stop: CommandSpec = {
  summary: "Stop an account until it is started, or the gateway starts anew",
  words: [{ ...CHANNEL, required: true }],
  options: [ACCOUNT],
  examples: [{ line: "openclaw channels stop telegram", about: "what people write meanwhile waits at the messenger" }],
  notes: ["For good: openclaw config set channels.telegram.enabled false"],
  run: (ctx) => act(ctx, "channels.stop", "is stopped"),
};

async function act(ctx: CommandContext, method: string, done: string): Promise<number> {
  const account = await resolve(ctx);
  const { channel, accountId } = account;
  const answer = await askGateway(ctx, ["operator.admin"], method, { channel, accountId });
  ctx.terminal.answer(answer, () => {
    ctx.terminal.done(`${nameOfAccount(account)} ${done}.`);
    const note = textAt(answer, "note");
    if (note !== undefined) ctx.terminal.note(cleanLine(note));
  });
  return 0;
}

async function resolve(ctx: CommandContext): Promise<ReturnType<typeof findAccount>> {
  const answer = await askGateway(ctx, ["operator.read"], "channels.status", {});
  return findAccount(answer, ctx.given.need("CHANNEL"), ctx.given.text("account"));
}

const ofOne: readonly OptionSpec[] = [{ name: "channel", value: "CHANNEL", summary: "Only of this messenger" }, ACCOUNT];

const pair: CommandSpec = {
  summary: "Who asks to write, and who may: list, approve, dismiss, remove",
  words: [{ name: "WHAT" }, { name: "CODE" }],
  options: [...ofOne, { name: "owner", summary: "With approve: it is you; their words count as yours" }],
  examples: [
    { line: "openclaw channels pair", about: "who asks, with the code each was shown, and who may write" },
    { line: "openclaw channels pair approve CODE --owner", about: "that is me" },
    { line: "openclaw channels pair approve CODE", about: "somebody else may write, as a guest" },
    { line: "openclaw channels pair dismiss CODE", about: "not this one; they are told nothing" },
    { line: "openclaw channels pair remove ID", about: "somebody who was let in may write no more" },
  ],
  notes: ["Compare the code with the one in their chat: a name can be taken by anybody, a code cannot."],
  run: async (ctx) => await (await import("./channels-pair.ts")).pairSenders(ctx),
};

const unsure: CommandSpec = {
  summary: "What may not have arrived: list, resend, discard",
  words: [{ name: "WHAT" }, { name: "ID" }],
  options: ofOne,
  examples: [
    { line: "openclaw channels unsure", about: "deliveries of which nobody knows whether they arrived" },
    { line: "openclaw channels unsure resend ID", about: "it did not arrive" },
    { line: "openclaw channels unsure discard ID", about: "it did, or it does not matter" },
  ],
  notes: ["Look into the conversation first: what did arrive would stand there twice."],
  run: async (ctx) => await (await import("./channels-unsure.ts")).answerUnsure(ctx),
};

export const channels: CommandGroup = {
  summary: "Messengers that people write to your agents in",
  usual: "list",
  examples: [
    { line: "openclaw channels", about: "how each stands" },
    { line: "openclaw channels add telegram", about: "connect one" },
    { line: "openclaw channels pair", about: "who asks to write" },
  ],
  verbs: { list, status, add, remove, start, stop, pair, unsure },
  aliases: { ls: "list", rm: "remove", login: "add", logout: "remove", pairing: "pair" },
};
