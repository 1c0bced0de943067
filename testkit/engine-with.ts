/** An engine that is another one but for a few of its methods, which a test replaces. Whoever opened the other one disposes it. */
import type { Engine, Records, SlotLog } from "@openclaw/sdk";

export interface ReplacedParts {
  readonly log?: Partial<SlotLog>;
  readonly records?: Partial<Records>;
}

export function engineWith(engine: Engine, { log: logged = {}, records: recorded = {} }: ReplacedParts): Engine {
  const { log, records } = engine;
  return {
    ...engine,
    log: {
      offer: (offer) => log.offer(offer), claim: (...args) => log.claim(...args), release: (claim) => log.release(claim),
      append: (...args) => log.append(...args), read: (...args) => log.read(...args), readSession: (...args) => log.readSession(...args),
      heads: () => log.heads(), trim: (...args) => log.trim(...args), ...logged,
    },
    records: {
      get: (...args) => records.get(...args), write: (...args) => records.write(...args), list: (...args) => records.list(...args),
      watch: (...args) => records.watch(...args), ...recorded,
    },
    drain: () => engine.drain(),
    [Symbol.asyncDispose]: async () => undefined,
  };
}
