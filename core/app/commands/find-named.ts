/** Finds the one thing a person means: by id, by name, or by the beginning of an id that only one has. */
import { OpenClawError, type ErrorCode } from "@openclaw/protocol";

export interface Named {
  readonly id: string;
  readonly name?: string;
}

const PREFIX_MIN = 4;

/** Throws `code` when nothing or more than one thing is meant; the sentence lists what there is. */
export function findNamed<T extends Named>(said: string, things: readonly T[], code: ErrorCode, plural: string): T {
  const byId = things.filter((thing) => thing.id === said);
  const byName = things.filter((thing) => thing.name?.toLowerCase() === said.toLowerCase());
  const byStart = said.length >= PREFIX_MIN ? things.filter((thing) => thing.id.startsWith(said)) : [];
  const found = byId.length > 0 ? byId : byName.length > 0 ? byName : byStart;
  const [only, second] = found;
  if (only !== undefined && second === undefined) return only;
  const known = things.slice(0, 8).map((thing) => thing.name ?? thing.id).join(", ");
  const why = only !== undefined ? `"${said}" fits ${found.length} of them; say the id.`
    : things.length === 0 ? `There are no ${plural}.`
    : `"${said}" is none of the ${plural}: ${known}.`;
  throw new OpenClawError(code, { why, detail: { said } });
}
