/** This machine cannot try it; the message says why. */
export class Skipped extends Error {}
