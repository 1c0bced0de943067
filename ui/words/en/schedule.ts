/**
 * When, in words: read as people write it, and written so that it can be read again. A language brings its own.
 *
 * `readSchedule` knows rhythms ("every 30 minutes"), days of the week and month at a time ("every weekday at 9:00"), single times
 * ("tomorrow at 18:30", "in 20 minutes"), and cron expressions as they are. Times are those of the zone it is given.
 */
export type Schedule =
  | { readonly kind: "at"; readonly at: string }
  | { readonly kind: "every"; readonly everyMs: number; readonly anchorMs?: number | undefined }
  | { readonly kind: "cron"; readonly expr: string; readonly tz: string; readonly staggerMs?: number | undefined };

const UNIT_MS: Readonly<Record<string, number>> = {
  s: 1_000, sec: 1_000, second: 1_000, m: 60_000, min: 60_000, minute: 60_000, h: 3_600_000, hour: 3_600_000, d: 86_400_000,
  day: 86_400_000, w: 604_800_000, week: 604_800_000,
};
const DAYS = ["sunday", "monday", "tuesday", "wednesday", "thursday", "friday", "saturday"] as const;
const FIELD = String.raw`(?:[\d*?/,\-LW#]|mon|tue|wed|thu|fri|sat|sun|jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)+`;
const CRON = new RegExp(`^(?:@(?:yearly|annually|monthly|weekly|daily|midnight|hourly)|${FIELD}(?: ${FIELD}){4,6})$`, "i");

/** Undefined where it cannot be read. `nowMs` is what "tomorrow" and "in an hour" are seen from; their zone is the browser's own. */
export function readSchedule(text: string, tz: string, nowMs: number): Schedule | undefined {
  const said = text.trim().replace(/\s+/g, " ").replace(/[.,]$/, "");
  if (CRON.test(said)) return { kind: "cron", expr: said, tz };
  const words = said.toLowerCase();
  return readRhythm(words) ?? readOnce(words, nowMs) ?? readDays(words, tz);
}

function readRhythm(words: string): Schedule | undefined {
  const every = /^(?:every|each) (?:(\d{1,6}|other|an?) ?)?([a-z]+?)s?$/.exec(words);
  const unitMs = every === null ? undefined : UNIT_MS[every[2] ?? ""];
  if (words === "hourly") return { kind: "every", everyMs: 3_600_000 };
  if (every === null || unitMs === undefined) return undefined;
  const many = every[1] === "other" ? 2 : Number(every[1]) || 1;
  return { kind: "every", everyMs: many * unitMs };
}

function readOnce(words: string, nowMs: number): Schedule | undefined {
  const soon = /^in (\d{1,6}|an?) ?([a-z]+?)s?$/.exec(words);
  const unitMs = soon === null ? undefined : UNIT_MS[soon[2] ?? ""];
  if (soon !== null && unitMs !== undefined) return at(new Date(nowMs + (Number(soon[1]) || 1) * unitMs));
  const dated = /^(?:on |once,? |once,? on )?(\d{4})-(\d\d)-(\d\d)(?: at |, |t| )(.+)$/.exec(words);
  if (dated !== null) {
    const time = readTime(dated[4] ?? "");
    const day = new Date(Number(dated[1]), Number(dated[2]) - 1, Number(dated[3]));
    return time === undefined || day.getDate() !== Number(dated[3]) ? undefined : at(withTime(day, time));
  }
  const named = /^(today|tomorrow|tonight)(?: at)? (.+)$/.exec(words) ?? /^(at) (.+)$/.exec(words);
  const time = named === null ? undefined : readTime(named[2] ?? "");
  if (named === null || time === undefined) return undefined;
  const day = new Date(nowMs);
  if (named[1] === "tomorrow") day.setDate(day.getDate() + 1);
  const when = withTime(day, time);
  if (named[1] === "at" && when.getTime() <= nowMs) when.setDate(when.getDate() + 1);
  return at(when);
}

function readDays(words: string, tz: string): Schedule | undefined {
  const parts = /^(.+?)(?: at| ,|,)? (\d[^ ]*(?: ?[ap]m)?|noon|midnight)$/.exec(words);
  const time = parts === null ? undefined : readTime(parts[2] ?? "");
  if (parts === null || time === undefined || time.second !== 0) return undefined;
  const [dayOfMonth, dayOfWeek] = readDayNames(parts[1] ?? "") ?? [];
  return dayOfMonth === undefined ? undefined : { kind: "cron", expr: `${time.minute} ${time.hour} ${dayOfMonth} * ${dayOfWeek ?? "*"}`,
    tz };
}

const NTH = String.raw`(\d{1,2})(?:st|nd|rd|th)?`;
const OF_MONTH = new RegExp(`^(?:(?:on )?the ${NTH} of (?:every|each|the) month|(?:monthly|every month|each month) on the ${NTH})$`);

/** Day of month and day of week, as an expression has them. */
function readDayNames(words: string): readonly [string, string] | undefined {
  const ofMonth = OF_MONTH.exec(words);
  if (ofMonth !== null) {
    const day = Number(ofMonth[1] ?? ofMonth[2]);
    return day >= 1 && day <= 31 ? [String(day), "*"] : undefined;
  }
  const names = words.replace(/^(?:every|each|on) /, "");
  if (/^(?:day|daily)$/.test(names)) return ["*", "*"];
  if (/^(?:weekdays?|workdays?|working days?)$/.test(names)) return ["*", "1-5"];
  if (/^weekends?(?: days?)?$/.test(names)) return ["*", "0,6"];
  const days = names.split(/,? and |, ?| /).map((name) => DAYS.findIndex((day) => {
    const one = name.replace(/s$/, "");
    return one.length >= 3 && (day === name || day === one || (day.startsWith(name) && name.length <= 4));
  }));
  if (days.length === 0 || days.includes(-1)) return undefined;
  return ["*", [...new Set(days)].toSorted((a, b) => a - b).join(",")];
}

interface Time { readonly hour: number; readonly minute: number; readonly second: number }

function readTime(words: string): Time | undefined {
  if (words === "noon") return { hour: 12, minute: 0, second: 0 };
  if (words === "midnight") return { hour: 0, minute: 0, second: 0 };
  const found = /^(\d{1,2})(?:[:.h](\d\d)?)?(?::(\d\d))? ?(am|pm|o'clock)?$/.exec(words);
  if (found === null) return undefined;
  const half = found[4] === "am" || found[4] === "pm" ? found[4] : undefined;
  const said = Number(found[1]);
  if (half !== undefined && (said < 1 || said > 12)) return undefined;
  const hour = half === undefined ? said : (said % 12) + (half === "pm" ? 12 : 0);
  const [minute, second] = [Number(found[2] ?? 0), Number(found[3] ?? 0)];
  return hour > 23 || minute > 59 || second > 59 ? undefined : { hour, minute, second };
}

function withTime(day: Date, { hour, minute, second }: Time): Date {
  return new Date(day.getFullYear(), day.getMonth(), day.getDate(), hour, minute, second);
}

function at(when: Date): Schedule {
  return { kind: "at", at: when.toISOString() };
}

/** As `readSchedule` reads it. What has no plain words stays an expression. */
export function writeSchedule(schedule: Schedule): string {
  switch (schedule.kind) {
    case "at": return writeOnce(new Date(schedule.at));
    case "every": return writeRhythm(schedule.everyMs);
    case "cron": return writeCron(schedule.expr) ?? schedule.expr;
  }
}

const RHYTHMS = [["week", 604_800_000], ["day", 86_400_000], ["hour", 3_600_000], ["minute", 60_000]] as const;

function writeRhythm(everyMs: number): string {
  const [name, unitMs] = RHYTHMS.find(([, each]) => everyMs >= each && everyMs % each === 0) ?? ["second", 1_000];
  const many = Math.round(everyMs / unitMs);
  return many === 1 ? `every ${name}` : `every ${many} ${name}s`;
}

function writeOnce(when: Date): string {
  const two = (value: number): string => String(value).padStart(2, "0");
  const seconds = when.getSeconds() > 0 ? `:${two(when.getSeconds())}` : "";
  const day = `${when.getFullYear()}-${two(when.getMonth() + 1)}-${two(when.getDate())}`;
  return `on ${day} at ${two(when.getHours())}:${two(when.getMinutes())}${seconds}`;
}

function writeCron(expr: string): string | undefined {
  const found = /^(\d{1,2}) (\d{1,2}) (\*|\d{1,2}) \* (\*|[\d,-]+)$/.exec(expr);
  if (found === null) return undefined;
  const [, minute = "", hour = "", ofMonth = "", ofWeek = ""] = found;
  const time = `at ${hour.padStart(2, "0")}:${minute.padStart(2, "0")}`;
  if (ofMonth !== "*") return ofWeek === "*" ? `on the ${ordinal(Number(ofMonth))} of every month ${time}` : undefined;
  if (ofWeek === "*") return `every day ${time}`;
  if (ofWeek === "1-5") return `every weekday ${time}`;
  if (ofWeek === "0,6") return `every weekend ${time}`;
  const names = ofWeek.split(",").map((day) => (/^\d$/.test(day) ? DAYS[Number(day) % 7] : undefined));
  if (names.includes(undefined)) return undefined;
  const days = names.map((name) => `${name?.slice(0, 1).toUpperCase()}${name?.slice(1)}`);
  return `every ${days.length === 1 ? days[0] : `${days.slice(0, -1).join(", ")} and ${days.at(-1)}`} ${time}`;
}

function ordinal(day: number): string {
  const end = day % 10 === 1 && day !== 11 ? "st" : day % 10 === 2 && day !== 12 ? "nd" : day % 10 === 3 && day !== 13 ? "rd" : "th";
  return `${day}${end}`;
}
