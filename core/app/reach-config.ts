/** How the gateway is reached from elsewhere: the part of `gateway.*` and `discovery.*` that compose-reach.ts reads. */
import type { JsonSchema } from "@openclaw/protocol";

const text = { type: "string", minLength: 1, maxLength: 1_024 } as const;
const addresses = { type: "array", maxItems: 64, items: { type: "string", minLength: 1, maxLength: 64 }, default: [] } as const;

export const bindConfig = {
  enum: ["loopback", "lan", "tailnet", "custom", "auto"], default: "loopback",
  description: "Where it listens. Beyond loopback only with a token or password, and only with TLS.",
} as const satisfies JsonSchema;

export const authModeConfig = {
  enum: ["token", "password", "none", "trusted-proxy"], default: "token",
  description: "How clients prove that they may come in. none: on loopback only.",
} as const satisfies JsonSchema;

/** Beside `mode` and `token` in `gateway.auth`. */
export const authConfig = {
  password: {
    type: "string", minLength: 8, maxLength: 512, secret: true, description: "For mode password; OPENCLAW_GATEWAY_PASSWORD wins.",
  },
  allowTailscale: {
    type: "boolean", default: false,
    description: "Believe the identity headers of Tailscale Serve, once the tailscale daemon of this machine has confirmed them.",
  },
  trustedProxy: {
    type: "object", additionalProperties: false, description: "For mode trusted-proxy: how the proxy names the person.",
    properties: {
      userHeader: { ...text, default: "x-forwarded-user", description: "The header that holds who it is." },
      allowUsers: {
        type: "array", maxItems: 256, items: {
          type: "string", maxLength: 256,
        }, default: [], description: "Only these; empty: whomever the proxy names.",
      },
    },
  },
  rateLimit: {
    type: "object", additionalProperties: false, description: "Failed attempts, counted by source and kind of credential.",
    properties: {
      maxAttempts: { type: "integer", minimum: 1, maximum: 60, default: 10, description: "Failures within the window before a lockout." },
      windowMs: { type: "integer", minimum: 1_000, maximum: 3_600_000, default: 60_000, description: "The window." },
      lockoutMs: { type: "integer", minimum: 1_000, maximum: 86_400_000, default: 300_000, description: "How long it lasts." },
      exemptLoopback: { type: "boolean", default: true, description: "Programs on this machine are slowed down instead of locked out." },
    },
  },
} as const satisfies Record<string, JsonSchema>;

/** Beside the others in `gateway`. */
export const reachConfig = {
  customBindHost: { ...text, description: "The address for bind custom." },
  trustedProxies: { ...addresses, description: "Addresses or networks of reverse proxies whose X-Forwarded-For is believed." },
  tls: {
    type: "object", additionalProperties: false, description: "TLS 1.3 on the same port. The certificate makes itself at the first need.",
    properties: {
      enabled: { type: "boolean", description: "On beyond loopback unless said otherwise." },
      autoGenerate: { type: "boolean", default: true, description: "Taken; a certificate is made where certPath is absent." },
      caPath: { ...text, description: "Taken; clients prove themselves by their own keys." },
      certPath: { ...text, description: "A certificate of your own, PEM; with keyPath." },
      keyPath: { ...text, description: "Its private key, PEM." },
      plainBeyondLoopback: {
        type: "boolean", default: false,
        description: "Listen beyond loopback without TLS: all can be read on the way. Only where the network itself encrypts.",
      },
    },
  },
  tailscale: {
    type: "object", additionalProperties: false, description: "Whether Tailscale serves the gateway while `openclaw gateway run` runs.",
    properties: {
      mode: {
        enum: ["off", "serve", "funnel"], default: "off", description: "serve: within the tailnet. funnel: public, with a password only.",
      },
      resetOnExit: { type: "boolean", default: false, description: "Stop serving when the gateway stops; else it stays served." },
    },
  },
} as const satisfies Record<string, JsonSchema>;

/** `gateway.nodes.pairing`. */
export const pairingConfig = {
  type: "object", additionalProperties: false, description: "Which devices need no person to let them in.",
  properties: {
    autoApproveLocal: { type: "boolean", default: true, description: "Programs of this machine that hold the token." },
    autoApproveCidrs: {
      ...addresses, description: "First-time nodes that hold the token, from these networks. What they may do is still asked.",
    },
    sshVerify: { type: "boolean", default: true, description: "Taken, without effect: the gateway logs in nowhere. Such a node waits for openclaw devices approve." },
  },
} as const satisfies JsonSchema;

export const discoveryConfig = {
  type: "object", additionalProperties: false, description: "How the gateway is found.",
  properties: {
    mdns: {
      type: "object", additionalProperties: false, description: "Multicast DNS, by `openclaw gateway advertise`.",
      properties: {
        mode: {
          enum: ["minimal", "full", "off"], default: "minimal", description: "full: also the ssh port and where the command line is.",
        },
      },
    },
  },
} as const satisfies JsonSchema;
