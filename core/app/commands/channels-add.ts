/** `openclaw channels add`: from a secret to an account that answers, and to the first person who may write. */
import { open } from "node:fs/promises";
import { OpenClawError } from "@openclaw/protocol";
import type { GatewayClient } from "@openclaw/protocol/client";
import { Secret } from "../../base/secret.ts";
import { requestOptions, withGateway } from "../connect.ts";
import { ask, choose } from "../terminal/prompts.ts";
import { cleanLine } from "../terminal/text.ts";
import { UsageError } from "../terminal/usage-error.ts";
import { approveRequest, describeApproved, dismissRequest, whoOf } from "./channels-pair.ts";
import { accountsOf, labelOf, nameOfAccount, type ShownAccount } from "./channels-view.ts";
import type { CommandContext } from "./command.ts";
import { listAt, numberAt, textAt, textsAt, type Payload } from "./payload.ts";

const SECRET_BYTES_MAX = 16_384;
const POLICIES = ["pairing", "allowlist", "open", "disabled"] as const;
/** How long a new account has to say how it stands. */
const COME_UP_MS = 30_000;
const PROBE_MS = 5_000;
const LOOK_EVERY_MS = 250;
/** For the first person to find the account and write to it. */
const FIRST_MESSAGE_MS = 600_000;
const LOOK_FOR_SENDER_MS = 2_000;

interface Wish {
  readonly channel: string;
  readonly label: string;
  readonly accountId: string;
  readonly policy: string | undefined;
}

export async function addChannel(ctx: CommandContext): Promise<number> {
  const policy = policySaid(ctx);
  const { account, answered } = await withGateway(ctx, { scopes: ["operator.read", "operator.admin"] }, async (gateway) => {
    const before = await gateway.request("channels.status", {}, requestOptions(ctx));
    const channel = await chooseChannel(ctx, before);
    const wish = { channel, label: labelOf(before, channel), accountId: ctx.given.text("account") ?? "default", policy };
    const known = accountIn(before, wish);
    if (known !== undefined && known.row["configured"] === true) {
      const { agreed } = await import("./agreed.ts");
      await agreed(ctx, `${nameOfAccount(wish)} is connected already. Put another secret in its place?`);
    }
    const secret = await readSecret(ctx, wish, credentialVariable(before, channel));
    await gateway.request("channels.connect", {
      channel, accountId: wish.accountId, secret: secret.reveal(), ...(policy === undefined ? {} : { dmPolicy: policy }),
    }, requestOptions(ctx));
    const since = known === undefined ? 0 : numberAt(before, "ts") ?? 0;
    return await comeUp(ctx, gateway, wish, { isNew: known === undefined, since });
  });
  const as = cleanLine(textAt(account.row, "as") ?? nameOfAccount(account));
  const why = textAt(account.row, "why");
  const policyNow = textAt(account.row, "dmPolicy") ?? policy ?? "pairing";
  const { channel, accountId } = account;
  const document = { channel, accountId, state: textAt(account.row, "state") ?? "starting", as: textAt(account.row, "as") ?? null };
  ctx.terminal.answer(document, () => {
    const { terminal } = ctx;
    if (!answered) {
      terminal.note(`${account.label} has not answered yet${why === undefined ? "." : `: ${cleanLine(why)}`} It is tried again and again.`);
      terminal.suggest("openclaw channels status");
      return;
    }
    terminal.done(`${as} answers in ${account.label}.`);
    if (policyNow === "disabled") terminal.note("Nobody may write to it directly.");
    else terminal.line(`${terminal.style.accent(terminal.style.mark.live)} Write /start to ${as} in ${account.label}.`);
  });
  if (answered && policyNow === "pairing") await letFirstIn(ctx, account, as);
  return 0;
}

function policySaid(ctx: CommandContext): string | undefined {
  const said = ctx.given.text("dm-policy");
  if (said === undefined || (POLICIES as readonly string[]).includes(said)) return said;
  throw new UsageError(`There is no policy "${said}".`, `Say --dm-policy ${POLICIES.join(", ")}.`);
}

/** Throws CHANNEL_UNKNOWN, UsageError. */
async function chooseChannel(ctx: CommandContext, status: unknown): Promise<string> {
  const known = textsAt(status, "channelOrder");
  const said = ctx.given.word("CHANNEL");
  if (said !== undefined) {
    if (known.includes(said)) return said;
    throw new OpenClawError("CHANNEL_UNKNOWN", {
      why: `"${said}" is none of the channels: ${known.join(", ") || "there are none"}.`, next: "openclaw channels list",
    });
  }
  const [only, second] = known;
  if (only !== undefined && second === undefined) return only;
  const chosen = await choose(ctx.terminal, "Which messenger?", known.map((channel) => ({
    value: channel, label: labelOf(status, channel),
  })), ctx.signal);
  if (chosen !== undefined) return chosen;
  throw new UsageError("Which messenger?", `openclaw channels add ${only ?? "CHANNEL"}`);
}

function credentialVariable(status: unknown, channel: string): string | undefined {
  return textAt(listAt(status, "channelMeta").find((row) => textAt(row, "id") === channel), "credentialVariable");
}

/** From the file, the standard input or the variable that was named, else from the usual variable, else asked. */
async function readSecret(ctx: CommandContext, wish: Wish, usual: string | undefined): Promise<Secret> {
  const { given, environment } = ctx;
  const [file, named] = [given.text("token-file"), given.text("token-from-env")];
  const said = [file !== undefined, named !== undefined, given.flag("token-stdin")].filter(Boolean).length;
  if (said > 1) throw new UsageError("Say one of --token-file, --token-stdin and --token-from-env.", "openclaw channels add --help");
  if (file !== undefined) return secretFrom(await readBounded(file), file);
  if (given.flag("token-stdin")) return secretFrom(await readBounded("/dev/stdin"), "Standard input");
  const variable = named ?? (usual !== undefined && (environment[usual] ?? "").trim() !== "" ? usual : undefined);
  if (variable !== undefined) {
    const value = (environment[variable] ?? "").trim();
    if (value === "") throw new UsageError(
      `The variable ${variable} is not set.`, `Set ${variable} for this command, or say --token-file FILE.`,
    );
    ctx.terminal.note(`The secret is that of ${variable}.`);
    return secretFrom(value, variable);
  }
  const typed = await ask(ctx.terminal, `Token of the account in ${wish.label}`, ctx.signal, {
    secret: true, check: (text) => (text.trim() === "" ? "It is empty" : /\s/.test(text.trim()) ? "A token has no spaces" : undefined),
  });
  if (typed !== undefined) return new Secret(typed.trim());
  throw new UsageError(
    `${wish.label} wants a token, and nobody is here to ask.`, `openclaw channels add ${wish.channel} --token-file FILE`,
  );
}

async function readBounded(path: string): Promise<string> {
  try {
    await using file = await open(path, "r");
    const chunks: Buffer[] = [];
    let length = 0;
    for (;;) {
      const { bytesRead, buffer } = await file.read(Buffer.alloc(SECRET_BYTES_MAX + 1), 0, SECRET_BYTES_MAX + 1, null);
      if (bytesRead === 0) return Buffer.concat(chunks).toString("utf8");
      chunks.push(buffer.subarray(0, bytesRead));
      length += bytesRead;
      if (length > SECRET_BYTES_MAX) return "";
    }
  } catch {
    throw new UsageError(`${path} cannot be read.`, "Check the path of the file.");
  }
}

function secretFrom(text: string, where: string): Secret {
  const secret = text.trim();
  if (secret !== "" && !/\s/.test(secret)) return new Secret(secret);
  throw new UsageError(`${where} holds no token.`, "Only the token is to stand there.");
}

interface CameUp {
  readonly account: ShownAccount;
  /** Otherwise it has not said no either: the gateway goes on trying. */
  readonly answered: boolean;
}

/** Throws CHANNEL_DOWN where only a person can mend it; a new account is then taken back, unless it is to be kept. */
async function comeUp(
  ctx: CommandContext, gateway: GatewayClient, wish: Wish, { isNew, since }: { readonly isNew: boolean; readonly since: number },
): Promise<CameUp> {
  using _ = ctx.terminal.progress(`Asking ${wish.label} whose token this is`);
  const endsAt = ctx.clock.monotonic() + COME_UP_MS;
  for (;;) {
    const leftMs = endsAt - ctx.clock.monotonic();
    const status = await gateway.request("channels.status", {
      probe: true, timeoutMs: Math.max(0, Math.min(PROBE_MS, Math.round(leftMs))), channel: wish.channel,
    }, requestOptions(ctx));
    const found = accountIn(status, wish);
    const state = found === undefined || (numberAt(found.row, "sinceMs") ?? 0) < since ? "starting" : textAt(found.row, "state");
    if (found !== undefined && state === "up") return { account: found, answered: true };
    if (found !== undefined && state === "down" && found.row["final"] === true) throw await refused(ctx, gateway, found, isNew);
    if (leftMs <= 0) return { account: found ?? { ...wish, row: {} }, answered: false };
    await ctx.clock.wait(LOOK_EVERY_MS, ctx.signal);
  }
}

async function refused(
  ctx: CommandContext, gateway: GatewayClient, { channel, accountId, label, row }: ShownAccount, isNew: boolean,
): Promise<OpenClawError> {
  const isKept = !isNew || ctx.given.flag("keep");
  if (!isKept) await gateway.request("channels.logout", { channel, accountId }, requestOptions(ctx));
  const why = textAt(row, "why") ?? `${label} refuses it.`;
  return new OpenClawError("CHANNEL_DOWN", {
    why: `${why} ${isKept ? "The account is kept as it is." : "Nothing was kept."}`,
    next: textAt(row, "next") ?? "Check the token, and add it again.",
  });
}

function accountIn(status: unknown, { channel, accountId }: Wish): ShownAccount | undefined {
  return accountsOf(status).find((one) => one.channel === channel && one.accountId === accountId);
}

/** Shows who writes first, with the code they were shown, and asks who that is. Only where a person watches. */
async function letFirstIn(ctx: CommandContext, account: ShownAccount, as: string): Promise<void> {
  const { terminal } = ctx;
  if (!terminal.interactive) {
    terminal.suggest("openclaw channels pair");
    return;
  }
  const request = await firstRequest(ctx, account, as);
  if (request === undefined) {
    terminal.note("Nobody has written yet. Whoever does gets a code, and waits for you:");
    terminal.suggest("openclaw channels pair");
    return;
  }
  const who = cleanLine(whoOf(request));
  terminal.line();
  terminal.line(`  ${terminal.style.strong(cleanLine(textAt(request, "code") ?? "?"))}  ${who} writes, and was shown this code.`);
  terminal.line(terminal.style.dim("  Only where the same code stands in your own chat is it you."));
  const decision = await choose(terminal, "Who is that?", [
    { value: "later", label: "Not now", about: "the code is good for an hour" },
    { value: "owner", label: "It is me", about: "what they say counts as said by you" },
    { value: "guest", label: "Somebody I know", about: "may write, as a guest" },
    { value: "dismiss", label: "Nobody I know", about: "they are told nothing" },
  ] as const, ctx.signal);
  if (decision === "dismiss") {
    await dismissRequest(ctx, request);
    terminal.line(`Dismissed: ${who}.`);
  } else if (decision === "owner" || decision === "guest") {
    terminal.done(describeApproved(await approveRequest(ctx, request, decision === "owner"), request));
    terminal.line(`${terminal.style.accent(terminal.style.mark.live)} Say something to ${as}: it answers.`);
  } else terminal.suggest("openclaw channels pair");
}

async function firstRequest(ctx: CommandContext, { channel, accountId }: ShownAccount, as: string): Promise<Payload | undefined> {
  using _ = ctx.terminal.progress(`Waiting for a first message to ${as} (Ctrl-C leaves; the account stays)`);
  const endsAt = ctx.clock.monotonic() + FIRST_MESSAGE_MS;
  let wake = (): void => undefined;
  return await withGateway(ctx, {
    scopes: ["operator.read", "operator.pairing"],
    onEvent: ({ event }) => {
      if (event === "channels.changed") wake();
    },
  }, async (gateway) => {
    for (;;) {
      const told = new AbortController();
      wake = () => told.abort();
      const [first] = listAt(await gateway.request("channels.pairing.list", { channel, accountId }, requestOptions(ctx)), "requests");
      if (first !== undefined || ctx.clock.monotonic() > endsAt) return first;
      await ctx.clock.wait(LOOK_FOR_SENDER_MS, AbortSignal.any([ctx.signal, told.signal])).catch(() => undefined);
      ctx.signal.throwIfAborted();
    }
  });
}
