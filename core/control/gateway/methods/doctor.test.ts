import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import type { MethodContext } from "../method.ts";
import { doctorMethods, type Examination, type ExaminedFinding } from "./doctor.ts";

interface Told { readonly mended?: string; readonly findings: readonly { readonly id: string; readonly mendable: boolean }[] }

function open(findings: ExaminedFinding[]) {
  const handlers = doctorMethods({
    examine: async (): Promise<readonly Examination[]> => [{ check: "disk", note: "", findings }],
    backups: () => Promise.reject(new Error("not asked")),
  });
  const ask = async (method: string, params: object = {}): Promise<Told> => (await handlers[method]?.(params, {} as MethodContext)) as Told;
  return { examine: () => ask("doctor.examine"), mend: (id: string) => ask("doctor.mend", { id }) };
}

test("what is mended is what is found at that moment, and the answer says what is left (S3.13)", async () => {
  const findings: ExaminedFinding[] = [{
    check: "disk", level: "problem", code: "DISK_FULL", what: "full", next: "Free some.",
    mend: async () => {
      findings.length = 0;
      return "freed";
    },
  }];
  const doctor = open(findings);
  const [found] = (await doctor.examine()).findings;
  assert.equal(found?.mendable, true);
  const checks = [{ check: "disk", note: "", skipped: false }];
  assert.deepEqual(await doctor.mend(found?.id ?? ""), { mended: "freed", checks, findings: [] });
  await assert.rejects(doctor.mend(found?.id ?? ""), (error) => hasCode(error, "NOT_FOUND"));
});

test("what only a person can mend is refused with what to do; another finding's name mends nothing", async () => {
  const doctor = open([{ check: "disk", level: "attention", code: "DISK_FULL", what: "nearly full", next: "Free some space." }]);
  const [found] = (await doctor.examine()).findings;
  await assert.rejects(doctor.mend(found?.id ?? ""), (error: { next?: string }) => (
    hasCode(error, "PARAMS_INVALID") && error.next === "Free some space."
  ));
  await assert.rejects(doctor.mend("0".repeat(16)), (error) => hasCode(error, "NOT_FOUND"));
});
