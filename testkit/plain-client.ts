/**
 * A client written from the protocol's description alone: it shares no code with the program's own, so that what it is
 * understood to say is what the wire really says. It can also say what no proper client would.
 */
import { createHash, generateKeyPairSync, sign, type KeyObject } from "node:crypto";
import type { TLSSocket } from "node:tls";
import { WebSocket } from "ws";

export interface Challenge {
  readonly nonce: string;
  readonly ts: number;
}

export interface PlainFrame {
  readonly type: string;
  readonly id?: string;
  readonly ok?: boolean;
  readonly payload?: unknown;
  readonly error?: {
    readonly code: string; readonly message: string; readonly details?: Readonly<Record<string, unknown>>; readonly retryable?: boolean
  };
  readonly event?: string;
  readonly seq?: number;
}

export interface PlainClient {
  /** What the gateway sent first. */
  readonly challenge: Challenge;
  /** Every frame so far, the challenge included. */
  readonly frames: readonly PlainFrame[];
  /** Resolves when the socket is closed, by whomever. */
  readonly closed: Promise<{ readonly code: number; readonly reason: string }>;
  /** Anything at all, as one text frame. */
  sendRaw(data: string | Uint8Array): void;
  /** One request; resolves with its answer, good or bad. Rejects when the socket closes first. */
  ask(method: string, params?: unknown): Promise<PlainFrame>;
  /** As `ask`; gives the payload, or throws the error's message. */
  call(method: string, params?: unknown): Promise<unknown>;
  /** Resolves with the first frame, past or to come, that fits. */
  until(fits: (frame: PlainFrame) => boolean): Promise<PlainFrame>;
  /** From now on nothing is read from the socket. */
  stopReading(): void;
  close(): void;
}

/** Another address than this machine's own; over TLS to exactly one certificate, whoever signed it. */
export interface Place {
  readonly url: string;
  /** SHA-256 in lowercase hex. */
  readonly fingerprint?: string;
}

/**
 * Opens a socket, to a port of this machine or to another place, and waits for the challenge; says nothing yet. Rejects when the
 * upgrade is refused, or when the certificate is another.
 */
export function openPlainClient(where: number | Place, headers: Readonly<Record<string, string>> = {}): Promise<PlainClient> {
  const { url, fingerprint } = typeof where === "number" ? { url: `ws://127.0.0.1:${where}`, fingerprint: undefined } : where;
  const socket = new WebSocket(url, {
    perMessageDeflate: false, maxPayload: 256 * 1_048_576, headers: { ...headers },
    ...(fingerprint === undefined ? {} : { rejectUnauthorized: false }),
  });
  socket.on("upgrade", (response) => {
    if (fingerprint === undefined) return;
    const shown = (response.socket as TLSSocket).getPeerCertificate().fingerprint256.replaceAll(":", "").toLowerCase();
    if (shown === fingerprint) return;
    response.socket.destroy();
    socket.emit("error", new Error(`another certificate: ${shown}`));
  });
  const frames: PlainFrame[] = [];
  const looking = new Set<() => void>();
  const asked = new Map<string, { readonly resolve: (frame: PlainFrame) => void; readonly reject: (error: Error) => void }>();
  const closed = Promise.withResolvers<{ readonly code: number; readonly reason: string }>();
  let over = false;
  let counter = 0;

  const until = (fits: (frame: PlainFrame) => boolean): Promise<PlainFrame> => new Promise((resolve, reject) => {
    const look = (): void => {
      const found = frames.find(fits);
      if (found === undefined && !over) return;
      looking.delete(look);
      if (found === undefined) reject(new Error("the socket was closed"));
      else resolve(found);
    };
    looking.add(look);
    look();
  });
  const wake = (): void => {
    for (const look of [...looking]) look();
  };
  const ask = (method: string, params: unknown = {}): Promise<PlainFrame> => {
    const id = `q${++counter}`;
    return new Promise((resolve, reject) => {
      if (over) return reject(new Error("the socket was closed"));
      asked.set(id, { resolve, reject });
      socket.send(JSON.stringify({ type: "req", id, method, params }));
    });
  };

  return new Promise((resolve, reject) => {
    socket.on("error", reject);
    socket.on("close", (code, reason) => {
      over = true;
      wake();
      for (const { reject: fail } of asked.values()) fail(new Error(`closed with ${code} ${reason.toString()}`));
      closed.resolve({ code, reason: reason.toString() });
      reject(new Error(`closed with ${code} ${reason.toString()}`));
    });
    socket.on("message", (data: Buffer) => {
      const frame = JSON.parse(data.toString()) as PlainFrame;
      frames.push(frame);
      if (frame.id !== undefined) asked.get(frame.id)?.resolve(frame);
      if (frame.id !== undefined) asked.delete(frame.id);
      wake();
      const first = frames[0];
      if (frames.length !== 1 || first?.event !== "connect.challenge") return;
      resolve({
        challenge: first.payload as Challenge, frames, closed: closed.promise, ask, until,
        sendRaw: (raw) => socket.send(raw, { binary: typeof raw !== "string" }),
        call: async (method, params) => {
          const answer = await ask(method, params);
          if (answer.ok !== true) throw Object.assign(
            new Error(answer.error?.message ?? "refused"), { code: answer.error?.details?.["code"], wire: answer.error?.code },
          );
          return answer.payload;
        },
        stopReading: () => socket.pause(),
        close: () => socket.terminate(),
      });
    });
  });
}

/** An Ed25519 device. */
export interface PlainDevice {
  readonly id: string;
  /** Base64url of the raw key. */
  readonly publicKey: string;
  readonly key: KeyObject;
}

export function makeDevice(): PlainDevice {
  const { privateKey, publicKey } = generateKeyPairSync("ed25519");
  const raw = publicKey.export({ type: "spki", format: "der" }).subarray(-32);
  return { id: createHash("sha256").update(raw).digest("hex"), publicKey: raw.toString("base64url"), key: privateKey };
}

export interface PlainHello {
  readonly token?: string;
  readonly deviceToken?: string;
  readonly password?: string;
  readonly bootstrapToken?: string;
  readonly role?: string;
  readonly scopes?: readonly string[];
  readonly caps?: readonly string[];
  readonly commands?: readonly string[];
  readonly tags?: readonly string[];
  readonly device?: PlainDevice;
  readonly client?: Readonly<Record<string, string>>;
  /** Instead of what the challenge says: for proofs that must not be accepted. */
  readonly signedAt?: number;
  readonly nonce?: string;
}

export const ALL_SCOPES = ["operator.admin", "operator.read", "operator.write", "operator.approvals", "operator.pairing"] as const;

/** The parameters of `connect`, with a version 3 proof where a device is given. */
export function formatHello(challenge: Challenge, hello: PlainHello): Readonly<Record<string, unknown>> {
  const {
    role = "operator", scopes = role === "node" ? [] : ALL_SCOPES, token, deviceToken, password, bootstrapToken, device,
    nonce = challenge.nonce, signedAt = challenge.ts,
  } = hello;
  const auth = Object.entries({ token, deviceToken, password, bootstrapToken }).filter(([, value]) => value !== undefined);
  const client = {
    id: role === "node" ? "node-host" : "gateway-client", version: "2026.9.6", platform: "linux",
    mode: role === "node" ? "node" : "backend", ...hello.client,
  };
  const proof = device === undefined ? undefined
    : [
      "v3", device.id, client.id, client.mode, role, scopes.join(","), String(signedAt), token ?? deviceToken ?? bootstrapToken ?? "",
      nonce, client.platform, "",
    ].join("|");
  return {
    minProtocol: 4, maxProtocol: 4, client, role, scopes, caps: hello.caps ?? [], locale: "en-US", userAgent: "plain-client/1",
    auth: Object.fromEntries(auth),
    ...(hello.commands === undefined ? {} : { commands: hello.commands }), ...(hello.tags === undefined ? {} : { tags: hello.tags }),
    ...(device === undefined || proof === undefined ? {} : {
      device: {
        id: device.id, publicKey: device.publicKey, signature: sign(null, Buffer.from(proof), device.key).toString("base64url"), signedAt,
        nonce,
      },
    }),
  };
}

/** The device's version 3 proof for these parameters of `connect`. */
export function proveDevice(device: PlainDevice, { nonce, ts }: Challenge, params: Readonly<Record<string, unknown>>): object {
  const { client, role = "operator", scopes = [], auth = {} } = params as {
    readonly client: Readonly<Record<string, string>>; readonly role?: string; readonly scopes?: readonly string[];
    readonly auth?: Readonly<Record<string, string>>;
  };
  const token = auth["token"] ?? auth["deviceToken"] ?? auth["bootstrapToken"] ?? "";
  const plain = (text: string | undefined): string => (text ?? "").trim().toLowerCase();
  const proof = [
    "v3", device.id, client["id"], client["mode"], role, scopes.join(","), String(ts), token, nonce, plain(client["platform"]),
    plain(client["deviceFamily"]),
  ].join("|");
  const signature = sign(null, Buffer.from(proof), device.key).toString("base64url");
  return { id: device.id, publicKey: device.publicKey, signature, signedAt: ts, nonce };
}

/** Opens, says hello and waits for hello-ok. Throws what the gateway refused with. */
export async function connectPlain(
  where: number | Place, hello: PlainHello, headers: Readonly<Record<string, string>> = {},
): Promise<PlainClient & { readonly hello: unknown }> {
  const client = await openPlainClient(where, headers);
  return { ...client, hello: await client.call("connect", formatHello(client.challenge, hello)) };
}
