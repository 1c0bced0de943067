/**
 * One answer to several messages of a conversation is said there once: for the first of them.
 *
 * Which one that is stands in a record before anything is said, so that whoever goes on after a crash chooses the same one.
 */
import { hash } from "node:crypto";
import type { Clock } from "../../base/clock.ts";
import { openChannelRecords, type ChannelRecordsDeps } from "./channel-records.ts";

export interface SaidOnce {
  /** Whether `id` is the one under which it is said. The same answer at every attempt. Throws what the store throws. */
  isSaidBy(id: string, answer: SharedAnswer): Promise<boolean>;
}

export interface SharedAnswer {
  readonly sessionKey: string;
  /** The end of the turn that gave it. */
  readonly end: number;
  readonly conversation: string;
}

/** Longer than a debt to a channel is paid. */
const KEPT_MS = 172_800_000;

export async function openSaidOnce({ clock, ...deps }: ChannelRecordsDeps & { readonly clock: Clock }): Promise<SaidOnce> {
  const store = openChannelRecords<{ readonly id: string; readonly atMs: number }>("channel-answers", deps);
  for (const [key, { atMs }] of await store.all()) if (atMs < clock.now() - KEPT_MS) await store.save(key, undefined);
  let last: Promise<unknown> = Promise.resolve();
  const choose = async (id: string, { sessionKey, end, conversation }: SharedAnswer): Promise<boolean> => {
    const key = hash("sha256", JSON.stringify([sessionKey, end, conversation]), "hex").slice(0, 40);
    const chosen = await store.load(key);
    if (chosen === undefined) await store.save(key, { id, atMs: clock.now() });
    return chosen === undefined || chosen.id === id;
  };
  return {
    isSaidBy: async (id, answer) => {
      const chosen = last.then(() => choose(id, answer));
      last = chosen.catch(() => undefined);
      return await chosen;
    },
  };
}
