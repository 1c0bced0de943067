/**
 * Holds the wire's requirements (`protocol/requirements.ts`) against the names of tests: `node scripts/requirements.ts`.
 *
 * Wrong: a row that no test cites, an id that is no row, an id that stands twice. A row that carries a room waits for it; what waits
 * is told, and a waiting row that a test cites already is a mark to take away.
 */
import { dirname } from "node:path";
import { pathToFileURL } from "node:url";
import { WIRE_REQUIREMENTS, type WireRequirement } from "../protocol/requirements.ts";
import { findCitations, ID_PATTERNS, type Citation } from "../testkit/citations.ts";

export interface Judgement {
  /** One line for each thing that is wrong. */
  readonly faults: readonly string[];
  readonly proved: number;
  /** Rows that wait, by room. */
  readonly waiting: ReadonlyMap<string, readonly string[]>;
  /** Ids that are cited though their row says that it waits. */
  readonly cited: readonly string[];
}

export function checkRequirements(root: string): Judgement {
  return judgeRequirements(WIRE_REQUIREMENTS, findCitations(root, ID_PATTERNS.wire));
}

export function judgeRequirements(rows: readonly WireRequirement[], citations: readonly Citation[]): Judgement {
  const faults: string[] = [];
  const known = new Set<string>();
  for (const { id, section } of rows) {
    if (known.has(id)) faults.push(`${id} stands twice`);
    if (id.split(".")[1] !== section.split(".")[0]) faults.push(`${id} stands under section ${section}`);
    known.add(id);
  }
  const cited = new Set(citations.map(({ id }) => id));
  for (const { id, file } of citations) if (!known.has(id)) faults.push(`${file} cites ${id}, which is no row`);
  const waiting = new Map<string, string[]>();
  for (const { id, room, behaviour } of rows) {
    if (room !== undefined) waiting.set(room, [...(waiting.get(room) ?? []), id]);
    else if (!cited.has(id)) faults.push(`no test cites ${id}: ${behaviour}`);
  }
  return {
    faults, waiting, proved: rows.filter(({ id, room }) => room === undefined && cited.has(id)).length,
    cited: rows.filter(({ id, room }) => room !== undefined && cited.has(id)).map(({ id }) => id),
  };
}

/** One line for each room that still has something to prove, and one for marks that can go. */
export function formatWaiting({ waiting, cited }: Judgement): readonly string[] {
  return [
    ...[...waiting].map(([room, ids]) => `waiting for ${room}: ${ids.join(", ")}`),
    ...(cited.length === 0 ? [] : [`cited although they say they wait: ${cited.join(", ")}`]),
  ];
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) {
  const judgement = checkRequirements(dirname(import.meta.dirname));
  for (const line of [...judgement.faults, ...formatWaiting(judgement).map((line) => `? ${line}`)]) process.stdout.write(`${line}\n`);
  if (judgement.faults.length === 0) process.stdout.write(`${judgement.proved} requirements of the wire are cited by tests.\n`);
  process.exitCode = judgement.faults.length === 0 ? 0 : 1;
}
