/**
 * The way in: installs what is missing, then goes on under Node 24. Plain JavaScript, for it starts on Node 20.
 *
 *   node scripts/launch.mjs <start|test|check|demo|bench|chaos|compat|simulate|docs|pack|screenshots|openclaw> [arguments]
 */
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { findNode } from "./launch/find-node.mjs";
import { allocatorSettings, nodeFlags } from "./launch/node-flags.mjs";
import { buildPage } from "./launch/page.mjs";
import { EXIT, Refusal } from "./launch/refusal.mjs";
import { runChild } from "./launch/run-child.mjs";
import { setUp } from "./launch/set-up.mjs";
import { warmCompileCache } from "./launch/warm.mjs";
import { createPainter } from "./paint.mjs";

const root = dirname(dirname(fileURLToPath(import.meta.url)));

/** What each verb runs: the file, then the arguments that come before the person's. */
const verbs = {
  start: ["core/app/main.ts", "gateway", "run"],
  openclaw: ["core/app/main.ts"],
  test: ["scripts/test.ts", "test"],
  check: ["scripts/test.ts", "check"],
  demo: ["scripts/demo.ts"],
  bench: ["bench/run.ts"],
  chaos: ["scripts/chaos.ts"],
  compat: ["scripts/compat.ts"],
  simulate: ["scripts/simulate.ts"],
  docs: ["scripts/docs.ts"],
  pack: ["scripts/pack.ts"],
  screenshots: ["scripts/screenshots.ts"],
};

/** Verbs under which a browser may come. */
const withPage = ["start", "test", "check", "demo", "bench", "compat", "screenshots"];

/** Verbs whose processes live long enough, or are so many, that compiling ahead is worth it. */
const worthCompiling = (verb, args) => ["start", "demo", "bench", "chaos"].includes(verb) || (verb === "test" && args.length === 0);

async function launch(verb, args) {
  if (process.platform === "win32") {
    throw new Refusal(EXIT.unavailable, "OpenClaw runs on Linux and macOS; on Windows, run it inside WSL (wsl --install).");
  }
  if (verb === undefined || !Object.hasOwn(verbs, verb)) {
    throw new Refusal(EXIT.usage, `Say one of: ${Object.keys(verbs).join(", ")}.`);
  }
  await setUp(root);
  // `npm start -- --version` asks about the program, not about one of its commands.
  const wantsVersion = verb === "start" && (args[0] === "--version" || args[0] === "-V");
  const [file, ...before] = wantsVersion ? ["core/app/main.ts"] : verbs[verb];
  const cache = process.env.NODE_COMPILE_CACHE ?? join(root, ".cache", "compile");
  const node = findNode(root);
  if (withPage.includes(verb) && !wantsVersion) buildPage(root, node);
  if (worthCompiling(verb, args) && !wantsVersion) warmCompileCache(root, node, cache);
  const [flags, settings] = file === "core/app/main.ts" ? [nodeFlags, allocatorSettings] : [[], {}];
  return runChild(node, [...flags, join(root, file), ...before, ...args], { ...process.env, ...settings, NODE_COMPILE_CACHE: cache });
}

try {
  process.exitCode = await launch(process.argv[2], process.argv.slice(3));
} catch (error) {
  if (!(error instanceof Refusal)) throw error;
  const paint = createPainter(process.stderr);
  process.stderr.write(`${paint.red(paint.bad)} ${error.message}\n`);
  process.exitCode = error.exitCode;
}
