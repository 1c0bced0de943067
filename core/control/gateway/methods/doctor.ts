/** Repairs and backups over the wire: what the doctor finds beside a gateway that runs, and mending one finding at a time. */
import { hash } from "node:crypto";
import { OpenClawError } from "@openclaw/protocol";
import type { MethodHandlers } from "../method.ts";

/** What one check has to say. */
export interface Examination {
  readonly check: string;
  /** One line, when all is well or when it could not be looked at. */
  readonly note: string;
  readonly skipped?: boolean;
  readonly findings: readonly ExaminedFinding[];
  /** Where there are many of what it looks at: at how many, and of how many. */
  readonly looked?: { readonly at: number; readonly of: number };
}

export interface ExaminedFinding {
  /** Which check found it. */
  readonly check: string;
  /** `problem`: something does not work, or was lost. `attention`: it may come to that. */
  readonly level: "problem" | "attention";
  readonly code: string;
  readonly what: string;
  readonly why?: string;
  /** What a person does about it. */
  readonly next: string;
  /** Mends it and says what was done. Absent: only a person can. */
  readonly mend?: () => Promise<string>;
}

export interface DoctorMethodDeps {
  /** `deep`: what takes a while, too; `all`: every session then, and not only the newest. */
  readonly examine: (how: { readonly deep: boolean; readonly all?: boolean }, signal: AbortSignal) => Promise<readonly Examination[]>;
  readonly backups: () => Promise<BackupDesk>;
}

/** Each answers with what there is afterwards. */
export interface BackupDesk {
  status(): Promise<object>;
  /** Throws BACKUP_PASSPHRASE_MISSING or BACKUP_FAILED. */
  create(signal: AbortSignal): Promise<object>;
  /** What is wrong with it is part of the answer. Throws NOT_FOUND, or BACKUP_PASSPHRASE_MISSING. */
  verify(file: string, signal: AbortSignal): Promise<object>;
}

/** Nothing is remembered between calls: what is mended is what is found now, so that nothing stale is ever mended. */
export function doctorMethods({ examine, backups }: DoctorMethodDeps): MethodHandlers {
  return {
    "backup.status": async () => (await backups()).status(),
    "backup.create": async (_, { signal }) => (await backups()).create(signal),
    "backup.verify": async (params, { signal }) => (await backups()).verify((params as { readonly file: string }).file, signal),
    "doctor.examine": async (params, { signal }) => {
      const { deep = false, all = false } = (params ?? {}) as { readonly deep?: boolean; readonly all?: boolean };
      return present(await examine({ deep: deep || all, all }, signal));
    },
    "doctor.mend": async (params, { signal }) => {
      const { id } = params as { readonly id: string };
      const finding = (await examine({ deep: false }, signal)).flatMap(({ findings }) => findings).find((one) => idOf(one) === id);
      if (finding === undefined) throw new OpenClawError("NOT_FOUND", { why: "It is no longer found.", next: "Look again." });
      if (finding.mend === undefined) {
        throw new OpenClawError("PARAMS_INVALID", { why: "Only a person can mend this.", next: finding.next });
      }
      const mended = await finding.mend();
      return { mended, ...present(await examine({ deep: false }, signal)) };
    },
  };
}

function present(examined: readonly Examination[]): { readonly checks: readonly object[]; readonly findings: readonly object[] } {
  return {
    checks: examined.map(({ check, note, skipped = false, looked }) => (
      { check, note, skipped, ...(looked === undefined ? {} : { looked }) }
    )),
    findings: examined.flatMap(({ findings }) => findings).map((finding) => {
      const { mend, ...told } = finding;
      return { id: idOf(finding), ...told, mendable: mend !== undefined };
    }),
  };
}

/** The same finding has the same name whenever it is found. */
function idOf({ check, code, what }: ExaminedFinding): string {
  return hash("sha256", JSON.stringify([check, code, what]), "hex").slice(0, 16);
}
