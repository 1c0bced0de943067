/** What was sent and is not surely in the conversation: kept here until it is, so that neither a crash nor a reload loses it. */
import { signal, type ReadonlySignal } from "@preact/signals";
import type { Ended } from "../../link/open-link.ts";
import type { Attachment } from "./attachments.ts";

export type QueueMode = "followup" | "steer" | "collect" | "interrupt";

export interface Waiting {
  readonly key: string;
  readonly text: string;
  readonly state: "sending" | "stored" | "refused";
  readonly mode?: QueueMode | undefined;
  readonly attachments?: readonly Attachment[] | undefined;
  readonly ended?: Ended | undefined;
}

export interface Outbox {
  readonly messages: ReadonlySignal<readonly Waiting[]>;
  add(message: Waiting): void;
  set(key: string, changes: Partial<Waiting>): void;
  remove(isOver: (message: Waiting) => boolean): void;
}

export function openOutbox(sessionKey: string): Outbox {
  const messages = signal<readonly Waiting[]>(recall(sessionKey));
  const put = (next: readonly Waiting[]): void => {
    messages.value = next;
    keep(sessionKey, next);
  };
  return {
    messages,
    add: (message) => put([...messages.peek(), message]),
    set: (key, changes) => put(messages.peek().map((one) => (one.key === key ? { ...one, ...changes } : one))),
    remove: (isOver) => {
      if (messages.peek().some(isOver)) put(messages.peek().filter((one) => !isOver(one)));
    },
  };
}

function recall(key: string): readonly Waiting[] {
  try {
    const kept = JSON.parse(localStorage.getItem(`waiting ${key}`) ?? "[]") as readonly Waiting[];
    return kept.map((one) => (one.state === "stored" ? { ...one, state: "sending" } : one));
  } catch {
    return [];
  }
}

function keep(key: string, waiting: readonly Waiting[]): void {
  try {
    if (waiting.length === 0) localStorage.removeItem(`waiting ${key}`);
    else localStorage.setItem(`waiting ${key}`, JSON.stringify(waiting));
  } catch {
    // A full or closed store: the message is still here and still sent.
  }
}
