/** Stands in for a node that was taken over: runs whatever lies in its workspace and writes down what came of it. */
import { spawn } from "node:child_process";
import { readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { answerLaunch } from "../answer-launch.ts";

const { material, confined, ready } = await answerLaunch(process.stdin, process.stdout);
const { workspace } = material;

process.on("SIGTERM", () => {
  writeFileSync(join(workspace, "ended-in-good-order"), "");
  process.exit(0);
});
const { token } = material;
const facts = { confined, token, uid: process.getuid?.(), environment: process.env };
writeFileSync(join(workspace, "facts.json"), JSON.stringify(facts));
ready("attacker");

for (;;) {
  for (const name of readdirSync(workspace).filter((file) => file.endsWith(".attack"))) {
    const argv = JSON.parse(readFileSync(join(workspace, name), "utf8")) as string[];
    const result = await run(argv);
    rmSync(join(workspace, name));
    writeFileSync(join(workspace, `${name}.part`), JSON.stringify(result));
    renameSync(join(workspace, `${name}.part`), join(workspace, name.replace(".attack", ".result")));
  }
  await new Promise((resolve) => setTimeout(resolve, 10));
}

function run([file = "", ...args]: readonly string[]): Promise<{ code: number | null; output: string }> {
  return new Promise((resolve) => {
    let output = "";
    const child = spawn(file, args, { cwd: workspace });
    child.stdout.on("data", (data: Buffer) => (output += data.toString("latin1")));
    child.stderr.on("data", (data: Buffer) => (output += data.toString("latin1")));
    child.on("error", (error) => resolve({ code: -1, output: error.message }));
    child.on("close", (code) => resolve({ code, output }));
  });
}
