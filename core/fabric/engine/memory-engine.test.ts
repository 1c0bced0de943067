import { engineContract } from "../../../testkit/engine-contract.ts";
import { withFaults } from "../../../testkit/fault-engine.ts";
import { openMemoryEngine } from "./memory-engine.ts";

engineContract("memory", ({ clock }) => openMemoryEngine({ clock }), { persistent: false, retrying: false });
engineContract("memory, numbers skipped", ({ clock }) => openMemoryEngine({ clock, skipNumbers: true }), {
  persistent: false,
  retrying: false,
});
for (const seed of [1, 2, 3]) {
  engineContract(`memory with faults, seed ${seed}`, async ({ clock }) => withFaults(await openMemoryEngine({ clock }), { seed, clock }), {
    persistent: false,
    retrying: true,
  });
}
