/**
 * This machine as a person's device at a gateway elsewhere: a key of its own, and the token that was given for it.
 *
 * The token goes to the gateway that gave it and to no other; what it may do stands in that gateway's record of the device.
 */
import { mkdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { formatDeviceProof } from "@openclaw/protocol";
import type { ClientOptions } from "@openclaw/protocol/client";
import type { Secret } from "../base/secret.ts";
import { loadNodeIdentity, saveDeviceToken, type NodeIdentity } from "../execution/node-host.ts";
import type { CommandContext } from "./commands/command.ts";
import { stateDirOf } from "./commands/state-dir.ts";

export interface OperatorHello {
  readonly scopes: readonly string[];
  readonly caps?: readonly string[];
  readonly name?: string;
}

type Credential = { readonly deviceToken: Secret } | { readonly bootstrapToken: Secret };

const GATEWAY_FILE = "gateway.json";

const dirOf = (ctx: CommandContext): string => join(stateDirOf(ctx), "credentials", "operator");

/** Made at the first call, and the same ever after. */
export async function makeOperatorIdentity(ctx: CommandContext): Promise<NodeIdentity> {
  const dir = dirOf(ctx);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  return loadNodeIdentity(dir);
}

export async function keepOperatorToken(ctx: CommandContext, url: string, token: Secret): Promise<void> {
  await saveDeviceToken(dirOf(ctx), token);
  await writeFile(join(dirOf(ctx), GATEWAY_FILE), `${JSON.stringify({ url })}\n`, { mode: 0o600, flush: true });
}

/** As the device that the gateway at `url` knows; undefined where this machine is none of its. */
export async function operatorHelloFor(ctx: CommandContext, url: string, said: OperatorHello): Promise<ClientOptions["hello"] | undefined> {
  const text = await readFile(join(dirOf(ctx), GATEWAY_FILE), "utf8").catch(() => "{}");
  const kept = (JSON.parse(text) as { readonly url?: string }).url;
  if (kept === undefined || new URL(kept).host !== new URL(url).host) return undefined;
  const identity = await loadNodeIdentity(dirOf(ctx));
  const { deviceToken } = identity;
  return deviceToken === undefined ? undefined : deviceHello(ctx, identity, { deviceToken }, said);
}

/** The gateway's own time is signed: the nonce alone makes the proof fresh, whatever this machine's clock says. */
export function deviceHello(
  ctx: CommandContext, identity: NodeIdentity, credential: Credential, { scopes, caps = [], name }: OperatorHello,
): ClientOptions["hello"] {
  const auth = "deviceToken" in credential ? { deviceToken: credential.deviceToken.reveal() }
    : { bootstrapToken: credential.bootstrapToken.reveal() };
  return ({ nonce, ts: signedAt }) => {
    const proof = formatDeviceProof({
      deviceId: identity.deviceId, clientId: "cli", clientMode: "cli", role: "operator", scopes, signedAtMs: signedAt,
      token: auth.deviceToken ?? auth.bootstrapToken, nonce, platform: process.platform,
    });
    return {
      client: { id: "cli", mode: "cli", version: ctx.version, platform: process.platform, ...(name === undefined ? {} : { displayName: name }) },
      role: "operator", scopes: [...scopes], caps: [...caps], auth,
      device: { id: identity.deviceId, publicKey: identity.publicKey, signature: identity.sign(proof), signedAt, nonce },
    };
  };
}
