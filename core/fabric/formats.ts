/**
 * Every format on the disk, with its version: one table, in one place.
 *
 * A state directory says which versions it holds. A program that knows older ones only refuses it before it writes anything,
 * and names the program that is needed; what is not said is of version 1, as the first release wrote it. Whoever changes a
 * format raises its version here and reads the older one. The module looks into no format itself.
 */
export { FORMATS, type Format } from "./formats/formats.ts";
export { checkFormats } from "./formats/check-formats.ts";
