/** What can be done to a job, each with its notice and its way back. */
import { signal } from "@preact/signals";
import { toast } from "../../kit/toasts.tsx";
import type { Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { words } from "../../words/en/automations.ts";
import type { Job } from "./parse-jobs.ts";

/** Deleted by the person, and not yet forgotten: until then it is paused and not shown. */
export const leaving = signal<ReadonlySet<string>>(new Set());

export function runNow(link: Link, { id, name }: Job): void {
  void act(link.call("cron.run", { id }), words.started(name));
}

export function pause(link: Link, { id, name }: Job): void {
  void act(link.call("cron.update", { id, patch: { enabled: false } }), words.wasPaused(name), () => void resumeById(link, id));
}

export function resume(link: Link, { id, name }: Job): void {
  void act(resumeById(link, id), words.wasResumed(name));
}

/** It stops at once and goes for good when the notice does: its history comes back with it. A page that is closed leaves it paused. */
export async function remove(link: Link, { id, name, enabled }: Job): Promise<void> {
  const hide = (hidden: boolean): void => {
    const next = new Set(leaving.peek());
    if (hidden) next.add(id);
    else next.delete(id);
    leaving.value = next;
  };
  hide(true);
  const forget = async (): Promise<void> => {
    if (!await act(link.call("cron.remove", { id }))) hide(false); // else the list may still have it for a moment
  };
  const takeBack = (): void => {
    hide(false);
    if (enabled) void act(resumeById(link, id));
  };
  const isStopped = await act(link.call("cron.update", { id, patch: { enabled: false } }));
  if (isStopped) toast({ text: words.removed(name), undo: takeBack, gone: () => void forget() });
  else hide(false);
}

function resumeById(link: Link, id: string): Promise<unknown> {
  return link.call("cron.update", { id, patch: { enabled: true } });
}

async function act(asked: Promise<unknown>, said?: string, undo?: () => void): Promise<boolean> {
  try {
    await asked;
    if (said !== undefined) toast({ text: said, ...(undo === undefined ? {} : { undo }) });
    return true;
  } catch (error) {
    const { why, next = "", code } = describe(error);
    toast({ state: "problem", text: `${words.failed} ${why} ${next} (${code})` });
    return false;
  }
}
