/** Work that was given up, of every queue: listed, shown, tried again or discarded by a person. */
import { OpenClawError } from "@openclaw/protocol";
import type { DeadJob, Queues } from "@openclaw/sdk";

export interface DeadLetter {
  readonly queue: string;
  readonly id: string;
  readonly code: string;
  readonly why: string | null;
  readonly summary: string;
  readonly attempts: number;
  readonly deadAtMs: number;
  readonly position: number;
}

export interface DeadLetters {
  /** Of one queue, or the first of each; `more` when there are others behind. */
  list(options: { readonly queue?: string; readonly after?: number; readonly limit?: number }): Promise<{
    readonly letters: readonly DeadLetter[]; readonly more: boolean;
  }>;
  /** With what was to be done. Throws NOT_FOUND, as the others do. */
  show(id: string, queue?: string): Promise<DeadLetter & { readonly job: unknown }>;
  /** It is carried out again, under the same id: whoever asks for that knows what it may do twice. */
  retry(id: string, queue?: string): Promise<{ readonly queue: string }>;
  discard(id: string, queue?: string): Promise<{ readonly queue: string }>;
}

export interface DeadLettersDeps {
  readonly queues: Queues;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
  readonly forgetEnd: (id: string) => Promise<void>;
}

const LIMIT = 100;

function unknown(id: string): OpenClawError {
  return new OpenClawError("NOT_FOUND", { why: `There is no dead letter ${id}.`, next: "Run: openclaw deadletters list" });
}

export async function openDeadLetters({ queues, unseal, forgetEnd }: DeadLettersDeps): Promise<DeadLetters> {
  const withDead = async (queue?: string): Promise<readonly string[]> => {
    if (queue !== undefined) return [queue];
    return (await queues.depths()).filter(({ dead }) => dead > 0).map(({ queue: name }) => name);
  };

  const open = (queue: string, id: string, sealed: Uint8Array | null): Readonly<Record<string, unknown>> => {
    if (sealed === null) return {};
    try {
      return JSON.parse(Buffer.from(unseal(`queue/${queue}/${id}`, sealed)).toString("utf8")) as Record<string, unknown>;
    } catch {
      return {};
    }
  };

  const letterOf = (queue: string, { id, body, note, code, attempts, deadAtMs, position }: DeadJob): DeadLetter => {
    const { summary, topic } = open(queue, id, body);
    const { why } = open(queue, id, note);
    return {
      queue, id, code, attempts, deadAtMs, position, why: typeof why === "string" ? why : null,
      summary: typeof summary === "string" ? summary : typeof topic === "string" ? topic : "something that cannot be read",
    };
  };

  const show: DeadLetters["show"] = async (id, queue) => {
    for (const name of await withDead(queue)) {
      for (let after = 0; ;) {
        const page = await queues.dead(name, { after });
        const found = page.find((letter) => letter.id === id);
        if (found !== undefined) return { ...letterOf(name, found), job: open(name, id, found.body) };
        const last = page.at(-1);
        if (last === undefined) break;
        after = last.position;
      }
    }
    throw unknown(id);
  };

  return {
    show,
    list: async ({ queue, after = 0, limit = LIMIT }) => {
      const letters: DeadLetter[] = [];
      for (const name of await withDead(queue)) {
        if (letters.length > limit) break;
        const page = await queues.dead(name, { after, limit: limit + 1 - letters.length });
        letters.push(...page.map((letter) => letterOf(name, letter)));
      }
      return { letters: letters.slice(0, limit), more: letters.length > limit };
    },
    retry: async (id, queue) => {
      const { queue: name } = await show(id, queue);
      await forgetEnd(id); // before it lives again: its worker would take the old end for the new one
      if (!(await queues.revive(name, id))) throw unknown(id);
      return { queue: name };
    },
    discard: async (id, queue) => {
      for (const name of await withDead(queue)) if (await queues.discard(name, id)) return { queue: name };
      throw unknown(id);
    },
  };
}
