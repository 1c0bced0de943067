/** What became of each thing that was found: the table a careful person reads before anything is moved. */

export const PARTS = ["config", "agents", "workspaces", "skills", "sessions", "cron", "devices", "approvals", "credentials"] as const;
export type Part = (typeof PARTS)[number];

/** `kept`: as it was. `changed`: it says the same in another way. `left`: it stays behind. `look`: a person should read it. */
export type Outcome = "kept" | "changed" | "left" | "look";

export interface ReportRow {
  readonly part: Part;
  readonly outcome: Outcome;
  /** What it is, in words for a person; nothing secret. */
  readonly what: string;
  readonly count: number;
  readonly why?: string;
  readonly next?: string;
}

export interface Report {
  /** The same thing told twice is one row with a greater count. */
  add(row: Omit<ReportRow, "count"> & { readonly count?: number }): void;
  rows(): readonly ReportRow[];
}

/** Rows beyond this are counted in one that says so. */
const ROWS_MAX = 500;

export function createReport(): Report {
  const rows = new Map<string, ReportRow>();
  let more = 0;
  return {
    add: ({ count = 1, ...row }) => {
      const key = JSON.stringify([row.part, row.outcome, row.what, row.why, row.next]);
      const known = rows.get(key);
      if (known !== undefined) rows.set(key, { ...known, count: known.count + count });
      else if (rows.size < ROWS_MAX) rows.set(key, { ...row, count });
      else more += 1;
    },
    rows: () => {
      const inOrder = [...rows.values()].sort((a, b) => PARTS.indexOf(a.part) - PARTS.indexOf(b.part));
      return more === 0 ? inOrder : [...inOrder, { part: "config", outcome: "look", what: "findings beyond those shown", count: more }];
    },
  };
}
