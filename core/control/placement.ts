/**
 * Which gateway owns a slot. Alone, a gateway claims a slot when it first needs it.
 *
 * Owning means: this gateway's claim is the newest, it has read the slot up to its own mark, it knows which sessions in it
 * have open work, and from then on it is shown every entry in order. A slot whose claim is lost is dropped at once.
 */
export { openPlacement, type DamagedEntry, type OwnedSlot, type Placement, type SlotWork, type TouchedSession } from "./placement/own.ts";
export { createOpenWork, type OpenWork } from "./placement/open-work.ts";
