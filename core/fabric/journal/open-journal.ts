import { hash } from "node:crypto";
import { hasCode, type Label } from "@openclaw/protocol";
import { SLOTS, type LogEntry } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import { createPlaces } from "../../base/places.ts";
import { HOME_TENANT, type Principal } from "../identity.ts";
import type { JournalDeps, SessionAddress } from "./address.ts";
import type { DumpedEntry } from "./dump-entries.ts";
import { decodeEntry, encodeEntry, openBody, readHeader } from "./entry.ts";
import type { EntryHeader, OfferType, Recorded } from "./event.ts";
import type { OfferBodies } from "./offer.ts";
import { openSessionLog, type FilesOf, type SessionLog } from "./session-log.ts";
import { dropSnapshot, hasSnapshot } from "./snapshot.ts";
import type { ChainReport } from "./verify-chain.ts";

/** Sessions that move their entries into a segment side by side: each holds what it moves in memory, more than once. */
const COMPACTING_MAX = 2;

export interface Offered {
  readonly position: number;
  readonly duplicate: boolean;
  /** The engine's id of the offer. */
  readonly offerId: string;
}

export interface NewOffer<T extends OfferType> {
  readonly type: T;
  /** What repeats are known by. */
  readonly id: string;
  readonly body: OfferBodies[T];
  readonly principal: Principal;
  /** The principal's own unless given. */
  readonly label?: Label;
}

export interface Journal {
  /** The same key always has the same address; nothing is read. */
  address(sessionKey: string, tenant?: string): SessionAddress;
  /** The id under which an offer is stored: says nothing of what it was made from. */
  offerId(address: SessionAddress, type: OfferType, id: string): string;
  /**
   * Durable when it resolves. Anyone may offer; whether it was folded before is the owner's to say. `log`, where the session
   * is loaded, saves loading its key.
   */
  offer<T extends OfferType>(address: SessionAddress, offer: NewOffer<T>, log?: SessionLog): Promise<Offered>;
  /** Whether anything was ever recorded under the address and not forgotten. Makes nothing. */
  exists(address: SessionAddress): Promise<boolean>;
  /** Folds a session from its newest snapshot and the log after it. Throws KEY_DESTROYED for a deleted one. */
  load(address: SessionAddress): Promise<SessionLog>;
  /** One entry, opened. Throws KEY_DESTROYED for a deleted session's. */
  open(entry: LogEntry): Promise<Recorded>;
  /** The header of an entry, without a key. */
  peek(entry: LogEntry): EntryHeader;
  /** Walks the session's chain of commitments; needs no key, so it works for deleted sessions too. */
  verify(address: SessionAddress): Promise<ChainReport>;
  /** Entries after `after` in the open, oldest first; those that do not verify are named. Throws KEY_DESTROYED. */
  dump(address: SessionAddress, after: number, limit: number): Promise<readonly DumpedEntry[]>;
  /** Erases the session's key and snapshot. The commitments stay, so the chain still verifies. */
  destroy(address: SessionAddress): Promise<void>;
}

export function createJournal(deps: JournalDeps): Journal {
  const { engine, vault, clock } = deps;
  const lane = createPlaces(COMPACTING_MAX);
  const offerId = ({ tenant, token }: SessionAddress, type: OfferType, id: string): string => vault.token(tenant, `${token}/${type}/${id}`);
  const addressOf = (sessionKey: string, tenant = HOME_TENANT): SessionAddress => {
    const token = vault.token(tenant, `session/${sessionKey}`);
    return { tenant, token, slot: slotOf(token) };
  };
  const exists = async (address: SessionAddress): Promise<boolean> => {
    const [first] = await engine.log.readSession(address.slot, address.token, 0, 1);
    return first !== undefined || (await hasSnapshot(engine, address));
  };
  /** Of the session a branch came from, where it is still the same one. */
  const filesOf = (tenant: string): FilesOf => async ({ key, sessionId }) => {
    try {
      const from = addressOf(key, tenant);
      if (!(await exists(from))) return undefined;
      const { state, blobs } = await load(from);
      return state.sessionId === sessionId ? blobs.attachments : undefined;
    } catch (error) {
      if (!hasCode(error, "KEY_DESTROYED")) throw error;
      return undefined;
    }
  };
  const load = (address: SessionAddress): Promise<SessionLog> =>
    openSessionLog(deps, address, lane, filesOf(address.tenant));
  return {
    address: addressOf,
    offerId,
    offer: async (address, { type, id, body, principal, label }, log) => {
      const { tenant, token } = address;
      const facts = {
        type, tenant, session: token, principal: principal.id, label: label ?? principal.label, cause: null, timeMs: clock.now(),
      };
      const made = log?.encodeOffer(facts, body) ?? encodeEntry(await vault.sessionKey(tenant, token), facts, body);
      const stored = offerId(address, type, id);
      const { position, duplicate } = await engine.log.offer({ slot: address.slot, session: address.token, id: stored, body: made.bytes });
      return { position, duplicate, offerId: stored };
    },
    exists, load,
    open: async ({ body, kind, position, id }) => {
      const framed = decodeEntry(body);
      const { header } = framed;
      const key = await vault.sessionKey(header.tenant, header.session);
      return { kind, type: header.type, body: openBody(key, framed), position, id, header } as Recorded;
    },
    peek: (entry) => readHeader(entry.body),
    verify: async (address) => await (await import("./verify-chain.ts")).verifyChain(deps, address),
    dump: async (address, after, limit) => await (await import("./dump-entries.ts")).dumpEntries(deps, address, after, limit),
    destroy: async (address) => {
      await vault.destroy(address.tenant, address.token);
      crashPoint("deletion.key-destroyed");
      await dropSnapshot(engine, address);
    },
  };
}

/** Fixed for the life of an installation: changing it would lose every session. */
export function slotOf(token: string): number {
  return Number.parseInt(hash("sha256", token, "hex").slice(0, 8), 16) % SLOTS;
}
