/** The whole catalogue of errors, which is part of the protocol: every other part of the page has only those that it can meet itself. */
import { ERRORS, type ErrorCode } from "@openclaw/protocol";

export type Catalogue = Readonly<Record<string, (typeof ERRORS)[ErrorCode]>>;

export const CATALOGUE: Catalogue = ERRORS;
