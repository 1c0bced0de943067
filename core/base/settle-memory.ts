import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/**
 * Gives back what starting left behind, once.
 *
 * Loading a program fills the heap with what is needed only while loading, and an idle process never collects it. One full
 * collection, some seconds after the start, returns about a third of the memory a quiet gateway or node would keep for as
 * long as it lives. It stops the process for about 50 ms, so call it while nothing is under way.
 */
export function settleMemory(): void {
  setFlagsFromString("--expose-gc");
  const collect: unknown = runInNewContext("gc");
  if (typeof collect === "function") (collect as () => void)();
  setFlagsFromString("--no-expose-gc");
}
