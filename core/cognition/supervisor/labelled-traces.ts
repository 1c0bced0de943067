/**
 * Turns as they happen, each labelled: those that go in circles, and honest ones that look a little like it.
 *
 * A call is `[tool, arguments, outcome]`; a fourth part is what differs from a plain success a second after the one before.
 */
export type TraceCall = readonly [
  tool: string, args: Readonly<Record<string, unknown>>, outcome: string,
  more?: { readonly isError?: true; readonly afterMs?: number },
];

export interface LabelledTrace {
  readonly name: string;
  /** `honest`, or the rule that should speak. */
  readonly label: "honest" | "repeat" | "ping-pong" | "same-outcome" | "error-streak" | "no-progress" | "polling";
  readonly calls: readonly TraceCall[];
}

const times = <T>(count: number, make: (index: number) => T): T[] => Array.from({ length: count }, (_, index) => make(index));
const FAILED = { isError: true } as const;
const RING = ["a", "b", "c"] as const;
const SLOW = { afterMs: 10_000 } as const;

const RUNAWAY: readonly LabelledTrace[] = [
  {
    name: "the same command again and again", label: "repeat",
    calls: times(12, () => ["exec", { argv: ["cat", "notes.txt"] }, "buy milk"]),
  },
  {
    name: "the same search, its arguments written another way each time", label: "repeat",
    calls: times(12, (at) => ["search", at % 2 === 0 ? { q: "open claw", page: 1 } : { page: 1, q: " open  claw" }, "3 results: a, b, c"]),
  },
  {
    name: "the same status, with a new time stamp in it", label: "repeat",
    calls: times(12, (at) => ["job", { id: "j1" }, `2026-11-21T15:00:${String(10 + at)}Z queued, request 4fa2b7c81d${at}e`]),
  },
  {
    name: "the same failing command", label: "repeat",
    calls: times(12, () => ["exec", { argv: ["make"] }, "make: *** No rule to make target 'all'. Stop.", FAILED]),
  },
  {
    name: "two files read in turn", label: "ping-pong",
    calls: times(14, (at) => {
      const [here, there] = at % 2 === 0 ? ["a.md", "b.md"] : ["b.md", "a.md"];
      return ["read_file", { path: here }, `See ${there} for the details of this, and for all else that matters here, and more.`];
    }),
  },
  {
    name: "written and taken back", label: "ping-pong",
    calls: times(14, (at) => (at % 2 === 0 ? ["write_file", { path: "c.json", content: "1" }, "ok"]
      : ["exec", { argv: ["git", "checkout", "c.json"] }, "done"])),
  },
  {
    name: "the same failure of ever other arguments", label: "same-outcome",
    calls: times(12, (at) => ["exec", { argv: ["ssh", `host${at}`] }, "ssh: connect: Network is unreachable", FAILED]),
  },
  {
    name: "the same failure, evading by a counter that the failure quotes", label: "same-outcome",
    calls: times(12, (at) => [
      "fetch", { url: "https://example.com", attempt: at }, `Attempt ${at} failed: 403 after ${at * 31} ms`, FAILED,
    ]),
  },
  {
    name: "searches of every wording with the same list", label: "same-outcome",
    calls: times(16, (at) => [
      "search", { q: `how to ${"very ".repeat(at)}mend it` },
      "No document mentions this. The nearest are: readme.md, licence.md, notes.md, index.md.",
    ]),
  },
  {
    name: "empty answers to ever other questions", label: "same-outcome",
    calls: times(26, (at) => ["exec", { argv: ["grep", "-r", `word${at}`, "."] }, ""]),
  },
  {
    name: "one failure after another, each of another kind", label: "error-streak",
    calls: times(14, (at) => [`tool${at % 7}`, { at }, `${"abcdefghijklmn"[at]} is not what it should be`, FAILED]),
  },
  {
    name: "three known files in a ring", label: "repeat",
    calls: times(18, (at) => ["read_file", { path: RING[at % 3] }, `contents of file ${RING[at % 3]}: ${"x".repeat(100)}`]),
  },
  {
    name: "known things under ever new names", label: "no-progress",
    calls: times(30, (at) => [
      "read_file", { path: `${"./".repeat(at)}${RING[at % 3]}` }, `contents of file ${RING[at % 3]}: ${"x".repeat(100)}`,
    ]),
  },
  {
    name: "waiting for a job that does not move", label: "polling",
    calls: times(40, () => ["job", { id: "j1" }, "running", SLOW]),
  },
  {
    name: "work at first, and then a loop", label: "repeat",
    calls: [
      ...times(8, (at): TraceCall => ["read_file", { path: `src/${at}.ts` }, `export const value = ${at} * ${at + 1};`]),
      ...times(10, (): TraceCall => ["exec", { argv: ["npm", "test"] }, "1 test failed: expected 3", FAILED]),
    ],
  },
  {
    name: "a mend that is none, tested over and over", label: "repeat",
    calls: times(40, (at) => (at % 2 === 0 ? ["write_file", { path: "fix.ts", content: `try ${at}` }, "ok"]
      : ["exec", { argv: ["npm", "test"] }, "1 test failed: expected 3"])),
  },
];

const HONEST: readonly LabelledTrace[] = [
  {
    name: "many files read", label: "honest",
    calls: times(20, (at) => ["read_file", { path: `src/${at}.ts` }, `line one of ${at}\nline two`]),
  },
  {
    name: "many files written", label: "honest",
    calls: times(18, (at) => ["write_file", { path: `part-${at}.txt`, content: `${at}` }, "Wrote 12 bytes."]),
  },
  {
    name: "many directories made, nothing said", label: "honest",
    calls: times(18, (at) => ["exec", { argv: ["mkdir", `dir${at}`] }, ""]),
  },
  {
    name: "a job watched while it moves, quickly", label: "honest",
    calls: times(20, (at) => ["job", { id: "j1" }, `running, ${at * 5} %`]),
  },
  {
    name: "a job watched at intervals while it says the same", label: "honest",
    calls: [...times(20, (): TraceCall => ["job", { id: "j1" }, "running", SLOW]), ["job", { id: "j1" }, "done: 42", SLOW]],
  },
  {
    name: "a job watched with a sleep between", label: "honest",
    calls: times(16, (at) => (at % 2 === 0 ? ["exec", { argv: ["sleep", "6"] }, "", { afterMs: 6_000 }]
      : ["job", { id: "j1" }, "running"])),
  },
  {
    name: "mended and tested until it works", label: "honest",
    calls: [
      ...times(8, (at): TraceCall => (at % 2 === 0 ? ["write_file", { path: "fix.ts", content: `try ${at}` }, "ok"]
        : ["exec", { argv: ["npm", "test"] }, "1 test failed: expected 3", FAILED])),
      ["write_file", { path: "fix.ts", content: "right" }, "ok"], ["exec", { argv: ["npm", "test"] }, "all tests pass"],
    ],
  },
  {
    name: "five ways that fail and one that works", label: "honest",
    calls: [
      ["exec", { argv: ["pip", "install", "x"] }, "pip: not found", FAILED],
      ["exec", { argv: ["pip3", "install", "x"] }, "pip3: not found", FAILED],
      ["exec", { argv: ["python3", "-m", "pip"] }, "No module named pip", FAILED],
      ["exec", { argv: ["apt-get", "install", "python3-pip"] }, "not root", FAILED],
      ["exec", { argv: ["which", "uv"] }, "", FAILED],
      ["exec", { argv: ["curl", "-O", "get-pip.py"] }, "saved get-pip.py"],
    ],
  },
  {
    name: "the same look three times, with work between", label: "honest",
    calls: times(9, (at) => (at % 3 === 0 ? ["list_files", { path: "." }, "a b c"]
      : ["write_file", { path: "a", content: `${at}` }, "ok"])),
  },
  {
    name: "pages of a long list", label: "honest",
    calls: times(15, (at) => ["search", { q: "all", page: at }, `page ${at}: ${at * 10} to ${at * 10 + 9}`]),
  },
  {
    name: "a lost connection asked three times, then there", label: "honest",
    calls: [
      ...times(3, (): TraceCall => ["exec", { argv: ["ping", "nas"] }, "unreachable", { isError: true, afterMs: 20_000 }]),
      ["exec", { argv: ["ping", "nas"] }, "64 bytes from nas"],
    ],
  },
  {
    name: "the same numbers measured again on purpose", label: "honest",
    calls: times(10, (at) => ["exec", { argv: ["bench"] }, `run took 1${at}2 units of work, score ${900 + at * 7}`]),
  },
  {
    name: "looked for in seven places, found in the last", label: "honest",
    calls: [
      ...times(7, (at): TraceCall => ["exec", { argv: ["grep", "-r", "needle", `dir${at}`] }, ""]),
      ["exec", { argv: ["grep", "-r", "needle", "dir7"] }, "dir7/x: needle"],
    ],
  },
  {
    name: "one short turn", label: "honest",
    calls: [["system_info", {}, "Linux, 2 cores"], ["recall", { query: "name" }, "{\"facts\":[]}"]],
  },
];

export const LABELLED_TRACES: readonly LabelledTrace[] = [...RUNAWAY, ...HONEST];
