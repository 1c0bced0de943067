/** How the gateway is reached: from the configuration to where it listens, whom it believes, and which certificate it shows. */
import { readFile } from "node:fs/promises";
import { isIP } from "node:net";
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import { Secret } from "../base/secret.ts";
import {
  createNetworkMatch, isTailnetAddress, ownAddresses, planListening,
  type AccessRules, type AuthMode, type AuthRate, type BindMode, type GatewayAddresses, type Listen,
} from "../control/gateway.ts";
import { loadGatewayToken } from "./gateway-token.ts";
import type { Config } from "./config-schema.ts";

export interface ReachDeps {
  readonly config: () => Config;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly credentialsDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly port: number;
  /** What `gateway.auth` says, resolved. */
  readonly configured: (key: "token" | "password") => Promise<Secret | undefined>;
  /** From `--token` or the environment. */
  readonly token: Secret | undefined;
  /** From `--bind`. */
  readonly bind?: BindMode | undefined;
}

export interface Reach {
  readonly listen: Listen;
  /** The shared secret: the token, or the password. */
  readonly secret: Secret;
  readonly access: () => AccessRules;
  readonly rate: AuthRate;
  readonly isNodeNetwork: (address: string) => boolean;
  readonly autoApproveLocal: () => boolean;
  /** Host values the owner's configuration implies. */
  readonly hosts: readonly string[];
  /** SHA-256 of the certificate, lowercase hex; absent without TLS. */
  readonly fingerprint?: string;
  /** Differs when what is in force about proxies and vouching differs. */
  readonly policy: () => string;
}

/** Throws BIND_REFUSED or CONFIG_INVALID rather than listening where it should not. */
export async function composeReach(deps: ReachDeps): Promise<Reach> {
  const { config } = deps;
  const { gateway = {} } = config();
  const mode: AuthMode = gateway.auth?.mode ?? "token";
  const plan = planListening({
    bind: deps.bind ?? gateway.bind, customBindHost: gateway.customBindHost, authMode: mode,
    trustedProxies: gateway.trustedProxies ?? [], tls: gateway.tls,
  });
  const secret = await loadSecret(mode, deps);
  const shown = plan.tls ? await showCertificate(deps) : undefined;
  const [host = "127.0.0.1", ...furtherHosts] = plan.hosts;
  const passedOn = (gateway.trustedProxies ?? []).length > 0 || gateway.auth?.allowTailscale === true;
  const rules = createRules(config, mode);
  return {
    secret, access: rules.access, policy: rules.policy,
    listen: {
      host, furtherHosts, port: deps.port, beyondLoopback: plan.beyondLoopback || passedOn,
      ...(shown === undefined ? {} : {
        tls: { key: shown.key, certificate: shown.certificate, plainFromAnywhere: gateway.tls?.plainBeyondLoopback === true },
      }),
    },
    rate: rateOf(config()),
    isNodeNetwork: (address) => createNetworkMatch(config().gateway?.nodes?.pairing?.autoApproveCidrs ?? [])(address),
    autoApproveLocal: () => config().gateway?.nodes?.pairing?.autoApproveLocal ?? true,
    hosts: (gateway.controlUi?.allowedOrigins ?? []).flatMap(
      (origin) => (URL.canParse(origin) ? [new URL(origin).host.toLowerCase()] : []),
    ),
    ...(shown === undefined ? {} : { fingerprint: shown.fingerprint }),
  };
}

async function loadSecret(mode: AuthMode, { configured, environment, credentialsDir, ids, token }: ReachDeps): Promise<Secret> {
  if (mode !== "password") return token ?? await loadGatewayToken({ credentialsDir, configured: await configured("token"), ids });
  const said = environment["OPENCLAW_GATEWAY_PASSWORD"] ?? "";
  const password = said !== "" ? new Secret(said) : await configured("password");
  if (password === undefined) throw new OpenClawError("CONFIG_INVALID", {
    why: "gateway.auth.mode is password, and there is no password.", next: "Set OPENCLAW_GATEWAY_PASSWORD, then start again.",
  });
  return password;
}

/** The rules are made anew only when the configuration is another one: they are read with every connection. */
function createRules(config: () => Config, mode: AuthMode): { readonly access: () => AccessRules; readonly policy: () => string } {
  let made: { readonly from: string; readonly rules: AccessRules } | undefined;
  const policy = (): string => {
    const { trustedProxies = [], auth = {} } = config().gateway ?? {};
    return JSON.stringify([trustedProxies, auth.allowTailscale ?? false, auth.trustedProxy ?? {}]);
  };
  return {
    policy,
    access: () => {
      const from = policy();
      if (made?.from === from) return made.rules;
      const { trustedProxies = [], auth = {} } = config().gateway ?? {};
      const rules: AccessRules = {
        mode, isTrustedProxy: createNetworkMatch(trustedProxies),
        userHeader: auth.trustedProxy?.userHeader ?? "x-forwarded-user", allowUsers: auth.trustedProxy?.allowUsers ?? [],
        whois: auth.allowTailscale === true ? whoisLater : undefined,
      };
      made = { from, rules };
      return rules;
    },
  };
}

async function whoisLater(address: string, signal: AbortSignal): Promise<string | undefined> {
  const { askWhois } = await import("./tailscale.ts");
  return askWhois(address, signal);
}

function rateOf(config: Config): AuthRate {
  const { maxAttempts = 10, windowMs = 60_000, lockoutMs = 300_000, exemptLoopback = true } = config.gateway?.auth?.rateLimit ?? {};
  return { failuresMax: maxAttempts, windowMs, lockoutMs, exemptLoopback };
}

async function showCertificate(
  { config, credentialsDir, clock, ids }: ReachDeps,
): Promise<{ readonly key: string; readonly certificate: string; readonly fingerprint: string }> {
  const { certPath, keyPath } = config().gateway?.tls ?? {};
  if (certPath !== undefined && keyPath !== undefined) return readOwn(certPath, keyPath);
  const { loadCertificate } = await import("../fabric/certificate.ts");
  return loadCertificate({ credentialsDir, clock, ids, names: (await import("./certificate-names.ts")).certificateNames() });
}

async function readOwn(certPath: string, keyPath: string): Promise<{ key: string; certificate: string; fingerprint: string }> {
  try {
    const [certificate, key] = await Promise.all([readFile(certPath, "utf8"), readFile(keyPath, "utf8")]);
    const { X509Certificate } = process.getBuiltinModule("node:crypto");
    const { fingerprintOf } = await import("../fabric/certificate.ts");
    return { key, certificate, fingerprint: fingerprintOf(new X509Certificate(certificate).raw) };
  } catch (cause) {
    throw new OpenClawError("CONFIG_INVALID", {
      why: `gateway.tls names a certificate that cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`, cause,
      next: "Mend gateway.tls.certPath and gateway.tls.keyPath, or leave both out.",
    });
  }
}

/** Where a device finds the gateway, best first: as the owner says, over the tailnet, over the local network, on this machine. */
export function gatewayAddresses(reach: Reach, config: Config, port = reach.listen.port): GatewayAddresses {
  const { listen, fingerprint } = reach;
  const scheme = listen.tls === undefined ? "ws" : "wss";
  const said = config.gateway?.remote?.url;
  const urlOf = (address: string): string => `${scheme}://${isIP(address) === 6 ? `[${address}]` : address}:${port}`;
  const bound = [listen.host, ...(listen.furtherHosts ?? [])];
  const reachable = bound.some((host) => host === "0.0.0.0" || host === "::")
    ? ownAddresses().filter((address) => isIP(address) === 4 && !address.startsWith("127."))
    : bound.filter((host) => !host.startsWith("127.") && host !== "::1");
  const near = reachable.map((address) => ({ url: urlOf(address), source: isTailnetAddress(address) ? "tailnet" : "lan" }));
  return {
    urls: [
      ...(said === undefined ? [] : [{ url: said.replace(/^http/, "ws"), source: "remote" }]),
      ...near.sort((a, b) => Number(b.source === "tailnet") - Number(a.source === "tailnet")),
      ...(near.length === 0 ? [{ url: urlOf("127.0.0.1"), source: "loopback" }] : []),
    ],
    ...(fingerprint === undefined ? {} : { tlsFingerprint: fingerprint }),
  };
}
