/**
 * The mission's rows and the tests that cite them belong together: no test cites a row that does not exist, no row claims a proof there is
 * not.
 */
import assert from "node:assert/strict";
import { test } from "node:test";
import { findCitations, ID_PATTERNS } from "@openclaw/testkit/citations";
import { PROGRAM_ROOT } from "@openclaw/testkit/real-gateway";
import { REQUIREMENTS } from "./requirements.ts";

/** Rows in the mission's five documents. */
const ROWS = { S0: 50, S1: 52, S2: 44, S3: 13, S4: 44 } as const;

/** Rows that the trunk is to keep. */
const TRUNK = [
  ...rows("S0", 1, 8), ...rows("S0", 12, 19), ...rows("S0", 33, 41), "S0.44", "S0.48",
  ...rows("S3", 1, 3), "S3.5", "S3.6", "S3.11", "S3.13",
  ...rows("S4", 1, 3), "S4.7", "S4.11", "S4.12", "S4.15", ...rows("S4", 19, 22), "S4.25", "S4.40",
];

/** What of the trunk no test shows yet, and why. A row that a test comes to cite has to leave this list. */
const notYetProved: Readonly<Record<string, string>> = {
  "S0.14": "A figure: npm run bench measures it; a test that asserted milliseconds would fail on a busy machine.",
};

const citations = findCitations(PROGRAM_ROOT, ID_PATTERNS.mission);

test("the list holds every row of the mission once, in order", () => {
  const expected = Object.entries(ROWS).flatMap(([seed, count]) => rows(seed, 1, count));
  assert.deepEqual(REQUIREMENTS.map(({ id }) => id), expected);
  for (const { id, text } of REQUIREMENTS) assert.ok(text.trim().length > 10, id);
});

test("every id that a test name cites is a row of the mission", () => {
  const known = new Set(REQUIREMENTS.map(({ id }) => id));
  assert.deepEqual(citations.filter(({ id }) => !known.has(id)), []);
  assert.ok(citations.length > 100, "the names were found at all");
});

test("every row of the trunk is cited by a test, or stands among those that are not yet proved, with the reason", () => {
  const cited = new Set(citations.map(({ id }) => id));
  assert.deepEqual(TRUNK.filter((id) => !cited.has(id) && !(id in notYetProved)), [], "cited by no test");
  assert.deepEqual(Object.keys(notYetProved).filter((id) => cited.has(id)), [], "cited after all: take it from the list");
  assert.deepEqual(Object.keys(notYetProved).filter((id) => !TRUNK.includes(id)), [], "not a row of the trunk");
});

test("what is called proved is cited, what is cited is not called later, and each proof cites its row", () => {
  const cited = new Set(citations.map(({ id }) => id));
  for (const { id, state, proofs = [] } of REQUIREMENTS) {
    if (state === "proved") assert.ok(cited.has(id) && proofs.length > 0, `${id} is called proved: by which test?`);
    if (state === "later") assert.equal(cited.has(id), false, `${id} is cited by a test: it is no longer for later`);
    for (const proof of proofs) assert.ok(
      citations.some((citation) => citation.id === id && citation.file === proof), `${proof} does not cite ${id}`,
    );
  }
});

function rows(seed: string, first: number, last: number): readonly string[] {
  return Array.from({ length: last - first + 1 }, (_, at) => `${seed}.${first + at}`);
}
