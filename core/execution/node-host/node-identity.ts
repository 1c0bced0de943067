import { createHash, createPrivateKey, generateKeyPairSync, sign as signBytes, type KeyObject } from "node:crypto";
import { mkdir, open, readFile, rename, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { Secret } from "../../base/secret.ts";
import { syncDirectory, syncMade } from "./sync-directory.ts";

/** Who this node is: an Ed25519 key, and what the gateway gave in exchange for the pairing token. */
export interface NodeIdentity {
  /** Lowercase hex SHA-256 of the raw public key. Also the node's id. */
  readonly deviceId: string;
  /** Raw 32 bytes, base64url without padding. */
  readonly publicKey: string;
  /** Ed25519 over the UTF-8 text, base64url without padding. */
  sign(text: string): string;
  readonly deviceToken?: Secret;
}

interface KeyRecord { readonly version: 1; readonly publicKey: string; readonly privateKey: string }

const KEY_FILE = "identity.json";
const TOKEN_FILE = "device-token";

/** A fresh identity that lives in memory only. */
export function createNodeIdentity(): NodeIdentity {
  return identityOf(createKeyRecord());
}

/**
 * The identity kept in `dir`, made at the first call and the same ever after; files of mode 0600 in a directory of mode
 * 0700. Throws STATE_UNSAFE when others can read the key, STATE_DAMAGED when it is not one.
 */
export async function loadNodeIdentity(dir: string): Promise<NodeIdentity> {
  syncMade(await mkdir(dir, { recursive: true, mode: 0o700 }), dir);
  const file = join(dir, KEY_FILE);
  const present = await readPrivate(file);
  const record = present === undefined ? await createStored(file) : parseRecord(file, present);
  const token = (await readPrivate(join(dir, TOKEN_FILE)))?.trim();
  return identityOf(record, token === undefined || token === "" ? undefined : new Secret(token));
}

/** Keeps the token the gateway gave, for the next start. Durable when it resolves. */
export async function saveDeviceToken(dir: string, token: Secret): Promise<void> {
  await writePrivate(join(dir, TOKEN_FILE), `${token.reveal()}\n`);
}

function identityOf(record: KeyRecord, deviceToken?: Secret): NodeIdentity {
  const raw = Buffer.from(record.publicKey, "base64url");
  const key = privateKeyOf(record);
  return {
    deviceId: createHash("sha256").update(raw).digest("hex"),
    publicKey: record.publicKey,
    sign: (text) => signBytes(null, Buffer.from(text, "utf8"), key).toString("base64url"),
    ...(deviceToken === undefined ? {} : { deviceToken }),
  };
}

function privateKeyOf(record: KeyRecord): KeyObject {
  return createPrivateKey({ format: "jwk", key: { kty: "OKP", crv: "Ed25519", x: record.publicKey, d: record.privateKey } });
}

function createKeyRecord(): KeyRecord {
  const jwk = generateKeyPairSync("ed25519").privateKey.export({ format: "jwk" });
  return { version: 1, publicKey: jwk.x ?? "", privateKey: jwk.d ?? "" };
}

async function createStored(file: string): Promise<KeyRecord> {
  const record = createKeyRecord();
  await writePrivate(file, `${JSON.stringify(record)}\n`);
  return record;
}

function parseRecord(file: string, text: string): KeyRecord {
  try {
    const record = JSON.parse(text) as KeyRecord;
    if (Buffer.from(record.publicKey, "base64url").length !== 32) throw new Error("the public key has the wrong length");
    privateKeyOf(record);
    return record;
  } catch (cause) {
    const next = `Move ${file} away and pair the node again.`;
    throw new OpenClawError("STATE_DAMAGED", { why: `${file} is not a node's identity.`, next, cause });
  }
}

async function readPrivate(file: string): Promise<string | undefined> {
  try {
    if (((await stat(file)).mode & 0o077) !== 0) {
      throw new OpenClawError("STATE_UNSAFE", { why: `Others can read ${file}.`, next: `Run: chmod 600 ${file}` });
    }
    return await readFile(file, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
    throw error;
  }
}

async function writePrivate(file: string, text: string): Promise<void> {
  const temporary = `${file}.new`;
  const handle = await open(temporary, "w", 0o600);
  try {
    await handle.writeFile(text);
    await handle.sync();
  } finally {
    await handle.close();
  }
  await rename(temporary, file);
  await syncDirectory(dirname(file));
}
