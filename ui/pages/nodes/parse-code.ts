/** A setup code as the gateway made it. */
import { fieldsOf, numberOf, textOf } from "../../stores/fields.ts";

export interface SetupCode {
  readonly setupId: string;
  readonly code: string;
  readonly expiresAtMs: number;
  /** A picture, as a `data:` address. */
  readonly qr?: string | undefined;
  /** It leads to this machine only. */
  readonly isLoopback: boolean;
}

/** Undefined for what could not be used. */
export function parseCode(value: unknown): SetupCode | undefined {
  const told = fieldsOf(value);
  const setupId = textOf(told["setupId"]);
  const code = textOf(told["setupCode"]);
  const qr = textOf(told["qrDataUrl"]);
  if (setupId === undefined || code === undefined || !/^[\w-]+$/.test(code)) return undefined;
  return {
    setupId, code, expiresAtMs: numberOf(told["expiresAtMs"]) ?? 0, isLoopback: told["urlSource"] === "loopback",
    qr: qr?.startsWith("data:image/png;base64,") === true ? qr : undefined,
  };
}
