import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Gives back what starting, or a burst of work, left behind.
 *
 * Both fill the heap with what is needed only for a while, and an idle process never collects it. An ordinary collection
 * keeps the emptied pages for the next burst; one of last resort hands them to the system. It stops the process for 100 ms and
 * more, so call it while nothing is under way.
 */
export function settleMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") (collect as (options: object) => void)({ type: "major", flavor: "last-resort" });
  setFlagsFromString("--no-expose-gc");
}
