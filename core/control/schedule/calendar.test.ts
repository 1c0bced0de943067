import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type ErrorCode } from "@openclaw/protocol";
import { openCalendar } from "./calendar.ts";
import type { Schedule } from "./job.ts";

const calendar = await openCalendar();
const at = (text: string): number => Date.parse(text);
const cron = (expr: string, tz = "Europe/Berlin"): Schedule => ({ kind: "cron", expr, tz, staggerMs: 0 });

/** Every occurrence after `from` up to and including `to`, as UTC. */
function dues(schedule: Schedule, from: string, to: string): string[] {
  const found: string[] = [];
  for (let due = calendar.next(schedule, at(from)); due !== null && due <= at(to); due = calendar.next(schedule, due)) {
    found.push(new Date(due).toISOString().slice(5, 16));
    assert.ok(found.length < 500);
  }
  return found;
}

const refuses = (code: ErrorCode, schedule: Schedule): void =>
  assert.throws(() => calendar.check(schedule, at("2026-11-21T12:00Z")), (error) => hasCode(error, code));

test("a daily job keeps its wall time over both changes of the year (C11, S4.44)", () => {
  assert.deepEqual(dues(cron("0 9 * * *"), "2027-03-26T12:00Z", "2027-03-29T12:00Z"), ["03-27T08:00", "03-28T07:00", "03-29T07:00"]);
  assert.deepEqual(dues(cron("0 9 * * *"), "2026-10-23T12:00Z", "2026-10-26T12:00Z"), ["10-24T07:00", "10-25T08:00", "10-26T08:00"]);
});

test("what stands in the spring gap is due once, at the first instant after it (C11, C12)", () => {
  // 28 March 2027: 02:00 becomes 03:00, which is 01:00 UTC.
  assert.deepEqual(dues(cron("30 2 * * *"), "2027-03-27T00:00Z", "2027-03-29T12:00Z"), ["03-27T01:30", "03-28T01:00", "03-29T00:30"]);
  assert.deepEqual(dues(cron("0,20,40 2 * * *"), "2027-03-27T12:00Z", "2027-03-28T12:00Z"), ["03-28T01:00"]);
  assert.deepEqual(dues(cron("*/30 1-4 * * *"), "2027-03-27T22:00Z", "2027-03-28T04:00Z"),
    ["03-28T00:00", "03-28T00:30", "03-28T01:00", "03-28T01:30", "03-28T02:00", "03-28T02:30"]);
});

test("what stands in the repeated hour of autumn is due the first time only (C12)", () => {
  // 25 October 2026: 03:00 becomes 02:00, at 01:00 UTC.
  assert.deepEqual(dues(cron("30 2 * * *"), "2026-10-24T12:00Z", "2026-10-26T12:00Z"), ["10-25T00:30", "10-26T01:30"]);
  assert.deepEqual(dues(cron("0,30 2,3 * * *"), "2026-10-24T12:00Z", "2026-10-25T12:00Z"),
    ["10-25T00:00", "10-25T00:30", "10-25T02:00", "10-25T02:30"]);
  // Asked in the middle of the second pass, and by every second of it.
  assert.equal(calendar.next(cron("30 2 * * *"), at("2026-10-25T01:10Z")), at("2026-10-26T01:30Z"));
  assert.equal(calendar.next(cron("* * 2 * * *"), at("2026-10-25T01:10Z")), at("2026-10-26T01:00Z"));
});

test("an hour of * is every real hour, in gap and repeat alike (C11)", () => {
  const hourly = cron("15 * * * *");
  assert.deepEqual(dues(hourly, "2027-03-27T23:00Z", "2027-03-28T03:00Z"), ["03-27T23:15", "03-28T00:15", "03-28T01:15", "03-28T02:15"]);
  assert.deepEqual(dues(hourly, "2026-10-24T23:00Z", "2026-10-25T03:00Z"), ["10-24T23:15", "10-25T00:15", "10-25T01:15", "10-25T02:15"]);
  assert.deepEqual(dues(cron("@hourly", "America/New_York"), "2026-11-01T04:30Z", "2026-11-01T08:00Z"),
    ["11-01T05:00", "11-01T06:00", "11-01T07:00", "11-01T08:00"]);
});

test("zones with odd offsets and half-hour changes are kept (C11)", () => {
  assert.deepEqual(dues(cron("0 0 * * *", "Asia/Kathmandu"), "2026-11-20T00:00Z", "2026-11-21T00:00Z"), ["11-20T18:15"]);
  // Lord Howe turns its clock by half an hour: 4 April 2027, 02:00 becomes 01:30.
  const island = cron("45 1 * * *", "Australia/Lord_Howe");
  assert.deepEqual(dues(island, "2027-04-02T20:00Z", "2027-04-04T20:00Z"), ["04-03T14:45", "04-04T15:15"]);
  assert.deepEqual(dues(cron("0 12 * * *", "UTC"), "2026-11-20T00:00Z", "2026-11-21T12:00Z"), ["11-20T12:00", "11-21T12:00"]);
});

test("a rhythm counts from its anchor, and a single time is due once", () => {
  const every: Schedule = { kind: "every", everyMs: 600_000, anchorMs: at("2026-11-21T10:03Z") };
  assert.deepEqual(dues(every, "2026-11-21T09:00Z", "2026-11-21T10:20Z"), ["11-21T10:03", "11-21T10:13"]);
  assert.deepEqual(dues(every, "2026-11-21T10:13Z", "2026-11-21T10:30Z"), ["11-21T10:23"]);
  assert.deepEqual(dues({ kind: "at", atMs: at("2026-11-21T10:00Z") }, "2026-11-21T09:59Z", "2026-11-22T10:00Z"), ["11-21T10:00"]);
  assert.equal(calendar.next({ kind: "at", atMs: at("2026-11-21T10:00Z") }, at("2026-11-21T10:00Z")), null);
});

test("an expression that never fires, is none, or names no zone is refused with its own code (S4.44)", () => {
  refuses("CRON_NEVER_FIRES", cron("0 0 30 2 *"));
  refuses("CRON_NEVER_FIRES", cron("0 0 31 4,6,9,11 *"));
  refuses("CRON_NEVER_FIRES", cron("0 0 0 1 1 * 2020"));
  refuses("CRON_NEVER_FIRES", { kind: "at", atMs: 0 });
  const none = ["", "bad", "61 * * * *", "* * * *", "2027-01-01T00:00:00", "* * * * * * * *"];
  for (const expr of none) refuses("CRON_EXPRESSION_INVALID", cron(expr));
  refuses("TIME_ZONE_UNKNOWN", cron("0 9 * * *", "Nowhere/Town"));
  calendar.check(cron("0 0 29 2 *"), at("2026-11-21T12:00Z"));
});
