import { engineContract } from "../../../testkit/engine-contract.ts";
import { withFaults } from "../../../testkit/fault-engine.ts";
import { systemIds } from "../../base/ids.ts";
import { openSqliteEngine } from "./sqlite-engine.ts";

engineContract("sqlite", ({ dir, clock }) => openSqliteEngine({ dir, clock, ids: systemIds }), { persistent: true, retrying: false });
for (const seed of [1]) {
  engineContract(
    `sqlite with faults, seed ${seed}`,
    async ({ dir, clock }) => withFaults(await openSqliteEngine({ dir, clock, ids: systemIds }), { seed, clock }),
    { persistent: true, retrying: true },
  );
}
