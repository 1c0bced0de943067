/**
 * Secrets and keys.
 *
 * Every session has a data key of its own; data keys are wrapped by their tenant's key, tenant keys by the key-encryption
 * key, which lives in a file only its owner can read. Destroying a session's data key erases everything sealed under it,
 * in every copy, without touching the log. The vault never hands out a wrapping key and never logs anything.
 */
export { openVault, type DataKey, type Vault } from "./vault/open-vault.ts";
export { makePrivate, readPrivate, replacePrivate } from "./vault/private-file.ts";
export type { CredentialsConfig, SecretRef, SecretsConfig } from "./vault/config.ts";
export { loadCredential } from "./vault/load-credential.ts";
export { isSecretRef, readSecret, resolveSecret, storedNameOf, variableOf, type SecretPlaces } from "./vault/resolve-secret.ts";
