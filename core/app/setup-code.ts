/** A setup code as a person pastes it: from text to where the gateway is, what lets this machine in, and how to know it. */
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../base/clock.ts";
import { Secret } from "../base/secret.ts";
import { UsageError } from "./terminal/usage-error.ts";

export interface SetupCode {
  /** Best first. */
  readonly urls: readonly string[];
  readonly bootstrapToken: Secret;
  /** Lowercase hex. */
  readonly tlsFingerprint?: string;
}

const LINK = "oc-pair://";
const URLS_MAX = 8;
const CODE_CHARS_MAX = 8_192;

/** Takes the code and its link form. Throws UsageError for what is none, PAIRING_REQUIRED for one that is too old. */
export function parseSetupCode(text: string, clock: Clock): SetupCode {
  const code = text.trim().replace(LINK, "").replace(/\/$/, "");
  const content = code.length > CODE_CHARS_MAX ? undefined : parseJson(code);
  const { url, urls, bootstrapToken, expiresAtMs, tlsFingerprint } = content ?? {};
  const addresses = [url, ...(Array.isArray(urls) ? (urls as unknown[]) : [])].filter(isSocketUrl);
  if (typeof bootstrapToken !== "string" || bootstrapToken === "" || addresses.length === 0) throw new UsageError(
    "This is not a setup code.", "On the gateway's machine: openclaw devices join-code",
  );
  if (typeof expiresAtMs === "number" && expiresAtMs <= clock.now()) throw new OpenClawError("PAIRING_REQUIRED", {
    why: "This setup code is older than ten minutes.", next: "On the gateway's machine: openclaw devices join-code",
  });
  const said = typeof tlsFingerprint === "string" ? tlsFingerprint.toLowerCase() : "";
  const fingerprint = said.replace(/^sha-?256[:/= ]*/, "").replaceAll(":", "");
  return {
    urls: [...new Set(addresses)].slice(0, URLS_MAX), bootstrapToken: new Secret(bootstrapToken),
    ...(/^[0-9a-f]{64}$/.test(fingerprint) ? { tlsFingerprint: fingerprint } : {}),
  };
}

function parseJson(code: string): Readonly<Record<string, unknown>> | undefined {
  try {
    const value: unknown = JSON.parse(Buffer.from(code, "base64url").toString("utf8"));
    return typeof value === "object" && value !== null ? (value as Record<string, unknown>) : undefined;
  } catch {
    return undefined;
  }
}

function isSocketUrl(value: unknown): value is string {
  return typeof value === "string" && URL.canParse(value) && /^wss?:$/.test(new URL(value).protocol);
}
