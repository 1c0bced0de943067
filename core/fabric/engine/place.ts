/**
 * Slot and position in one number: `slot × 2^44 + position`, the row id of an entry.
 *
 * One B-tree then keeps every slot's entries side by side and in order, and each index carries the position for free. 2^44
 * positions are 550 years at a thousand a second; with 256 slots the number stays exact in a double.
 */
const POSITIONS = 2 ** 44;

export function placeOf(slot: number, position: number): number {
  return slot * POSITIONS + Math.min(position, POSITIONS - 1);
}

/** The last place any entry of the slot can have. */
export function slotEnd(slot: number): number {
  return slot * POSITIONS + (POSITIONS - 1);
}

export function slotOfPlace(place: number): number {
  return Math.floor(place / POSITIONS);
}

export function positionOfPlace(place: number): number {
  return place % POSITIONS;
}
