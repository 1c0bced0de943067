/** What a node tells about a command beside its result, to gateways that wait for it: they show it to the session's people. */
import type { NodeCommandParams, RunResult } from "@openclaw/protocol";

type RunParams = NodeCommandParams<"system.run">;

const OUTPUT_CHARS = 20_000;
const CUT = "... (truncated) ";

export interface ExecEvent {
  readonly event: "exec.finished" | "exec.denied";
  readonly payloadJSON: string;
}

/** Undefined for a command that belongs to no session: nobody could be told. */
export function execFinished(params: RunParams, { exitCode, timedOut, success, stdout, stderr, error }: RunResult): ExecEvent | undefined {
  const whole = [stdout, stderr, error ?? ""].map((part) => part.trim()).filter((part) => part !== "").join("\n");
  const output = whole.length <= OUTPUT_CHARS ? whole : CUT + whole.slice(-OUTPUT_CHARS);
  return make("exec.finished", params, { exitCode: exitCode ?? undefined, timedOut, success, output });
}

export function execDenied(params: RunParams, reason: string): ExecEvent | undefined {
  return make("exec.denied", params, { reason });
}

function make(event: ExecEvent["event"], params: RunParams, told: Readonly<Record<string, unknown>>): ExecEvent | undefined {
  const { sessionKey, runId, command, rawCommand, suppressNotifyOnExit } = params;
  if (sessionKey === undefined || runId === undefined) return undefined;
  const payload = {
    sessionKey, runId, host: "node", command: rawCommand ?? command.join(" "), ...told,
    ...(suppressNotifyOnExit === undefined ? {} : { suppressNotifyOnExit }),
  };
  return { event, payloadJSON: JSON.stringify(payload) };
}
