/**
 * This browser as a device: a key that never leaves it, and the token that the gateway gave for it.
 *
 * The key is made by the browser and cannot be read by any script, ours included: whoever copies the token cannot use it without the
 * key. Both are kept in the browser's own store, one for each gateway address.
 */
export interface Device {
  readonly id: string;
  /** Raw, 32 bytes, base64url. */
  readonly publicKey: string;
  readonly token: string | undefined;
  /** base64url. */
  sign(text: string): Promise<string>;
  keepToken(token: string): Promise<void>;
  /** Forgets key and token: the next start is a new device. */
  forget(): Promise<void>;
}

interface Kept { readonly keys: CryptoKeyPair; readonly token?: string }

const STORE = "device";

/** Throws a DOMException where the browser keeps nothing, or knows no Ed25519. */
export async function openDevice(address: string): Promise<Device> {
  const store = await openStore();
  const known = await read(store, address) ?? await addIfNone(store, address, {
    keys: (await crypto.subtle.generateKey("Ed25519", false, ["sign", "verify"])) as CryptoKeyPair,
  });
  const { keys } = known;
  const raw = await crypto.subtle.exportKey("raw", keys.publicKey);
  const id = toHex(await crypto.subtle.digest("SHA-256", raw));
  return {
    id, publicKey: toBase64url(raw), token: known.token,
    sign: async (text) => toBase64url(await crypto.subtle.sign("Ed25519", keys.privateKey, new TextEncoder().encode(text))),
    keepToken: (token) => write(store, address, { keys, token }),
    forget: () => settle(store.transaction(STORE, "readwrite").objectStore(STORE).delete(address)).then(() => undefined),
  };
}

function openStore(): Promise<IDBDatabase> {
  const opening = indexedDB.open("openclaw", 1);
  opening.onupgradeneeded = () => opening.result.createObjectStore(STORE);
  return settle(opening);
}

const read = (store: IDBDatabase, address: string): Promise<Kept | undefined> =>
  settle(store.transaction(STORE).objectStore(STORE).get(address) as IDBRequest<Kept | undefined>);

const write = async (store: IDBDatabase, address: string, kept: Kept): Promise<void> =>
  void (await settle(store.transaction(STORE, "readwrite").objectStore(STORE).put(kept, address)));

/** What stands there afterwards: two tabs that begin together become one device. */
async function addIfNone(store: IDBDatabase, address: string, made: Kept): Promise<Kept> {
  const devices = store.transaction(STORE, "readwrite").objectStore(STORE);
  const known = await settle(devices.get(address) as IDBRequest<Kept | undefined>);
  if (known === undefined) await settle(devices.put(made, address));
  return known ?? made;
}

function settle<T>(request: IDBRequest<T>): Promise<T> {
  return new Promise((resolve, reject) => {
    request.onsuccess = () => resolve(request.result);
    request.onerror = () => reject(request.error ?? new Error("The browser's store did not answer."));
  });
}

function toHex(bytes: ArrayBuffer): string {
  return Array.from(new Uint8Array(bytes), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

function toBase64url(bytes: ArrayBuffer): string {
  return btoa(String.fromCharCode(...new Uint8Array(bytes))).replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}
