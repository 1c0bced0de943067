/**
 * The contract of `Engine`, as tests. An implementation's whole test file is one call:
 *
 *     engineContract("memory", ({ clock }) => openMemoryEngine({ clock }), { persistent: false, retrying: false });
 *
 * The suite is the definition of the port: it never assumes that numbers are dense, that time passes, or which engine it is.
 * With `retrying` it does what every caller must do: it tries again with the same id after ENGINE_UNAVAILABLE, takes the
 * slot over after a stray FENCED, and shows that nothing is doubled.
 */
import { describe } from "node:test";
import { blobsContract } from "./engine-contract/blobs.ts";
import { busContract } from "./engine-contract/bus.ts";
import { closingContract } from "./engine-contract/closing.ts";
import { fencingContract } from "./engine-contract/fencing.ts";
import { logContract } from "./engine-contract/log.ts";
import { queuesContract, queuesReopeningContract } from "./engine-contract/queues.ts";
import { readingContract } from "./engine-contract/reading.ts";
import { recordsContract } from "./engine-contract/records.ts";
import { reopeningContract } from "./engine-contract/reopening.ts";
import { Bench, type EngineTraits, type OpenEngine } from "./engine-contract/bench.ts";

export type { EngineSetting, EngineTraits, OpenEngine } from "./engine-contract/bench.ts";

/** Registers the suite with `node:test`. `open` gets an empty directory of its own per test, and the same one to reopen. */
export function engineContract(name: string, open: OpenEngine, traits: EngineTraits): void {
  const bench = new Bench(open, traits);
  describe(`engine contract: ${name}`, { concurrency: 1 }, () => {
    logContract(bench);
    fencingContract(bench);
    readingContract(bench);
    recordsContract(bench);
    busContract(bench);
    queuesContract(bench);
    blobsContract(bench);
    closingContract(bench);
    if (traits.persistent) reopeningContract(bench);
    if (traits.persistent) queuesReopeningContract(bench);
  });
}
