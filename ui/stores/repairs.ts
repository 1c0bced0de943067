/**
 * What is to be repaired, for whoever shows it: the page of repairs, and a count beside its place.
 *
 * Opened by the first who needs it, and kept. It looks when the connection stands and when the configuration changes; a count that is
 * not known is undefined, and never zero.
 */
import { computed, signal, type ReadonlySignal } from "@preact/signals";
import type { Link } from "../link.ts";
import { setBadge } from "../shell/badges.ts";
import { words } from "../words/en/shell.ts";

export interface Finding {
  readonly id: string;
  readonly check: string;
  readonly level: "problem" | "attention";
  readonly code: string;
  readonly what: string;
  readonly why: string;
  readonly next: string;
  readonly mendable: boolean;
}

export interface Check {
  readonly check: string;
  readonly note: string;
  readonly skipped: boolean;
  /** Where it is less than all there is. */
  readonly looked?: { readonly at: number; readonly of: number } | undefined;
}
export interface Examined { readonly checks: readonly Check[]; readonly findings: readonly Finding[]; readonly mended: string }

export interface Repairs {
  readonly examined: ReadonlySignal<Examined | undefined>;
  readonly count: ReadonlySignal<number | undefined>;
  /** Who may not look, or is away, knows of none. */
  look(): void;
  /** At what takes a while, too; at every session where `all`. Rejects with what the gateway says. */
  lookDeep(all: boolean): Promise<void>;
  /** Resolves with what was done. */
  mend(id: string): Promise<string>;
}

type Fields = Readonly<Record<string, unknown>>;
const fieldsOf = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string => (typeof value === "string" ? value : "");
const rows = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fieldsOf) : []);

/** Every page of a database of gigabytes is read. */
const DEEP_MS = 600_000;
let opened: Repairs | undefined;

export function openRepairs(link: Link): Repairs {
  return (opened ??= createRepairs(link));
}

function createRepairs(link: Link): Repairs {
  const examined = signal<Examined | undefined>(undefined);
  const show = (found: Examined): void => {
    examined.value = found;
    setBadge("settings", found.findings.length, words.repairs(found.findings.length));
  };
  const look = (): void => void link.request("doctor.examine", {}).then((answer) => {
    show(parseExamined(answer));
  }, () => undefined);
  link.onUp(look);
  link.on("config.changed", look);
  return {
    examined, count: computed(() => examined.value?.findings.length), look,
    lookDeep: async (all) => show(parseExamined(await link.request(
      "doctor.examine", all ? { deep: true, all } : { deep: true }, { timeoutMs: DEEP_MS },
    ))),
    mend: async (id) => {
      const after = parseExamined(await link.request("doctor.mend", { id }));
      show(after);
      return after.mended;
    },
  };
}

function parseLooked(value: unknown): Check["looked"] {
  const { at, of } = fieldsOf(value);
  return typeof at === "number" && typeof of === "number" && at < of ? { at, of } : undefined;
}

/** Nothing beyond this trusts the shape of what the gateway said. */
function parseExamined(answer: unknown): Examined {
  const said = fieldsOf(answer);
  return {
    mended: text(said["mended"]),
    checks: rows(said["checks"]).map((check) => (
      { check: text(check["check"]), note: text(check["note"]), skipped: check["skipped"] === true, looked: parseLooked(check["looked"]) }
    )),
    findings: rows(said["findings"]).map((finding) => ({
      id: text(finding["id"]), check: text(finding["check"]), level: finding["level"] === "problem" ? "problem" : "attention",
      code: text(finding["code"]), what: text(finding["what"]), why: text(finding["why"]), next: text(finding["next"]),
      mendable: finding["mendable"] === true,
    })),
  };
}
