/**
 * Messages on their way to people, each brought once over every crash.
 *
 * Where a messenger can change a message, an answer is a change: first a message is placed, its id made durable, and only then made
 * to say the text, which may be repeated at will. Who is killed in between leaves at worst an empty message behind. Where it cannot,
 * a mark says that a message is being sent; found after a crash nobody knows whether it was, and the account's policy decides.
 */
import { codeOf, OpenClawError } from "@openclaw/protocol";
import type { ChannelEnd, ChannelTarget } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { openChannelRecords, type ChannelRecordsDeps } from "./channel-records.ts";
import { createLanes } from "./lanes.ts";
import type { ChannelAccount, OpenedAccount } from "./open-account.ts";
import { conversationOf } from "./send-pace.ts";

export interface OutboxOrder {
  readonly channel: string;
  readonly accountId: string;
  readonly at: ChannelTarget;
  readonly replyToId?: string;
  readonly silent?: boolean;
  /** Markdown. */
  readonly text: string;
}

export interface OutboxEntry extends Omit<OutboxOrder, "text"> {
  readonly state: "open" | "held" | "done" | "refused";
  /** Of what is kept nowhere else. */
  readonly text?: string;
  /** The messages so far, in order. */
  readonly messageIds: readonly string[];
  /** How many of them say what they should. */
  readonly said: number;
  /** The part that is being sent, where messages cannot be changed. */
  readonly sending?: number;
  readonly why?: string;
  readonly atMs: number;
}

export interface Outbox {
  /** Durable when it resolves; then it is brought as soon as its account can, and given up after a day. The same id is the same message. */
  put(id: string, order: OutboxOrder): Promise<void>;
  /**
   * Brings it now, in its conversation's order. Resolves once the messenger has all of it, or once it is held for a person. Throws
   * CHANNEL_DOWN (nothing more happened), CHANNEL_REFUSED, BACKPRESSURE, CLOSED, and what the store throws.
   */
  bring(id: string, order: OutboxOrder, signal: AbortSignal): Promise<OutboxEntry>;
  /** Whether a message stands there for it, whatever it says so far. */
  isPlaced(id: string): Promise<boolean>;
  /** Places the message that will be the answer, where messages can be changed. Throws as `bring`. */
  place(id: string, order: OutboxOrder): Promise<void>;
  /** Shows what there is of the answer, if nothing else is under way there. Answers whether it did. */
  preview(id: string, order: OutboxOrder): Promise<boolean>;
  /** An account has come up: what waits for it goes. */
  resume(channel: string, accountId: string): void;
  /** Messages of an account that are on their way. */
  owed(channel: string, accountId: string): number;
  held(): readonly (OutboxEntry & { readonly id: string })[];
  /** Throws NOT_FOUND where nothing of that id is held. */
  settle(id: string, action: "resend" | "discard"): Promise<void>;
  close(): Promise<void>;
}

export interface OutboxDeps extends ChannelRecordsDeps {
  readonly clock: Clock;
  /** Throws CHANNEL_DOWN or CHANNEL_UNKNOWN. */
  readonly accountOf: (channel: string, accountId: string) => ChannelAccount;
  readonly log: { warn(event: string, fields: Readonly<Record<string, unknown>>): void };
  readonly onHeld: (entry: OutboxEntry, isNew: boolean) => void;
}

export const OUTBOX_LIMITS = {
  partsMax: 64, attempts: 8, retryFirstMs: 500, retryLastMs: 30_000, placings: 3, noteAgeMs: 86_400_000, keptMs: 172_800_000, heldMax: 100,
  sweepEveryMs: 21_600_000,
} as const;
const PLACEHOLDER = "…";
const NOTHING_TO_SAY = "(no answer)";
const CUT = "(The rest is too long for a messenger: it is in the session.)";

export async function openOutbox(deps: OutboxDeps): Promise<Outbox> {
  const { clock, log } = deps;
  const store = openChannelRecords<OutboxEntry>("channel-outbox", deps);
  const lanes = createLanes();
  const closing = new AbortController();
  /** What is not done. */
  const open = new Map<string, OutboxEntry>();
  /** What ended long ago is forgotten; nothing brings it again by then. */
  const sweep = async (on: (id: string, entry: OutboxEntry) => void): Promise<void> => {
    for (const [id, entry] of await store.all()) {
      if (entry.atMs >= clock.now() - OUTBOX_LIMITS.keptMs || entry.state === "held") on(id, entry);
      else {
        open.delete(id);
        await store.save(id, undefined);
      }
    }
  };
  await sweep((id, entry) => {
    if (entry.state === "open" || entry.state === "held") open.set(id, entry);
  });
  let timer: { close(): void } | undefined;
  const sweepOften = (): void => {
    timer = clock.after(OUTBOX_LIMITS.sweepEveryMs, () => {
      void sweep(() => undefined).catch((error: unknown) => log.warn("channel.sweep.failed", { error })).finally(sweepOften);
    });
    if (closing.signal.aborted) timer.close();
  };
  sweepOften();

  const save = async (id: string, entry: OutboxEntry): Promise<OutboxEntry> => {
    try {
      await store.save(id, entry);
    } catch (error) {
      open.delete(id); // the next attempt begins from what is stored
      throw error;
    }
    if (entry.state === "open" || entry.state === "held") open.set(id, entry);
    else open.delete(id);
    return entry;
  };
  const load = async (id: string): Promise<OutboxEntry | undefined> => open.get(id) ?? (await store.load(id));
  const fresh = ({ text: _, ...order }: OutboxOrder): OutboxEntry => (
    { ...order, state: "open", messageIds: [], said: 0, atMs: clock.now() }
  );
  const laneOf = ({ channel, accountId, at }: OutboxOrder | OutboxEntry): string => `${channel}\0${accountId}\0${conversationOf(at)}`;

  /** Until something has become of it. Throws CHANNEL_DOWN where nothing has for long: then nothing happened. */
  const attempt = async (
    account: OpenedAccount, at: ChannelTarget, call: (signal: AbortSignal) => Promise<ChannelEnd>, signal: AbortSignal,
  ): Promise<Exclude<ChannelEnd, { readonly outcome: "again" }>> => {
    let retryMs: number = OUTBOX_LIMITS.retryFirstMs;
    for (let tries = 1; ; tries += 1) {
      await account.pace.take(at, signal);
      const end = await call(signal);
      account.noteSent(end);
      if (end.ok) return end;
      const { outcome, why, retryAfterMs } = end;
      if (outcome !== "again") return { ...end, outcome };
      if (tries >= OUTBOX_LIMITS.attempts) throw new OpenClawError("CHANNEL_DOWN", { why });
      if (retryAfterMs !== undefined) account.pace.block(at, retryAfterMs);
      else await account.wait(retryMs, signal);
      retryMs = Math.min(retryMs * 2, OUTBOX_LIMITS.retryLastMs);
    }
  };
  const refuse = async (id: string, entry: OutboxEntry, why: string): Promise<never> => {
    const { text: _, ...rest } = entry;
    await save(id, { ...rest, state: "refused", why });
    throw new OpenClawError("CHANNEL_REFUSED", { why });
  };

  /** Another message that says nothing yet. What is not known to be placed is placed again. */
  const placeOne = async (id: string, entry: OutboxEntry, account: OpenedAccount, signal: AbortSignal): Promise<OutboxEntry> => {
    const { at, replyToId, silent, messageIds } = entry;
    const options = { ...(replyToId === undefined || messageIds.length > 0 ? {} : { replyToId }), ...(silent === true ? { silent } : {}) };
    for (let placings = 1; ; placings += 1) {
      const end = await attempt(account, at, (one) => account.open.send(at, PLACEHOLDER, options, one), signal);
      if (end.ok) return await save(id, { ...entry, messageIds: [...messageIds, end.messageId] });
      signal.throwIfAborted();
      if (end.outcome === "refused") return await refuse(id, entry, end.why);
      if (placings >= OUTBOX_LIMITS.placings) throw new OpenClawError("CHANNEL_DOWN", { why: end.why });
    }
  };

  const bringByEditing = async (
    id: string, first: OutboxEntry, parts: readonly string[], account: OpenedAccount, signal: AbortSignal,
  ): Promise<OutboxEntry> => {
    const { edit } = account.open;
    if (edit === undefined) throw new Error("messages cannot be changed there");
    let entry = first;
    let replaced = false;
    while (entry.said < parts.length) {
      const text = parts[entry.said] ?? "";
      if (entry.messageIds.length <= entry.said) entry = await placeOne(id, entry, account, signal);
      const messageId = entry.messageIds[entry.said] ?? "";
      const end = await attempt(account, entry.at, (one) => edit.call(account.open, entry.at, messageId, text, one), signal);
      if (end.ok) entry = { ...entry, said: entry.said + 1 };
      else if (end.outcome === "refused") {
        // Somebody took the placed message away: another one takes its place, once.
        if (replaced) return await refuse(id, entry, end.why);
        replaced = true;
        entry = { ...entry, messageIds: entry.messageIds.slice(0, entry.said) };
      } else signal.throwIfAborted(); // changing it again changes nothing
    }
    return entry;
  };

  const bringBySending = async (
    id: string, first: OutboxEntry, parts: readonly string[], account: OpenedAccount, signal: AbortSignal, text: string,
  ): Promise<OutboxEntry> => {
    let entry = first;
    let unsure = 0;
    while (entry.said < parts.length) {
      if (entry.sending === entry.said && account.section.values.unsure !== "again") return await hold(id, { ...entry, text });
      const { sending: _, ...unmarked } = entry;
      entry = await save(id, { ...entry, sending: entry.said });
      let end: ChannelEnd;
      try {
        const { at, replyToId, silent } = entry;
        const options = { ...(replyToId === undefined || entry.said > 0 ? {} : { replyToId }), ...(silent === true ? { silent } : {}) };
        end = await attempt(account, at, (one) => account.open.send(at, parts[unmarked.said] ?? "", options, one), signal);
      } catch (error) {
        await save(id, unmarked); // nothing happened
        throw error;
      }
      if (end.ok) entry = { ...unmarked, messageIds: [...unmarked.messageIds, end.messageId], said: unmarked.said + 1 };
      else if (end.outcome === "refused") return await refuse(id, unmarked, end.why);
      else {
        signal.throwIfAborted(); // the mark stands, and the policy decides
        unsure += 1;
        if (unsure >= OUTBOX_LIMITS.placings) throw new OpenClawError("CHANNEL_DOWN", { why: end.why });
      }
    }
    return entry;
  };
  const hold = async (id: string, entry: OutboxEntry): Promise<OutboxEntry> => {
    const all = [...open.values()].filter(({ state }) => state === "held").length;
    if (all >= OUTBOX_LIMITS.heldMax) {
      throw new OpenClawError("BACKPRESSURE", { why: `${all} messages wait for a person to say whether they were sent.` });
    }
    const held = await save(id, { ...entry, state: "held" });
    deps.onHeld(held, true);
    return held;
  };

  const bringNow = async (id: string, order: OutboxOrder, signal: AbortSignal): Promise<OutboxEntry> => {
    signal.throwIfAborted();
    const entry = (await load(id)) ?? fresh(order);
    if (entry.state === "done" || entry.state === "held") return entry;
    if (entry.state === "refused") throw new OpenClawError("CHANNEL_REFUSED", { why: entry.why ?? "" });
    const one = deps.accountOf(order.channel, order.accountId);
    await one.tried;
    const account = one.opened();
    const text = order.text.trim() === "" ? (entry.messageIds.length === 0 ? "" : NOTHING_TO_SAY) : order.text;
    const whole = text === "" ? [] : account.channel.render(text);
    const parts = whole.length <= OUTBOX_LIMITS.partsMax ? whole : [...whole.slice(0, OUTBOX_LIMITS.partsMax - 1), CUT];
    const bring = account.open.edit === undefined ? bringBySending : bringByEditing;
    const brought = await bring(id, entry, parts, account, signal, text);
    if (brought.state !== "open") return brought;
    const { text: _, sending: __, ...rest } = brought;
    return await save(id, { ...rest, state: "done" });
  };
  const bring: Outbox["bring"] = async (id, order, signal) => {
    const both = AbortSignal.any([signal, closing.signal]);
    return await lanes.run(laneOf(order), () => bringNow(id, order, both));
  };
  /** What fails now waits for its account. */
  const bringAside = (id: string, order: OutboxOrder): void => {
    bring(id, order, closing.signal).catch((error: unknown) => {
      const { channel, accountId } = order;
      if (!closing.signal.aborted) log.warn("channel.waits", { channel, accountId, code: codeOf(error) ?? "INTERNAL" });
    });
  };

  return {
    bring,
    put: async (id, order) => {
      if ((await load(id)) !== undefined) return;
      await save(id, { ...fresh(order), text: order.text });
      bringAside(id, order);
    },
    isPlaced: async (id) => ((await load(id))?.messageIds.length ?? 0) > 0,
    place: async (id, order) => {
      await lanes.run(laneOf(order), async () => {
        const entry = (await load(id)) ?? fresh(order);
        if (entry.state !== "open" || entry.messageIds.length > 0) return;
        await placeOne(id, entry, deps.accountOf(order.channel, order.accountId).opened(), closing.signal);
      });
    },
    preview: async (id, order) => {
      const lane = laneOf(order);
      if (lanes.isBusy(lane)) return false;
      return await lanes.run(lane, async () => {
        const entry = open.get(id);
        const messageId = entry?.messageIds[0];
        if (entry?.state !== "open" || messageId === undefined) return false;
        const account = deps.accountOf(order.channel, order.accountId).opened();
        const [text = ""] = account.channel.render(order.text);
        if (text === "" || !account.pace.takeSpare(order.at)) return false;
        const end = await account.open.edit?.(order.at, messageId, text, closing.signal);
        if (end?.ok === false && end.retryAfterMs !== undefined) account.pace.block(order.at, end.retryAfterMs);
        return end?.ok === true;
      });
    },
    resume: (channel, accountId) => {
      for (const [id, entry] of open) {
        if (entry.channel !== channel || entry.accountId !== accountId || entry.state !== "open" || entry.text === undefined) continue;
        if (clock.now() - entry.atMs < OUTBOX_LIMITS.noteAgeMs) bringAside(id, { ...entry, text: entry.text });
        else save(id, { ...entry, state: "refused", why: "It is older than a day." }).catch(() => undefined);
      }
    },
    owed: (channel, accountId) => [...open.values()].filter((one) =>
      one.state === "open" && one.channel === channel && one.accountId === accountId).length,
    held: () => [...open].filter(([, { state }]) => state === "held").map(([id, entry]) => ({ ...entry, id })),
    settle: async (id, action) => {
      const held = open.get(id);
      if (held?.state !== "held") throw new OpenClawError("NOT_FOUND", { why: "No message of that id is held." });
      const { sending: _, ...entry } = held;
      if (action === "discard") {
        const { text: __, ...rest } = entry;
        await save(id, { ...rest, state: "done" });
        deps.onHeld(held, false);
        return;
      }
      await save(id, { ...entry, state: "open" });
      deps.onHeld(held, false);
      bringAside(id, { ...entry, text: entry.text ?? "" });
    },
    close: async () => {
      closing.abort(new OpenClawError("CLOSED"));
      timer?.close();
      await lanes.stopped();
    },
  };
}
