/**
 * What the installed command does on a Node that is too old: fetches a private one when a person agrees, and then does what was
 * asked. Nothing is fetched unasked. Plain JavaScript, for it runs on Node 20.
 */
import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { constants } from "node:os";
import { createInterface } from "node:readline/promises";
import { installRuntime, removeRuntime, runtimeState } from "./fetch-node.mjs";

const UNAVAILABLE = 69;
const [command, ...args] = process.argv.slice(2);
const words = args.filter((word) => !word.startsWith("-"));

process.exitCode = await main();

async function main() {
  if (args.length === 1 && (args[0] === "--version" || args[0] === "-V")) return version();
  const { offered } = runtimeState();
  if (words[0] === "runtime" && words[1] === "remove") {
    say(removeRuntime() ? "The private Node is gone." : "There is no private Node.");
    return 0;
  }
  const wanted = words[0] === "runtime" && words[1] === "install";
  if (!wanted) {
    process.stderr.write(`OpenClaw runs on Node 24; this is Node ${process.versions.node}.\n`);
    if (offered === undefined) return refuse("Install Node 24 or newer, then run this again.");
    if (!process.stdin.isTTY || args.includes("--json")) {
      return refuse("Run: openclaw runtime install  (a private Node 24, in your home), or install Node 24.");
    }
    const prompt = createInterface({ input: process.stdin, output: process.stderr });
    const about = "190 MB in your home; openclaw runtime remove takes it away.";
    const answer = await prompt.question(`Fetch Node ${offered} for OpenClaw alone? ${about} [Y/n] `);
    prompt.close();
    if (!/^\s*(?:y|yes)?\s*$/i.test(answer)) return refuse("Install Node 24 or newer, then run this again.");
  }
  try {
    say(`Fetching Node ${offered} …`);
    const { dir, installed } = await installRuntime();
    say(`Node ${installed} is in ${dir}.`);
  } catch (error) {
    return refuse(error.message);
  }
  if (wanted) return 0;
  const { status, signal } = spawnSync(command, args, { stdio: "inherit" });
  return status ?? 128 + (constants.signals[signal] ?? 0);
}

/** Answers without Node 24: whoever looks which version is installed wants no other answer. */
function version() {
  const { version: own } = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
  process.stdout.write(`openclaw ${own}\n`);
  return 0;
}

function refuse(next) {
  process.stderr.write(`${next}\n`);
  return UNAVAILABLE;
}

function say(text) {
  process.stderr.write(`${text}\n`);
}
