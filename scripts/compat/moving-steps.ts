/** Moving in from what the well-known program really keeps, and out to where it takes everything in again. */
import { join } from "node:path";
import { freePort } from "../../testkit/real-gateway.ts";
import type { Running, Said, Stage } from "./stage.ts";

interface MovingStep {
  readonly group: "moving";
  readonly tried: string;
  run(stage: Stage): Promise<string>;
}

const IN = "moved-in";
const OUT = "moved-out";
const SAID = "remember the blue folder";
/** Their maintenance takes its time on a machine without a network. */
const DOCTOR_MS = 200_000;
const START_MS = 90_000;

export const MOVING: readonly MovingStep[] = [
  {
    group: "moving", tried: "their state moves in here",
    run: async (stage) => {
      const other = await stage.theirGateway();
      await other.theirs(["agent", "--agent", "main", "-m", SAID], 120_000);
      const from = join(stage.homes, "their-gateway", ".openclaw");
      const said = await stage.command("ours", IN, ["migrate", "from-openclaw", "--from", from, "--json"]);
      const { messages, running } = JSON.parse(wholeOf(said)) as { readonly messages: number; readonly running: boolean };
      if (messages < 2) throw new Error(`${messages} messages came along`);
      return `${messages} messages${running ? ", while it runs" : ""}`;
    },
  },
  {
    group: "moving", tried: "what is here moves out, and theirs takes it in",
    run: async (stage) => {
      const to = join(stage.homes, OUT, ".openclaw");
      wholeOf(await stage.command("ours", IN, ["migrate", "to-openclaw", "--to", to, "--json"]));
      await stage.command("theirs", OUT, ["doctor", "--fix", "--yes", "--non-interactive"], DOCTOR_MS);
      const { text } = await stage.command("theirs", OUT, ["sessions", "--all-agents", "--json"]);
      if (!text.includes('"agent:main:main"')) throw new Error("its list of sessions does not name agent:main:main");
      return "sessions list names it";
    },
  },
  {
    group: "moving", tried: "their gateway shows what was there and back",
    run: async (stage) => {
      const [port, token] = [String(await freePort()), "a-token-for-the-moved-gateway"];
      const gateway = await stage.start(OUT, ["gateway", "run", "--port", port, "--auth", "token", "--token", token]);
      await untilReady(port, gateway);
      const params = JSON.stringify({ sessionKey: "agent:main:main", limit: 50 });
      const { text } = await stage.command("theirs", OUT, [
        "gateway", "call", "chat.history", "--url", `ws://127.0.0.1:${port}`, "--token", token, "--params", params, "--json",
      ]);
      await gateway.end();
      if (!text.includes(SAID)) throw new Error(`its history does not hold what was said: ${text.slice(0, 160)}`);
      return "chat.history holds what was said";
    },
  },
];

async function untilReady(port: string, gateway: Running): Promise<void> {
  for (const began = Date.now(); ; ) {
    if (await fetch(`http://127.0.0.1:${port}/readyz`).then(({ ok }) => ok, () => false)) return;
    if (Date.now() - began > START_MS) throw new Error(`their gateway did not start: ${gateway.output().trim().split("\n").at(-1)}`);
    await new Promise((resolve) => setTimeout(resolve, 250));
  }
}

function wholeOf({ code, text }: Said): string {
  if (code !== 0) throw new Error(text.trim().split("\n").at(-1) ?? `exit ${code}`);
  return text.slice(text.indexOf("{"));
}
