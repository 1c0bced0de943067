/** Offering to a session: only where its slot is owned and read to the end, so that the offer is seen. */
import type { Journal, NewOffer, Offered, OfferType, SessionAddress } from "../../fabric/journal.ts";
import type { Placement } from "../placement.ts";
import type { LiveSessions } from "./live-sessions.ts";

/** Durable when it resolves. */
export type MakeOffer = <T extends OfferType>(address: SessionAddress, offer: NewOffer<T>) => Promise<Offered>;

export interface MakeOfferDeps {
  readonly journal: Journal;
  readonly placement: () => Placement;
  readonly live: LiveSessions;
}

export function createMakeOffer({ journal, placement, live }: MakeOfferDeps): MakeOffer {
  return async (address, offer) => {
    const own = await placement().ownSlot(address.slot);
    await own.recovered;
    return await journal.offer(address, offer, live.get(address.token)?.log);
  };
}
