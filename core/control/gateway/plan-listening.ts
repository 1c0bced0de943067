/**
 * Where the gateway listens, and whether it may.
 *
 * Loopback is always served: the local node and the command line of this machine come in there. Beyond it everything has to
 * be right before the first packet is taken: somebody must prove who they are, and nobody in between may read it.
 */
import { networkInterfaces } from "node:os";
import { isIP } from "node:net";
import { OpenClawError } from "@openclaw/protocol";
import { isLoopbackAddress } from "./check-source.ts";
import { isTailnetAddress } from "./networks.ts";

export type BindMode = "loopback" | "lan" | "tailnet" | "custom" | "auto";
export type AuthMode = "token" | "password" | "none" | "trusted-proxy";

export interface ListenWish {
  readonly bind?: BindMode | undefined;
  readonly customBindHost?: string | undefined;
  readonly authMode: AuthMode;
  /** Of trusted-proxy. */
  readonly trustedProxies: readonly string[];
  readonly tls?: { readonly enabled?: boolean | undefined; readonly plainBeyondLoopback?: boolean | undefined } | undefined;
}

export interface ListenPlan {
  /** The first is what the gateway calls its own address; it is loopback, or covers it. */
  readonly hosts: readonly string[];
  readonly beyondLoopback: boolean;
  readonly tls: boolean;
}

const LOOPBACK = "127.0.0.1";
const EVERYWHERE = "0.0.0.0";

/** Throws BIND_REFUSED, saying what is missing. `own` are the addresses of this machine. */
export function planListening(wish: ListenWish, own: readonly string[] = ownAddresses()): ListenPlan {
  const hosts = hostsOf(wish, own);
  const beyondLoopback = hosts.some((host) => !isLoopbackAddress(host));
  const { authMode } = wish;
  if (authMode === "trusted-proxy" && wish.trustedProxies.length === 0) throw refuse(
    "gateway.auth.mode is trusted-proxy, and no proxy is trusted.", "Name it: openclaw config set gateway.trustedProxies '[\"10.0.0.2\"]'",
  );
  if (!beyondLoopback) return { hosts, beyondLoopback, tls: wish.tls?.enabled === true };
  if (authMode === "none") throw refuse(
    `gateway.bind "${wish.bind}" leaves this machine, and gateway.auth.mode is none.`,
    "Let clients prove themselves: openclaw config set gateway.auth.mode token",
  );
  const tls = wish.tls?.enabled ?? true;
  if (!tls && wish.tls?.plainBeyondLoopback !== true) throw refuse(
    `gateway.bind "${wish.bind}" leaves this machine, and gateway.tls.enabled is false.`,
    "Leave gateway.tls.enabled out. Where the network itself encrypts: gateway.tls.plainBeyondLoopback",
  );
  return { hosts, beyondLoopback, tls };
}

function hostsOf({ bind = "loopback", customBindHost }: ListenWish, own: readonly string[]): readonly string[] {
  switch (bind) {
    case "loopback":
      return [LOOPBACK];
    case "auto":
      return own.length === 0 || own.includes(LOOPBACK) ? [LOOPBACK] : [EVERYWHERE];
    case "lan":
      return [EVERYWHERE];
    case "tailnet": {
      const found = own.filter(isTailnetAddress);
      if (found.length === 0) throw refuse(
        'gateway.bind is "tailnet", and this machine has no tailnet address.',
        "Connect it: tailscale up. Or: openclaw config set gateway.bind loopback",
      );
      return [LOOPBACK, ...found];
    }
    case "custom": {
      if (customBindHost === undefined || isIP(customBindHost) === 0) throw refuse(
        'gateway.bind is "custom", and gateway.customBindHost is no address.', "openclaw config set gateway.customBindHost 192.168.1.2",
      );
      if (customBindHost === EVERYWHERE || customBindHost === "::" || isLoopbackAddress(customBindHost)) return [customBindHost];
      return [LOOPBACK, customBindHost];
    }
  }
}

/** Addresses of this machine's interfaces. */
export function ownAddresses(): readonly string[] {
  return Object.values(networkInterfaces()).flatMap((faces) => (faces ?? []).map(({ address }) => address));
}

function refuse(why: string, next: string): OpenClawError {
  return new OpenClawError("BIND_REFUSED", { why, next });
}
