/**
 * Strangers and whoever was let in, for each account.
 *
 * A stranger gets one code and nothing else; few codes are open at once, each for an hour, so that nobody can make this gateway
 * write to people at will. Approving is a person's act, and it stays.
 */
import { OpenClawError } from "@openclaw/protocol";
import type { ChannelMessage } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { openChannelRecords, type ChannelRecordsDeps } from "./channel-records.ts";

export const PAIRING_LIMITS = { codesMax: 3, codeLifeMs: 3_600_000, approvedMax: 1_000, dismissedMax: 100, nameChars: 64 } as const;

export interface PairingCode {
  readonly code: string;
  readonly senderId: string;
  readonly name?: string;
  readonly username?: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export interface ApprovedSender {
  readonly senderId: string;
  readonly name?: string;
  readonly username?: string;
  readonly owner: boolean;
  readonly approvedAtMs: number;
  readonly by: string;
}

interface Kept {
  readonly codes: readonly PairingCode[];
  readonly approved: readonly ApprovedSender[];
  readonly dismissed: readonly { readonly senderId: string; readonly untilMs: number }[];
}

export interface Pairing {
  approved(account: string, senderId: string): ApprovedSender | undefined;
  list(account: string): Pick<Kept, "codes" | "approved">;
  /** A new code for a stranger, durable; undefined where they have one, were dismissed, or too many are open. */
  ask(account: string, sender: ChannelMessage["sender"]): Promise<PairingCode | undefined>;
  /** Throws PAIRING_CODE_UNKNOWN. */
  approve(account: string, code: string, owner: boolean, by: string): Promise<ApprovedSender>;
  /** Throws PAIRING_CODE_UNKNOWN. */
  dismiss(account: string, code: string): Promise<string>;
  remove(account: string, senderId: string): Promise<boolean>;
  /** Nobody is known there any more. */
  forget(account: string): Promise<void>;
}

const NOTHING: Kept = { codes: [], approved: [], dismissed: [] };
/** Without what is read as something else. */
const LETTERS = "ABCDEFGHJKLMNPQRSTUVWXYZ23456789";
const CODE_CHARS = 8;

export interface PairingDeps extends ChannelRecordsDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly onChanged: (account: string) => void;
}

export async function openPairing(deps: PairingDeps): Promise<Pairing> {
  const { clock, ids } = deps;
  const store = openChannelRecords<Kept>("channel-pairing", deps);
  const all = new Map(await store.all());
  const changing = new Map<string, Promise<unknown>>();

  const fresh = (account: string): Kept => {
    const { codes, approved, dismissed } = all.get(account) ?? NOTHING;
    const now = clock.now();
    return {
      approved, codes: codes.filter(({ expiresAtMs }) => expiresAtMs > now), dismissed: dismissed.filter(({ untilMs }) => untilMs > now),
    };
  };
  /** One after the other for each account; what was said holds once it is durable. */
  const change = <T>(account: string, make: (kept: Kept) => readonly [Kept, T]): Promise<T> => {
    const done = (changing.get(account) ?? Promise.resolve()).catch(() => undefined).then(async () => {
      const before = fresh(account);
      const [next, result] = make(before);
      if (next !== before) {
        await store.save(account, next);
        all.set(account, next);
        deps.onChanged(account);
      }
      return result;
    });
    changing.set(account, done);
    return done;
  };
  const byCode = ({ codes }: Kept, code: string): PairingCode => {
    const wanted = code.trim().toUpperCase().replaceAll("-", "");
    const found = codes.find((one) => one.code === wanted);
    if (found === undefined) throw new OpenClawError("PAIRING_CODE_UNKNOWN");
    return found;
  };

  return {
    approved: (account, senderId) => all.get(account)?.approved.find((one) => one.senderId === senderId),
    list: fresh,
    ask: (account, { id: senderId, name, username }) => change(account, (kept) => {
      const known = [...kept.codes, ...kept.dismissed, ...kept.approved].some((one) => one.senderId === senderId);
      if (known || kept.codes.length >= PAIRING_LIMITS.codesMax) return [kept, undefined];
      const now = clock.now();
      const code: PairingCode = {
        code: [...ids.bytes(CODE_CHARS)].map((byte) => LETTERS.charAt(byte % LETTERS.length)).join(""), senderId,
        ...(name === undefined ? {} : { name: shortName(name) }), ...(username === undefined ? {} : { username: shortName(username) }),
        createdAtMs: now, expiresAtMs: now + PAIRING_LIMITS.codeLifeMs,
      };
      return [{ ...kept, codes: [...kept.codes, code] }, code];
    }),
    approve: (account, code, owner, by) => change(account, (kept) => {
      const { senderId, name, username } = byCode(kept, code);
      const sender: ApprovedSender = {
        senderId, ...(name === undefined ? {} : { name }), ...(username === undefined ? {} : { username }), owner,
        approvedAtMs: clock.now(), by,
      };
      const approved = [...kept.approved.filter((one) => one.senderId !== senderId), sender];
      if (approved.length > PAIRING_LIMITS.approvedMax) {
        throw new OpenClawError("BACKPRESSURE", { why: `${PAIRING_LIMITS.approvedMax} people are let in already.` });
      }
      return [{ ...kept, approved, codes: kept.codes.filter((one) => one.senderId !== senderId) }, sender];
    }),
    dismiss: (account, code) => change(account, (kept) => {
      const { senderId } = byCode(kept, code);
      const dismissed = [...kept.dismissed, { senderId, untilMs: clock.now() + PAIRING_LIMITS.codeLifeMs }];
      const codes = kept.codes.filter((one) => one.senderId !== senderId);
      return [{ ...kept, codes, dismissed: dismissed.slice(-PAIRING_LIMITS.dismissedMax) }, senderId];
    }),
    remove: (account, senderId) => change(account, (kept) => {
      const approved = kept.approved.filter((one) => one.senderId !== senderId);
      return approved.length === kept.approved.length ? [kept, false] : [{ ...kept, approved }, true];
    }),
    forget: (account) => change(account, () => [NOTHING, undefined]),
  };
}

/** A stranger's own word: one line, and short. */
export function shortName(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\[\]]+/gu, " ").replace(/\s+/g, " ").trim().slice(0, PAIRING_LIMITS.nameChars).toWellFormed();
}
