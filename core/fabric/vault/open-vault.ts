import { existsSync } from "node:fs";
import { createHmac, createSecretKey, hkdfSync, type KeyObject } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { Ids } from "../../base/ids.ts";
import { loadKeyFile } from "./key-file.ts";
import { sealBytes, unsealBytes } from "./seal.ts";

/** A session's key in use. Sealing binds what it belongs to: bytes moved elsewhere do not open. */
export interface DataKey {
  seal(belongsTo: string, plain: Uint8Array): Uint8Array;
  /** Throws STATE_DAMAGED when the bytes were changed or belong to something else. */
  unseal(belongsTo: string, sealed: Uint8Array): Uint8Array;
}

export interface Vault {
  /** A keyed hash of a name: 22 characters of `[A-Za-z0-9_-]`. The same name gives the same token, and tells nothing. */
  token(tenant: string, name: string): string;
  /** A key for one purpose, derived from the key-encryption key; the same at every start. */
  derive(purpose: string): Buffer;
  /** The data key of a session; made at first use. Throws KEY_DESTROYED once `destroy` was called. */
  sessionKey(tenant: string, session: string): Promise<DataKey>;
  /** Erases a session: its data key is gone when this resolves, and a tombstone stands in its place. */
  destroy(tenant: string, session: string): Promise<void>;
  /** For durable text that belongs to no session, such as the index of sessions. */
  tenantKey(tenant: string): Promise<DataKey>;
}

export interface VaultDeps {
  readonly records: Records;
  /** Made with mode 0600 at first use. */
  readonly keyFile: string;
  /** In place of the file, where nothing may touch a disk. */
  readonly rootKey?: Buffer;
  readonly ids: Ids;
}

const TENANT_KEYS = "tenant-keys";
const SESSION_KEYS = "session-keys";
const DESTROYED = new Uint8Array([0]);

/**
 * Throws STATE_UNSAFE when others can read the key file, STATE_DAMAGED when it is not a key, or when it is gone while there is
 * something that was sealed under it: a new one would open nothing, and hide that the old one is missing.
 */
export async function openVault({ records, keyFile, rootKey, ids }: VaultDeps): Promise<Vault> {
  if (rootKey === undefined && !existsSync(keyFile) && (await records.list(TENANT_KEYS, "", { limit: 1 })).length > 0) {
    throw new OpenClawError("STATE_DAMAGED", {
      why: `The key file ${keyFile} is missing; what is stored is sealed under it.`, next: `Put ${keyFile} back from a backup.`,
    });
  }
  const root = rootKey ?? (await loadKeyFile(keyFile, ids));
  const derive = (purpose: string): Buffer => Buffer.from(hkdfSync("sha256", root, "openclaw", purpose, 32));
  const tokenKey = createSecretKey(derive("session-token"));
  const wrappingKey = createSecretKey(derive("tenant-wrap"));
  const tenants = new Map<string, Promise<KeyObject>>();

  const keyOfTenant = (tenant: string): Promise<KeyObject> => {
    let found = tenants.get(tenant);
    if (found === undefined) {
      found = loadOrMake(records, TENANT_KEYS, tenant, wrappingKey, ids);
      tenants.set(tenant, found);
      found.catch(() => tenants.delete(tenant));
    }
    return found;
  };

  return {
    token: (tenant, name) => createHmac("sha256", tokenKey).update(`${tenant}\0${name}`).digest("base64url").slice(0, 22),
    derive,
    sessionKey: async (tenant, session) => {
      return dataKey(await loadOrMake(records, SESSION_KEYS, `${tenant}.${session}`, await keyOfTenant(tenant), ids), ids);
    },
    tenantKey: async (tenant) => dataKey(await keyOfTenant(tenant), ids),
    destroy: async (tenant, session) => {
      const key = `${tenant}.${session}`;
      for (;;) {
        const present = await records.get(SESSION_KEYS, key);
        if (present !== null && isDestroyed(present.value)) return;
        try {
          await records.write(SESSION_KEYS, key, DESTROYED, present?.revision ?? 0);
          return;
        } catch (error) {
          if (!isConflict(error)) throw error; // somebody made the key in between: destroy that one
        }
      }
    },
  };
}

async function loadOrMake(records: Records, bucket: string, key: string, wrapping: KeyObject, ids: Ids): Promise<KeyObject> {
  for (;;) {
    const present = await records.get(bucket, key);
    if (present !== null) {
      if (isDestroyed(present.value)) throw new OpenClawError("KEY_DESTROYED");
      return createSecretKey(unsealBytes(wrapping, `${bucket}/${key}`, present.value));
    }
    const made = ids.bytes(32);
    try {
      await records.write(bucket, key, sealBytes(wrapping, `${bucket}/${key}`, made, ids), 0);
      crashPoint("key.made");
      return createSecretKey(made);
    } catch (error) {
      if (!isConflict(error)) throw error; // another call made it first: take that one
    }
  }
}

function dataKey(key: KeyObject, ids: Ids): DataKey {
  return {
    seal: (belongsTo, plain) => sealBytes(key, belongsTo, plain, ids),
    unseal: (belongsTo, sealed) => unsealBytes(key, belongsTo, sealed),
  };
}

function isDestroyed(value: Uint8Array): boolean {
  return value.length === 1;
}

function isConflict(error: unknown): boolean {
  return typeof error === "object" && error !== null && "code" in error && error.code === "CONFLICT";
}
