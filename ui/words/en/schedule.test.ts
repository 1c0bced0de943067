import assert from "node:assert/strict";
import { test } from "node:test";
import { readSchedule, writeSchedule, type Schedule } from "./schedule.ts";

const NOW = new Date(2026, 10, 21, 12, 0, 0).getTime();
const read = (text: string): Schedule | undefined => readSchedule(text, "Europe/Berlin", NOW);
const cron = (expr: string): Schedule => ({ kind: "cron", expr, tz: "Europe/Berlin" });
const at = (day: number, hour: number, minute = 0): Schedule => ({ kind: "at", at: new Date(2026, 10, day, hour, minute).toISOString() });

const CASES: Readonly<Record<string, Schedule | undefined>> = {
  "every weekday at 9:00": cron("0 9 * * 1-5"), "Every day at 18:30": cron("30 18 * * *"), "daily at 7am": cron("0 7 * * *"),
  "weekdays 9": cron("0 9 * * 1-5"), "mondays at noon": cron("0 12 * * 1"),
    "every Monday, Wednesday and Friday at 8.15": cron("15 8 * * 1,3,5"),
  "every weekend at 10 pm": cron("0 22 * * 0,6"), "on the 1st of every month at 6:00": cron("0 6 1 * *"),
  "every month on the 15th at midnight": cron("0 0 15 * *"), "fri at 17:00": cron("0 17 * * 5"),
  "every 30 minutes": { kind: "every", everyMs: 1_800_000 }, "every 2h": { kind: "every", everyMs: 7_200_000 },
  "every hour": { kind: "every", everyMs: 3_600_000 }, "every other day": { kind: "every", everyMs: 172_800_000 },
  "hourly": { kind: "every", everyMs: 3_600_000 },
  "in 20 minutes": { kind: "at", at: new Date(NOW + 1_200_000).toISOString() }, "tomorrow at 9": at(22, 9),
    "today at 18:30": at(21, 18, 30),
  "at 11:00": at(22, 11), "at 13:00": at(21, 13), "on 2026-11-24 at 18:00": at(24, 18), "2026-11-24 18:00": at(24, 18),
  "*/5 * * * *": cron("*/5 * * * *"), "0 9 * * MON-FRI": cron("0 9 * * MON-FRI"), "@daily": cron("@daily"),
  "": undefined, "soon": undefined, "every moonday at 9": undefined, "every day at 25:00": undefined, "on 2026-02-31 at 9:00": undefined,
  "every day": { kind: "every", everyMs: 86_400_000 }, "on the 32nd of every month at 9:00": undefined, "every s at 9": undefined,
};

test("when is read as people write it, in the zone they are in, and what cannot be read is not guessed (C11)", () => {
  for (const [text, expected] of Object.entries(CASES)) assert.deepEqual(read(text), expected, text);
});

test("what was read is written so that it reads the same again", () => {
  for (const [text, schedule] of Object.entries(CASES)) {
    if (schedule !== undefined) assert.deepEqual(read(writeSchedule(schedule)), schedule, `${text} → ${writeSchedule(schedule)}`);
  }
  assert.equal(writeSchedule(cron("0 9 * * 1-5")), "every weekday at 09:00");
  assert.equal(writeSchedule(cron("5 4 */2 * *")), "5 4 */2 * *");
});
