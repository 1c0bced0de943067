/**
 * Making this machine a node of a gateway.
 *
 * The gateway's token is spent, not kept: it buys a token bound to this machine's own key, and only that is stored. Then the
 * same token, as an operator's, approves what the node offers, so that a person who holds it has nothing else to do.
 */
import { readFile, rename, writeFile } from "node:fs/promises";
import { hostname } from "node:os";
import { join } from "node:path";
import { formatDeviceProof, hasCode, NODE_COMMANDS, NODE_JOURNAL_CAP, OpenClawError, type ConnectParams } from "@openclaw/protocol";
import type { GatewayClient } from "@openclaw/protocol/client";
import { Secret } from "../../base/secret.ts";
import { fingerprintWords } from "../../fabric/certificate.ts";
import { loadNodeIdentity, saveDeviceToken, syncDirectory, type NodeIdentity } from "../../execution/node-host.ts";
import { askGateway, openGateway, pinnedFor, requestOptions, withGateway } from "../connect.ts";
import { addressOf, tokenFor, type GatewayAddress } from "../gateway-address.ts";
import type { SetupCode } from "../setup-code.ts";
import { UsageError } from "../terminal/usage-error.ts";
import type { CommandContext } from "./command.ts";
import { approveNode } from "./nodes.ts";
import { asPayload, listAt, textAt, textsAt, type Payload } from "./payload.ts";

/** What is kept beside the key. The device token has a file of its own. */
export interface Pairing {
  readonly url: string;
  readonly name: string;
  readonly nodeId: string;
  /** SHA-256 of the gateway's certificate, where nobody else vouches for it. */
  readonly tlsFingerprint?: string;
}

export interface Paired extends Pairing {
  /** Of this machine's key; the gateway shows the same. */
  readonly words: readonly string[];
  /** Commands the gateway may now ask for. */
  readonly commands: readonly string[];
}

/** What the node host declares when it starts: approved here, so that it need not be approved again there. */
const CAPS = ["system", "file", "job", "artifact", NODE_JOURNAL_CAP];
const PAIRING_FILE = "gateway.json";
const SURFACE_TRIES = 20;
const SURFACE_WAIT_MS = 50;

/** Throws AUTH_TOKEN_MISSING without a token, and whatever the gateway refuses with. Nothing is kept of a pairing that failed. */
export async function pairNode(
  ctx: CommandContext,
  nodeDir: string,
  said: { readonly url?: string; readonly name?: string },
): Promise<Paired> {
  const address = await addressOf(ctx, said.url);
  if (address.ssh !== undefined) throw new UsageError(
    "This gateway is reached by ssh for the time of one command, and a node stays connected.",
    `openclaw remote --ssh ${address.ssh.destination} --port N, then: openclaw node pair --url http://127.0.0.1:N --token TOKEN`,
  );
  const token = await tokenFor(ctx, address);
  if (token === undefined) throw new OpenClawError("AUTH_TOKEN_MISSING", {
    why: "Pairing spends the gateway's token once.", next: "On the gateway's machine: openclaw config get gatewayToken",
  });
  const identity = await loadNodeIdentity(nodeDir);
  const name = said.name ?? hostname();
  // Everything below authenticates with the token in hand, wherever it came from.
  const node = await connectAsNode(ctx, address, identity, token, name);
  try {
    const deviceToken = node.hello.auth.deviceToken;
    if (deviceToken === undefined) throw new OpenClawError("PAIRING_REQUIRED", {
      why: "The gateway gave this machine no token of its own.", next: "Update the gateway, or look at: openclaw devices",
    });
    const commands = await approveSurface(ctx, address, identity.deviceId, token);
    const fingerprint = await pinnedFor(ctx, address);
    const pairing: Pairing = {
      url: address.url, name, nodeId: identity.deviceId, ...(fingerprint === undefined ? {} : { tlsFingerprint: fingerprint }),
    };
    await saveDeviceToken(nodeDir, new Secret(deviceToken));
    await savePairing(nodeDir, pairing);
    return { ...pairing, commands, words: fingerprintWords(pairing.nodeId) };
  } finally {
    node.close();
  }
}

/**
 * The same with a setup code: it says where the gateway is and how to know it, and is used up. What this machine declares is
 * approved with it. Throws what the last address that was tried refused with.
 */
export async function pairByCode(ctx: CommandContext, nodeDir: string, code: SetupCode, said: { readonly name?: string }): Promise<Paired> {
  const identity = await loadNodeIdentity(nodeDir);
  const name = said.name ?? hostname();
  const { tlsFingerprint, bootstrapToken } = code;
  const pinned = tlsFingerprint === undefined ? {} : { fingerprint: tlsFingerprint };
  let trouble: unknown;
  for (const url of code.urls) {
    try {
      const node = await openGateway(ctx, {
        scopes: [], url, ...pinned, hello: (challenge) => nodeHello(ctx, identity, { bootstrapToken }, name, challenge),
      });
      node.close();
      const deviceToken = node.hello.auth.deviceToken;
      if (deviceToken === undefined) throw new OpenClawError(
        "PAIRING_REQUIRED", { why: "The gateway gave this machine no token of its own." },
      );
      const pairing: Pairing = { url, name, nodeId: identity.deviceId, ...(tlsFingerprint === undefined ? {} : { tlsFingerprint }) };
      await saveDeviceToken(nodeDir, new Secret(deviceToken));
      await savePairing(nodeDir, pairing);
      return { ...pairing, commands: Object.keys(NODE_COMMANDS), words: fingerprintWords(pairing.nodeId) };
    } catch (error) {
      trouble = error;
      if (!hasCode(error, "GATEWAY_UNREACHABLE")) throw error;
    }
  }
  throw trouble;
}

/** Undefined when this machine was never paired under this directory. */
export async function loadPairing(nodeDir: string): Promise<Pairing | undefined> {
  let text: string;
  try {
    text = await readFile(join(nodeDir, PAIRING_FILE), "utf8");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
  const stored = parseStored(text);
  const [url, name, nodeId] = [textAt(stored, "url"), textAt(stored, "name"), textAt(stored, "nodeId")];
  const tlsFingerprint = textAt(stored, "tlsFingerprint");
  if (url === undefined || name === undefined || nodeId === undefined) {
    throw new OpenClawError("STATE_DAMAGED", {
      why: `${join(nodeDir, PAIRING_FILE)} does not say which gateway.`,
      next: "Pair again: openclaw node pair --url URL --token TOKEN",
    });
  }
  return { url, name, nodeId, ...(tlsFingerprint === undefined ? {} : { tlsFingerprint }) };
}

function parseStored(text: string): Payload {
  try {
    return asPayload(JSON.parse(text));
  } catch {
    return {};
  }
}

async function savePairing(nodeDir: string, pairing: Pairing): Promise<void> {
  const file = join(nodeDir, PAIRING_FILE);
  await writeFile(`${file}.new`, `${JSON.stringify(pairing)}\n`, { mode: 0o600, flush: true });
  await rename(`${file}.new`, file);
  await syncDirectory(nodeDir);
}

/** A gateway that wants a person's word first gets it from the same token, as an operator's. */
async function connectAsNode(
  ctx: CommandContext,
  address: GatewayAddress,
  identity: NodeIdentity,
  token: Secret,
  name: string,
): Promise<GatewayClient> {
  const open = (): Promise<GatewayClient> => openGateway(ctx, {
    scopes: [], url: address.url, hello: (challenge) => nodeHello(ctx, identity, { token }, name, challenge),
  });
  try {
    return await open();
  } catch (error) {
    const requestId = hasCode(error, "PAIRING_REQUIRED") && error instanceof OpenClawError ? textAt(error.detail, "requestId") : undefined;
    if (requestId === undefined) throw error;
    await askGateway(ctx, ["operator.pairing", "operator.admin"], "device.pair.approve", { requestId }, { url: address.url, token });
    return open();
  }
}

function nodeHello(
  ctx: CommandContext,
  identity: NodeIdentity,
  credential: { readonly token: Secret } | { readonly bootstrapToken: Secret },
  name: string,
  challenge: { readonly nonce: string; readonly ts: number },
): Omit<ConnectParams, "minProtocol" | "maxProtocol"> {
  // The gateway's own time: a machine whose clock is wrong can still be paired, and the nonce alone makes the proof fresh.
  const { nonce, ts: signedAt } = challenge;
  const secret = "token" in credential ? credential.token : credential.bootstrapToken;
  const proof = formatDeviceProof({
    deviceId: identity.deviceId, clientId: "node-host", clientMode: "node", role: "node", scopes: [], signedAtMs: signedAt,
    token: secret.reveal(), nonce, platform: process.platform,
  });
  return {
    client: { id: "node-host", mode: "node", version: ctx.version, platform: process.platform, displayName: name },
    role: "node",
    scopes: [],
    caps: CAPS,
    commands: Object.keys(NODE_COMMANDS),
    auth: "token" in credential ? { token: secret.reveal() } : { bootstrapToken: secret.reveal() },
    device: { id: identity.deviceId, publicKey: identity.publicKey, signature: identity.sign(proof), signedAt, nonce },
  };
}

/** Approves what the node just declared, and gives what it may be asked for. The request follows the hello, so it is waited for. */
async function approveSurface(ctx: CommandContext, address: GatewayAddress, nodeId: string, token: Secret): Promise<readonly string[]> {
  return withGateway(ctx, { scopes: ["operator.pairing"], url: address.url, token }, async (gateway) => {
    for (let tries = 0; tries < SURFACE_TRIES; tries += 1) {
      const listed = await gateway.request("node.pair.list", {}, requestOptions(ctx));
      const waiting = listAt(listed, "pending").find((row) => row["nodeId"] === nodeId);
      if (waiting !== undefined) {
        await approveNode(ctx, waiting, { url: address.url, token });
        return textsAt(waiting, "commands");
      }
      const known = listAt(listed, "paired").find((row) => row["nodeId"] === nodeId);
      if (known !== undefined) return textsAt(known, "commands");
      await ctx.clock.wait(SURFACE_WAIT_MS, ctx.signal);
    }
    throw new OpenClawError("PAIRING_REQUIRED", {
      why: "The machine is paired, but the gateway lists nothing to approve for it.", next: "openclaw nodes pending",
    });
  });
}
