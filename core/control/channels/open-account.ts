/**
 * One account of a messenger, kept alive: opened, listened to, begun again after a failure, watched for silence.
 *
 * That a call succeeds says nothing of whether messages come in: it counts as alive only while the messenger gives signs of it. One
 * account that fails begins itself again and no other.
 */
import { OpenClawError, codeOf } from "@openclaw/protocol";
import type { Channel, ChannelContext, ChannelEnd, ChannelMessage, ChannelState, OpenChannel } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { checkSchema } from "../../base/schema.ts";
import type { AccountSection } from "./account-sections.ts";
import type { ChannelRecords } from "./channel-records.ts";
import { createSendPace, type SendPace } from "./send-pace.ts";

export const ACCOUNT_LIMITS = {
  retryFirstMs: 1_000, retryLastMs: 60_000, steadyMs: 60_000, closeMs: 5_000, silentAfterMs: 300_000,
} as const;

export type AccountPhase = "off" | "stopped" | "starting" | "up" | "degraded" | "down";

export interface AccountStatus {
  readonly channel: string;
  readonly accountId: string;
  readonly label: string;
  readonly name?: string;
  readonly phase: AccountPhase;
  readonly sinceMs: number;
  /** As whom it is connected. */
  readonly as?: string;
  readonly why?: string;
  /** What a person does about it. */
  readonly fix?: string;
  /** Nothing is tried again before a person has done something. */
  readonly final: boolean;
  /** False where its secret could not be had. */
  readonly hasSecret?: boolean;
  readonly dmPolicy: string;
  readonly restarts: number;
  readonly lastSignMs?: number;
  readonly lastInboundMs?: number;
  readonly lastOutboundMs?: number;
}

/** An account that can send. */
export interface OpenedAccount {
  readonly channel: Channel;
  readonly open: OpenChannel;
  readonly section: AccountSection;
  readonly pace: SendPace;
  noteSent(end: ChannelEnd): void;
  /** Ends early when the account comes up. Throws the signal's reason. */
  wait(ms: number, signal: AbortSignal): Promise<void>;
}

export interface ChannelAccount extends AsyncDisposable {
  readonly section: AccountSection;
  /** Settles when it has been tried to open it. Never rejects. */
  readonly tried: Promise<void>;
  /** Throws CHANNEL_DOWN. */
  opened(): OpenedAccount;
  status(): AccountStatus;
}

export interface AccountDeps {
  readonly section: AccountSection;
  readonly clock: Clock;
  readonly ids: Ids;
  /** A drop-in by its folder's name; undefined where there is none. */
  readonly find: (channel: string) => Promise<Channel | undefined>;
  readonly lend: Pick<ChannelContext, "http" | "fetchBytes"> & {
    credential(section: AccountSection, variable: string | undefined): Promise<string>;
  };
  readonly cursors: ChannelRecords<{ readonly cursor: string }>;
  readonly receive: (account: OpenedAccount, messages: readonly ChannelMessage[]) => Promise<void>;
  /** It has come up, from whatever it was before. */
  readonly onUp: (section: AccountSection) => void;
  readonly onChanged: () => void;
  readonly log: {
    info(event: string, fields: Readonly<Record<string, unknown>>): void;
    warn(event: string, fields: Readonly<Record<string, unknown>>): void;
  };
}

export const accountKey = ({ channel, accountId }: Pick<AccountSection, "channel" | "accountId">): string => `${channel}.${accountId}`;

/** Begins at once. The caller disposes. */
export function openAccount(deps: AccountDeps): ChannelAccount {
  const { section, clock, ids, log } = deps;
  const { channel: id, accountId, path, values } = section;
  const closing = new AbortController();
  const facts: {
    phase: AccountPhase; sinceMs: number; final: boolean; restarts: number; label: string; hasSecret?: boolean;
    as?: string; why?: string; fix?: string; lastSignMs?: number; lastInboundMs?: number; lastOutboundMs?: number;
  } = { phase: "starting", sinceMs: clock.now(), final: false, restarts: 0, label: id };
  let opened: OpenedAccount | undefined;
  let secret = "";
  const waking = new Set<() => void>();
  const scrub = (text: string): string => (secret === "" ? text : text.replaceAll(secret, "[secret]")).slice(0, 500);

  const enter = (phase: AccountPhase, more: { readonly why?: string; readonly fix?: string; readonly final?: boolean } = {}): void => {
    const changed = facts.phase !== phase || facts.why !== more.why;
    if (facts.phase !== phase) facts.sinceMs = clock.now();
    facts.phase = phase;
    facts.final = more.final ?? false;
    delete facts.why;
    delete facts.fix;
    if (more.why !== undefined) facts.why = scrub(more.why);
    if (more.fix !== undefined) facts.fix = more.fix;
    if (!changed) return;
    if (phase === "down") log.warn("channel.down", { channel: id, accountId, why: facts.why, final: facts.final });
    else log.info(`channel.${phase}`, { channel: id, accountId });
    deps.onChanged();
  };
  const report = (state: ChannelState): void => {
    if (closing.signal.aborted) return;
    if (state.state === "down") {
      const isFinal = state.final === true;
      return enter("down", { why: state.why, final: isFinal, ...(isFinal ? { fix: fixOf(section) } : {}) });
    }
    facts.lastSignMs = clock.now();
    facts.as = scrub(state.as);
    const wasUp = facts.phase === "up";
    enter("up");
    if (wasUp) return;
    for (const wake of [...waking]) wake();
    deps.onUp(section);
  };
  const wait = async (ms: number, signal: AbortSignal): Promise<void> => {
    const woken = new AbortController();
    const wake = (): void => woken.abort();
    waking.add(wake);
    try {
      await clock.wait(ms, AbortSignal.any([signal, woken.signal]));
    } catch (error) {
      if (!woken.signal.aborted || signal.aborted) throw error;
    } finally {
      waking.delete(wake);
    }
  };
  const credential = async (channel: Channel): Promise<string> => {
    secret = await deps.lend.credential(section, channel.credentialVariable);
    return secret;
  };

  const open = async (): Promise<OpenedAccount | undefined> => {
    const channel = await deps.find(id);
    if (channel === undefined) {
      const fix = `Remove channels.${id} from the configuration, or update OpenClaw.`;
      enter("down", { why: `There is no drop-in for ${id}.`, final: true, fix });
      return undefined;
    }
    facts.label = channel.label;
    const known = channel.config.properties ?? {};
    const own = Object.fromEntries(Object.entries(values).filter(([name]) => Object.hasOwn(known, name)));
    const checked = checkSchema(channel.config, own);
    if (!checked.ok) {
      enter("down", { why: `${path} ${checked.text}.`, final: true, fix: `Mend ${path} in the configuration.` });
      return undefined;
    }
    try {
      await credential(channel);
    } catch (error) {
      facts.hasSecret = false;
      const why = error instanceof OpenClawError ? error.message : "Its secret could not be read.";
      enter("off", { why, final: true, fix: fixOf(section) });
      return undefined;
    }
    const cursor = (await deps.cursors.load(accountKey(section)))?.cursor;
    const lent: Omit<ChannelContext, "receive"> = {
      accountId, config: own, cursor, report, http: deps.lend.http, fetchBytes: deps.lend.fetchBytes,
      credential: () => credential(channel), now: () => clock.now(), wait: (ms, signal) => clock.wait(ms, signal),
      saveCursor: (next) => deps.cursors.save(accountKey(section), { cursor: next }),
    };
    const account: OpenedAccount = {
      channel, section, wait, pace: createSendPace(channel.limits, clock),
      open: channel.open({
        ...lent,
        receive: async (messages) => {
          facts.lastSignMs = clock.now();
          if (messages.length > 0) facts.lastInboundMs = clock.now();
          await deps.receive(account, messages);
        },
      }),
      noteSent: (end) => {
        if (end.ok) facts.lastOutboundMs = clock.now();
        else log.warn("channel.send.failed", { channel: id, accountId, outcome: end.outcome, why: scrub(end.why) });
      },
    };
    return (opened = account);
  };

  const silentAfterMs = values.silentAfterMs ?? ACCOUNT_LIMITS.silentAfterMs;
  /** Ends when it stops listening, or says nothing for so long that it is begun again. */
  const listenOnce = async (account: OpenedAccount): Promise<string> => {
    const one = new AbortController();
    facts.lastSignMs = clock.now();
    let timer: { close(): void } | undefined;
    let silent = false;
    const watch = (): void => {
      const leftMs = (facts.lastSignMs ?? 0) + 2 * silentAfterMs - clock.now();
      if (leftMs > 0) timer = clock.after(leftMs, watch);
      else {
        silent = true;
        one.abort(new OpenClawError("CHANNEL_DOWN"));
      }
    };
    watch();
    try {
      await account.open.listen(AbortSignal.any([closing.signal, one.signal]));
      return silent ? SILENT : "It stopped listening.";
    } catch (error) {
      return silent ? SILENT : whyOf(error);
    } finally {
      timer?.close();
    }
  };
  const live = async (): Promise<void> => {
    let account: OpenedAccount | undefined;
    for (let failures = 0; !closing.signal.aborted; ) {
      const began = clock.monotonic();
      let why: string;
      try {
        account ??= await open().finally(tried.resolve);
        if (account === undefined) return;
        why = await listenOnce(account);
      } catch (error) {
        why = whyOf(error);
      }
      if (closing.signal.aborted || facts.final) return;
      enter("down", { why });
      failures = clock.monotonic() - began > ACCOUNT_LIMITS.steadyMs ? 1 : failures + 1;
      facts.restarts += 1;
      const ms = Math.min(ACCOUNT_LIMITS.retryFirstMs * 2 ** (failures - 1), ACCOUNT_LIMITS.retryLastMs);
      await clock.wait(ms * (0.75 + ids.random() / 2), closing.signal).catch(() => undefined);
    }
  };
  const tried = Promise.withResolvers<void>();
  const living = live().finally(tried.resolve);

  return {
    section, tried: tried.promise,
    opened: () => {
      if (opened !== undefined && !facts.final && !closing.signal.aborted) return opened;
      throw new OpenClawError("CHANNEL_DOWN", { why: `${id} ${accountId}: ${facts.why ?? "it is being opened"}` });
    },
    status: () => {
      const silentMs = facts.phase === "up" ? clock.now() - (facts.lastSignMs ?? facts.sinceMs) : 0;
      const isSilent = silentMs > silentAfterMs;
      return {
        channel: id, accountId, dmPolicy: values.dmPolicy ?? "pairing", ...facts,
        ...(values.name === undefined ? {} : { name: values.name }),
        ...(isSilent ? {
          phase: "degraded" as const, sinceMs: facts.lastSignMs ?? facts.sinceMs, why: SILENT,
          fix: `Begin it again: openclaw channels start ${id}${accountId === "default" ? "" : ` --account ${accountId}`}`,
        } : {}),
      };
    },
    [Symbol.asyncDispose]: async () => {
      closing.abort(new OpenClawError("CLOSED"));
      const ended = living.then(() => opened?.open[Symbol.asyncDispose]()).catch((error: unknown) => {
        log.warn("channel.close.failed", { channel: id, accountId, why: scrub(whyOf(error)) });
      });
      const patience = new AbortController();
      await Promise.race([ended, clock.wait(ACCOUNT_LIMITS.closeMs, patience.signal).catch(() => undefined)]);
      patience.abort();
    },
  };
}

const SILENT = "Nothing has come from the messenger for long, not even a sign of life.";

function whyOf(error: unknown): string {
  if (error instanceof OpenClawError) return error.message;
  return codeOf(error) ?? (error instanceof Error ? error.message : "It failed inside.");
}

function fixOf({ channel, accountId, path }: AccountSection): string {
  const account = accountId === "default" ? "" : ` --account ${accountId}`;
  return `Put its secret into ${path} (openclaw channels add ${channel}${account}), then: openclaw channels start ${channel}${account}`;
}
