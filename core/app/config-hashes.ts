import { createHmac } from "node:crypto";
import { digestOf } from "./config-revision.ts";

export interface ConfigHashes {
  /** Of a file's text. */
  text(text: string): string;
  /** Of values, whatever their order in the file. Told to each client that comes: kept for as long as they are, so they must not change. */
  values(values: object): string;
}

/** Opaque to clients: the key is the gateway's own, so that nobody learns a secret by guessing the text it stands in. */
export function createConfigHashes(key: Uint8Array): ConfigHashes {
  const mac = (what: string, content: string): string =>
    `hmac-sha256:v1:${createHmac("sha256", key).update(what).update("\0").update(content).digest("base64url")}`;
  const known = new WeakMap<object, string>();
  return {
    text: (text) => mac("text", text),
    values: (values) => {
      const hash = known.get(values) ?? mac("values", digestOf(values));
      known.set(values, hash);
      return hash;
    },
  };
}
