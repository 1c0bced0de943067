/** Our state directory, held and opened for writing without a gateway. */
import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Claim, Engine } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { openSqliteEngine, openStateDir } from "../../fabric/engine.ts";
import { checkFormats } from "../../fabric/formats.ts";
import { HOME_TENANT } from "../../fabric/identity.ts";
import { createJournal, type Journal } from "../../fabric/journal.ts";
import { openVault, type DataKey, type Vault } from "../../fabric/vault.ts";
import { VERSION } from "../version.ts";

export interface Target extends AsyncDisposable {
  readonly engine: Engine;
  readonly vault: Vault;
  readonly journal: Journal;
  /** Of records that belong to no session. */
  readonly seal: DataKey;
  readonly claimOf: (slot: number) => Promise<Claim>;
  readText(path: string): Promise<string>;
}

export interface OpenTargetDeps {
  readonly stateDir: string;
  readonly clock: Clock;
  readonly ids: Ids;
}

/** Throws STATE_HELD while a gateway runs on it. */
export async function openTarget({ stateDir, clock, ids }: OpenTargetDeps): Promise<Target> {
  await using opening = new AsyncDisposableStack();
  const owned = opening.use(await openStateDir({ dir: stateDir, clock, ids, port: null }));
  const engine = opening.use(await openSqliteEngine({ dir: stateDir, clock, ids }));
  await checkFormats(engine.records, VERSION);
  const vault = await openVault({ records: engine.records, keyFile: join(owned.credentialsDir, "key-encryption-key"), ids });
  const seal = await vault.tenantKey(HOME_TENANT);
  const claims = new Map<number, Promise<Claim>>();
  const owner = `import-${ids.uuid()}`;
  const held = opening.move();
  return {
    engine, vault, seal, journal: createJournal({ engine, vault, clock, ids }),
    claimOf: (slot) => {
      const known = claims.get(slot) ?? engine.log.claim(slot, owner);
      claims.set(slot, known);
      return known;
    },
    readText: (path) => readFile(path, "utf8").catch(() => ""),
    [Symbol.asyncDispose]: async () => {
      for (const taking of claims.values()) await taking.then((claim) => engine.log.release(claim)).catch(() => undefined);
      await held.disposeAsync();
    },
  };
}
