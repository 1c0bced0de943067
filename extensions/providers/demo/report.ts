/** Findings as a short, readable report. Every figure in it stands in a result; nothing is guessed. */
import type { Findings } from "./check-machine.ts";
import { explainFailure } from "./explain-failure.ts";
import { fence, formatBytes, oneLine, parseObject } from "./quote.ts";
import type { CallDone } from "./wish.ts";

export function reportCheck(findings: Findings): string {
  return joinParts([`### System check: ${headline(findings)}`, moved(findings), infoTable(findings), ...quoteCommands(findings)]);
}

export function reportLoad(findings: Findings): string {
  return joinParts([moved(findings), loadSentence(findings), ...quoteCommands(findings)]);
}

export function reportDisk(findings: Findings): string {
  return joinParts([moved(findings), `Disk space on ${headline(findings)}:`, ...quoteCommands(findings)]);
}

function joinParts(parts: readonly string[]): string {
  return parts.filter((part) => part !== "").join("\n\n");
}

/** Which machine has answered: by the name the person used, and by its own. */
function headline(findings: Findings): string {
  const host = textField(infoOf(findings), "hostname");
  const named = findings.movedBecause === undefined ? findings.wish.place?.said : undefined;
  if (named !== undefined) return host === undefined || host === named ? `**${named}**` : `**${named}** (host ${host})`;
  return host === undefined ? "the gateway's own machine" : `the gateway's own machine (host ${host})`;
}

function moved({ movedBecause, wish }: Findings): string {
  if (movedBecause === undefined) return "";
  const said = wish.place?.said ?? "the node you named";
  return [
    `**This is not ${said}.** ${explainFailure(wish, movedBecause, "short")} The figures below are those of the gateway's own machine.`,
    `Say "only on ${said}" if another machine is of no use.`,
  ].join(" ");
}

function infoOf(findings: Findings): Readonly<Record<string, unknown>> | undefined {
  return findings.info === undefined || findings.info.isError ? undefined : parseObject(findings.info.text);
}

function infoTable(findings: Findings): string {
  if (findings.info === undefined) return "";
  if (findings.info.isError) return explainFailure(findings.wish, findings.info);
  const info = infoOf(findings);
  if (info === undefined) return fence(findings.info.text);
  const kernel = [textField(info, "platform"), textField(info, "release")].filter((part) => part !== undefined).join(" ");
  const system = textField(info, "osLabel") ?? kernel;
  const rows: readonly (readonly [string, string | undefined])[] = [
    ["System", [system, textField(info, "arch")].filter((part) => part !== undefined && part !== "").join(", ")],
    ["Processor", processor(info)],
    ["Load (1, 5, 15 min)", load(info)?.figures],
    ["Memory", memory(info)],
    ...disks(info),
    ["Up for", typeof info["uptimeMs"] === "number" ? formatDuration(info["uptimeMs"]) : undefined],
    ["GPU", gpus(info)],
  ];
  const known = rows.filter((row): row is readonly [string, string] => row[1] !== undefined && row[1] !== "");
  return `| what | figure |\n| --- | --- |\n${known.map(([what, figure]) => `| ${what} | ${figure} |`).join("\n")}`;
}

function loadSentence(findings: Findings): string {
  const info = infoOf(findings);
  const now = info === undefined ? undefined : load(info);
  if (info === undefined || now === undefined) return infoTable(findings);
  const used = memory(info);
  return `${capital(headline(findings))} is **${now.word}**: load ${now.figures}${used === undefined ? "" : `; memory ${used}`}.`;
}

function quoteCommands(findings: Findings): readonly string[] {
  return findings.commands.map((done) => quoteCommand(done, findings));
}

function quoteCommand(done: CallDone, findings: Findings): string {
  const argv = done.args["argv"];
  const line = Array.isArray(argv) ? argv.join(" ") : String(done.args["command"] ?? "");
  return done.isError ? `\`${line}\` did not work. ${explainFailure(findings.wish, done)}` : `\`${line}\`\n\n${fence(done.text)}`;
}

function processor(info: Readonly<Record<string, unknown>>): string | undefined {
  const count = info["cpuCount"];
  return typeof count === "number" ? `${count} × ${textField(info, "cpuModel") ?? "unknown"}` : textField(info, "cpuModel");
}

function load(info: Readonly<Record<string, unknown>>): { readonly figures: string; readonly word: string } | undefined {
  const figures = info["loadAverage"];
  if (!Array.isArray(figures) || figures.length === 0 || !figures.every((figure) => typeof figure === "number")) return undefined;
  const shown = (figures as readonly number[]).slice(0, 3).map((figure) => figure.toFixed(2)).join(", ");
  const count = info["cpuCount"];
  if (typeof count !== "number" || count < 1) return { figures: shown, word: "running" };
  const share = (figures[0] as number) / count;
  const word = share < 0.3 ? "quiet" : share < 0.8 ? "at work" : share < 1.2 ? "busy" : "overloaded";
  return { figures: `${shown} on ${count} ${count === 1 ? "core" : "cores"}`, word };
}

function memory(info: Readonly<Record<string, unknown>>): string | undefined {
  const total = info["memoryTotalBytes"];
  const free = info["memoryFreeBytes"];
  if (typeof total !== "number" || typeof free !== "number" || total <= 0) return undefined;
  return `${formatBytes(total - free)} of ${formatBytes(total)} used (${Math.round(((total - free) / total) * 100)} %)`;
}

type Disk = { readonly path?: unknown; readonly totalBytes?: unknown; readonly freeBytes?: unknown } | null;

function disks(info: Readonly<Record<string, unknown>>): readonly (readonly [string, string])[] {
  const list = info["disks"];
  if (!Array.isArray(list)) return [];
  return (list as readonly Disk[]).slice(0, 8).flatMap((disk): (readonly [string, string])[] => {
    if (typeof disk?.path !== "string" || typeof disk.totalBytes !== "number" || typeof disk.freeBytes !== "number") return [];
    return [[`Disk ${oneLine(disk.path)}`, `${formatBytes(disk.freeBytes)} of ${formatBytes(disk.totalBytes)} free`]];
  });
}

type Gpu = { readonly name?: unknown; readonly memoryTotalBytes?: unknown } | null;

function gpus(info: Readonly<Record<string, unknown>>): string | undefined {
  const list = info["gpus"];
  if (!Array.isArray(list) || list.length === 0) return undefined;
  return (list as readonly Gpu[]).slice(0, 8).map((gpu) => {
    const size = typeof gpu?.memoryTotalBytes === "number" ? ` (${formatBytes(gpu.memoryTotalBytes)})` : "";
    return `${oneLine(String(gpu?.name ?? "unknown"))}${size}`;
  }).join(", ");
}

function textField(info: Readonly<Record<string, unknown>> | undefined, name: string): string | undefined {
  const value = info?.[name];
  return typeof value === "string" && value !== "" ? oneLine(value) : undefined;
}

function formatDuration(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  const days = Math.floor(minutes / 1_440);
  const hours = Math.floor((minutes % 1_440) / 60);
  return [days > 0 ? `${days} d` : "", hours > 0 ? `${hours} h` : "", `${minutes % 60} min`].filter((part) => part !== "").join(" ");
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
