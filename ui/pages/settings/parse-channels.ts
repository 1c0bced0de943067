/** Messengers as the gateway tells them, parsed; every name is somebody's own word. */
import { fieldsOf, lineOf, listOf, numberOf, textOf, textsOf, type Fields } from "../../stores/fields.ts";

export interface Account {
  readonly channel: string;
  readonly accountId: string;
  /** `Telegram`, or `Telegram · work`. */
  readonly name: string;
  readonly state: string;
  readonly isFinal: boolean;
  readonly as?: string | undefined;
  readonly why?: string | undefined;
  readonly next?: string | undefined;
  readonly sinceMs?: number | undefined;
  readonly inMs?: number | undefined;
  readonly outMs?: number | undefined;
  readonly policy: string;
  readonly owed: number;
}

export interface Kind { readonly id: string; readonly label: string }

export interface Status { readonly atMs: number; readonly kinds: readonly Kind[]; readonly accounts: readonly Account[] }

export interface Place { readonly channel: string; readonly accountId: string; readonly where: string }

export interface Asking extends Place {
  readonly code: string;
  readonly who: string;
  readonly senderId: string;
  readonly atMs: number;
  readonly untilMs: number;
}

export interface LetIn extends Place {
  readonly senderId: string;
  readonly who: string;
  readonly isOwner: boolean;
  readonly isByConfig: boolean;
  readonly sinceMs?: number | undefined;
}

export interface Unsure extends Place {
  readonly id: string;
  readonly to: string;
  readonly text: string;
  readonly why?: string | undefined;
  readonly atMs: number;
}

export const USUAL = "default";

export function parseStatus(answer: unknown): Status {
  const said = fieldsOf(answer);
  const labels = fieldsOf(said["channelLabels"]);
  const labelOf = (channel: string): string => lineOf(labels[channel]) ?? channel;
  return {
    atMs: numberOf(said["ts"]) ?? 0,
    kinds: textsOf(said["channelOrder"]).map((id) => ({ id, label: labelOf(id) })),
    accounts: Object.entries(fieldsOf(said["channelAccounts"])).flatMap(([channel, rows]) => listOf(rows).map((row) => {
      const accountId = textOf(row["accountId"]) ?? USUAL;
      return {
        channel, accountId, name: nameOf(labelOf(channel), accountId), state: textOf(row["state"]) ?? "", isFinal: row["final"] === true,
        as: lineOf(row["as"]), why: lineOf(row["why"]), next: lineOf(row["next"]),
        sinceMs: numberOf(row["sinceMs"]), inMs: numberOf(row["lastInboundAt"]), outMs: numberOf(row["lastOutboundAt"]),
        policy: textOf(row["dmPolicy"]) ?? "pairing", owed: numberOf(row["owed"]) ?? 0,
      };
    })),
  };
}

export interface Pairing { readonly asking: readonly Asking[]; readonly letIn: readonly LetIn[] }

export const NOBODY: Pairing = { asking: [], letIn: [] };

/** `kinds` name the messengers; without them their ids do. */
export function parsePairing(answer: unknown, kinds: readonly Kind[] = []): Pairing {
  const said = fieldsOf(answer);
  return {
    asking: listOf(said["requests"]).map((row) => ({
      ...placeOf(row, kinds), code: lineOf(row["code"]) ?? "", who: whoOf(row), senderId: lineOf(row["senderId"]) ?? "",
      atMs: numberOf(row["createdAtMs"]) ?? 0, untilMs: numberOf(row["expiresAtMs"]) ?? 0,
    })),
    letIn: listOf(said["approved"]).map((row) => ({
      ...placeOf(row, kinds), senderId: lineOf(row["senderId"]) ?? "", who: whoOf(row), isOwner: row["owner"] === true,
      isByConfig: row["by"] === "config", sinceMs: numberOf(row["approvedAtMs"]),
    })),
  };
}

export function parseUnsure(answer: unknown, kinds: readonly Kind[]): readonly Unsure[] {
  return listOf(fieldsOf(answer)["deliveries"]).flatMap((row) => {
    const id = textOf(row["id"]);
    return id === undefined ? [] : [{
      ...placeOf(row, kinds), id, to: lineOf(row["to"]) ?? "?", text: textOf(row["text"]) ?? "", why: lineOf(row["why"]),
      atMs: numberOf(row["atMs"]) ?? 0,
    }];
  });
}

function placeOf(row: Fields, kinds: readonly Kind[]): Place {
  const channel = textOf(row["channel"]) ?? "";
  const accountId = textOf(row["accountId"]) ?? USUAL;
  return { channel, accountId, where: nameOf(kinds.find(({ id }) => id === channel)?.label ?? channel, accountId) };
}

function nameOf(label: string, accountId: string): string {
  return accountId === USUAL ? label : `${label} · ${lineOf(accountId) ?? ""}`;
}

function whoOf(row: Fields): string {
  const [name, username] = [lineOf(row["name"]), lineOf(row["username"])];
  const handle = username === undefined ? undefined : `@${username.replace(/^@/, "")}`;
  return [name, name === undefined || handle === undefined ? handle : `(${handle})`].filter((part) => part !== undefined).join(" ")
    || (lineOf(row["senderId"]) ?? "?");
}
