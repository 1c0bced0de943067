/**
 * Which messages hold which words, without the words: a projection of each session's log that follows it after a while.
 *
 * A word is a keyed hash that differs from session to session, and each block of hashes is sealed under its session's key: a
 * session that was deleted leaves nothing of its words behind that anyone could open. What a block has not seen yet is read
 * from the log, so the index can be lost or thrown away at any time.
 */
import { hash as digest } from "node:crypto";
import { codeOf, hasCode, OpenClawError } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import { crashPoint } from "../../base/crash-point.ts";
import { recordKeyOf, type DumpedEntry, type Journal, type SessionAddress, type TranscriptMessage } from "../../fabric/journal.ts";
import type { Logger } from "../../fabric/telemetry.ts";
import type { Vault } from "../../fabric/vault.ts";
import { BLOCK_ENTRIES, HASH_BYTES, formatBlock, newBlock, readBlock, type Block, type ReadBlock, type Role } from "./search-block.ts";
import { wordsOf } from "./search-words.ts";

export interface SearchIndex {
  /** The session changed: it is indexed once it has been quiet for a while. */
  touch(address: SessionAddress, mark: number): void;
  /**
   * The session's blocks, oldest first, brought up to date first where they are not at `mark`: a number that changes whenever the
   * session does. Throws KEY_DESTROYED.
   */
  blocks(address: SessionAddress, mark: number): Promise<readonly ReadBlock[]>;
  /** Of a word in that session, in hex. */
  hash(address: SessionAddress, word: string): string;
  remove(address: SessionAddress): Promise<void>;
  /** Forgets everything: search was switched off. */
  purge(): Promise<void>;
  close(): Promise<void>;
}

export interface SearchIndexDeps {
  readonly records: Records;
  readonly vault: Vault;
  readonly journal: Journal;
  readonly clock: Clock;
  readonly log: Logger;
  readonly isOn: () => boolean;
}

export const SEARCH_LIMITS = {
  /** A session is indexed when nothing happened in it for so long. */
  quietMs: 5_000,
  /** Sessions that wait for that; search itself catches up with any other. */
  waiting: 10_000,
  entriesAtOnce: 16,
  /** The thread is never kept for much longer. */
  sliceMs: 2,
  hashesKept: 20_000,
  sessionsAtOnce: 4,
  /** After as many, what runs beside the conversations rests so many times as long as it took: nobody waits for it. */
  restFactor: 4,
  restMsMax: 250,
  pageRows: 256,
} as const;

const BUCKET = "search";
const NUMBER_DIGITS = 8;

export function createSearchIndex({ records, vault, journal, clock, log, isOn }: SearchIndexDeps): SearchIndex {
  const key = vault.derive("search-words").toString("hex");
  const waiting = new Map<string, { readonly address: SessionAddress; readonly mark: number; readonly sinceMs: number }>();
  /** By session, the mark at which nothing new was found: written down only together with something new. */
  const checked = new Map<string, number>();
  const writing = new Map<string, Promise<unknown>>();
  let timer: { close(): void } | undefined;
  const stopped = new AbortController();

  /** A part of the digest only, so that it cannot be carried on to a longer word's. */
  const hash = ({ tenant, token }: SessionAddress, word: string): string =>
    digest("sha256", `${key}${tenant}\0${token}\0${word}`, "hex").slice(0, 2 * HASH_BYTES);

  /** One after another within a session: its blocks have one writer. */
  const inTurn = <T>({ token }: SessionAddress, run: () => Promise<T>): Promise<T> => {
    const done = (writing.get(token) ?? Promise.resolve()).then(run);
    const settled = done.catch(() => undefined).then(() => {
      if (writing.get(token) === settled) writing.delete(token);
    });
    writing.set(token, settled);
    return done;
  };

  /** Other work of this thread comes in between: a slice is shared by all sessions, or together they would hold it for many. */
  let sliceSinceMs = 0;
  let nextSlice: Promise<void> | undefined;
  const pause = async (): Promise<void> => {
    if (clock.monotonic() - sliceSinceMs < SEARCH_LIMITS.sliceMs) return;
    nextSlice ??= new Promise((resolve) => setImmediate(() => {
      sliceSinceMs = clock.monotonic();
      nextSlice = undefined;
      resolve();
    }));
    await nextSlice;
  };

  const keyOf = (address: SessionAddress, number: number): string =>
    `${recordKeyOf(address)}.${String(number).padStart(NUMBER_DIGITS, "0")}`;

  const load = async (address: SessionAddress): Promise<{ readonly blocks: ReadBlock[]; readonly revision: number }> => {
    const prefix = `${recordKeyOf(address)}.`;
    const sessionKey = await vault.sessionKey(address.tenant, address.token);
    const blocks: ReadBlock[] = [];
    let revision = 0;
    for (let after: string | undefined; ; ) {
      const page = await records.list(BUCKET, prefix, { limit: SEARCH_LIMITS.pageRows, ...(after === undefined ? {} : { after }) });
      for (const entry of page) {
        blocks.push(readBlock(Buffer.from(sessionKey.unseal(`search/${entry.key}`, entry.value))));
        revision = entry.revision;
      }
      after = page.at(-1)?.key;
      if (page.length < SEARCH_LIMITS.pageRows) return { blocks, revision };
    }
  };

  const update = async (address: SessionAddress, mark: number): Promise<readonly ReadBlock[]> => {
    const { blocks, revision } = await load(address);
    const last = blocks.at(-1);
    if (last !== undefined && (last.mark === mark || checked.get(address.token) === mark)) return blocks;
    const sessionKey = await vault.sessionKey(address.tenant, address.token);
    let block: Block = last?.open() ?? newBlock(0);
    const state = { number: Math.max(blocks.length - 1, 0), revision };
    const save = async (): Promise<void> => {
      block.mark = mark;
      const bytes = formatBlock(block);
      const recordKey = keyOf(address, state.number);
      state.revision = await records.write(BUCKET, recordKey, sessionKey.seal(`search/${recordKey}`, bytes), state.revision);
      if (block.entries.length < BLOCK_ENTRIES) crashPoint("search.block-saved");
      else crashPoint("search.block-filled");
      blocks[state.number] = readBlock(bytes);
    };
    const before = block.upTo;
    const hashes = new Map<string, string>();
    const hashOf = (word: string): string => {
      let known = hashes.get(word);
      if (known === undefined && hashes.size < SEARCH_LIMITS.hashesKept) hashes.set(word, (known = hash(address, word)));
      return known ?? hash(address, word);
    };
    for (;;) {
      const page = await journal.dump(address, block.upTo, SEARCH_LIMITS.entriesAtOnce);
      for (const entry of page) {
        if (block.entries.length >= BLOCK_ENTRIES) {
          await save();
          block = newBlock(block.upTo);
          Object.assign(state, { number: state.number + 1, revision: 0 });
        }
        addEntry(block, entry, hashOf);
        await pause();
      }
      if (page.length === 0) break;
    }
    if (block.upTo > before) await save();
    checked.delete(address.token);
    checked.set(address.token, mark);
    const oldest = checked.keys().next().value;
    if (checked.size > SEARCH_LIMITS.waiting && oldest !== undefined) checked.delete(oldest);
    return blocks;
  };

  const sweep = async (): Promise<void> => {
    timer = undefined;
    const behind = (error: unknown): void => {
      if (!hasCode(error, "KEY_DESTROYED")) log.warn("search.behind", { code: codeOf(error) ?? "INTERNAL" });
    };
    while (!stopped.signal.aborted) {
      // The map is in the order of the last change.
      const quiet = waiting.values().take(SEARCH_LIMITS.sessionsAtOnce)
        .filter(({ sinceMs }) => clock.monotonic() - sinceMs >= SEARCH_LIMITS.quietMs).toArray();
      if (quiet.length === 0) break;
      for (const { address } of quiet) waiting.delete(address.token);
      const beganMs = clock.monotonic();
      await Promise.all(quiet.map(({ address, mark }) => inTurn(address, () => update(address, mark)).catch(behind)));
      const restMs = Math.min((clock.monotonic() - beganMs) * SEARCH_LIMITS.restFactor, SEARCH_LIMITS.restMsMax);
      if (restMs > 0) await clock.wait(restMs, stopped.signal).catch(() => undefined);
    }
    schedule();
  };

  const schedule = (): void => {
    if (!stopped.signal.aborted && waiting.size > 0) timer ??= clock.after(SEARCH_LIMITS.quietMs, () => void sweep());
  };

  const removeAll = async (prefix: string): Promise<void> => {
    for (;;) {
      const page = await records.list(BUCKET, prefix, { limit: SEARCH_LIMITS.pageRows });
      for (const entry of page) await records.write(BUCKET, entry.key, null, entry.revision);
      if (page.length < SEARCH_LIMITS.pageRows) return;
    }
  };

  return {
    hash,
    touch: (address, mark) => {
      if (stopped.signal.aborted || !isOn()) return;
      waiting.delete(address.token);
      waiting.set(address.token, { address, mark, sinceMs: clock.monotonic() });
      const oldest = waiting.keys().next().value;
      if (waiting.size > SEARCH_LIMITS.waiting && oldest !== undefined) waiting.delete(oldest);
      schedule();
    },
    blocks: (address, mark) => inTurn(address, () => update(address, mark)),
    remove: (address) => {
      waiting.delete(address.token);
      return inTurn(address, () => removeAll(`${recordKeyOf(address)}.`));
    },
    purge: () => removeAll(""),
    close: async () => {
      stopped.abort(new OpenClawError("CLOSED"));
      timer?.close();
      await Promise.all(writing.values());
    },
  };
}

function addEntry(block: Block, entry: DumpedEntry, hash: (word: string) => string): void {
  block.upTo = entry.position;
  const said = saidIn(entry);
  if (said === undefined) return;
  const number = block.entries.length;
  block.entries.push({ position: entry.position, timeMs: said.timeMs ?? entry.header?.timeMs ?? 0, role: said.role });
  for (const word of wordsOf(said.text)) {
    const hashed = hash(word);
    const numbers = block.words.get(hashed);
    if (numbers === undefined) block.words.set(hashed, [number]);
    else numbers.push(number);
  }
}

/** What an entry says that a person may look for. */
export function saidIn({ header, body }: DumpedEntry): Said | undefined {
  if (header?.type === "transcript.copied") return copiedIn(body as { readonly messages: readonly TranscriptMessage[] });
  const said = body as { readonly text?: unknown; readonly kind?: string; readonly status?: string } | undefined;
  if (typeof said?.text !== "string" || said.text === "") return undefined;
  switch (header?.type) {
    case "message.offered": return { role: "user", text: said.text };
    case "step.ended": return { role: said.kind === "tool" ? "toolResult" : "assistant", text: said.text };
    // The text of an answered turn stands in its last step already.
    case "turn.ended": return said.status === "ok" ? undefined : { role: "assistant", text: said.text };
    default: return undefined;
  }
}

interface Said {
  readonly role: Role;
  readonly text: string;
  /** Where it was not said when it was written down. */
  readonly timeMs?: number;
}

/** Copied together, found together: the first one tells who spoke, and when. */
function copiedIn({ messages }: { readonly messages: readonly TranscriptMessage[] }): Said | undefined {
  const text = messages.map(({ content }) => content.text).filter((part) => part !== "").join("\n");
  const [first] = messages;
  if (first === undefined || text === "") return undefined;
  return { role: first.content.role === "tool" ? "toolResult" : first.content.role, text, timeMs: first.timeMs };
}
