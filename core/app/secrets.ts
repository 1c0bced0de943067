/**
 * Secrets that the configuration holds, or says to ask a program for: into the vault's store, by a person's own command.
 *
 * The gateway starts no program for its configuration, whoever wrote it; what it uses is what was put into the store. Nothing here
 * shows a secret, and nothing is put anywhere but there.
 */
export { fetchSecrets, type FetchedSecrets } from "./secrets/fetch-secrets.ts";
export { keepSecret, moveSecrets, type MovedSecrets } from "./secrets/move-secrets.ts";
