/** What runs commands: the nodes; and for clients of the wire their approvals, the rules on each machine, and who is told of both. */
import { OpenClawError, exactArgPattern, hasCode, withExecRules, type ExecApprovalsSnapshot } from "@openclaw/protocol";
import type { Clock } from "../base/clock.ts";
import type { Ids } from "../base/ids.ts";
import { createSessionApprovals, type SessionApprovals } from "../control/gateway.ts";
import { createClientApprovals, type ClientApprovals } from "../execution/intents.ts";
import { execWishOf, invokeOnce, openNodes, type ExecSettings, type Nodes, type NodesDeps } from "../execution/nodes.ts";
import type { ApprovalAnswer, Approvals } from "../execution/policy.ts";
import type { Logger } from "../fabric/telemetry.ts";
import type { Config } from "./config-schema.ts";

export interface ComposeNodesDeps extends Pick<NodesDeps, "records" | "blobs" | "clock" | "ids" | "log"> {
  readonly config: () => Config;
  readonly reattachWaitMs: number;
  readonly tell: (event: string, payload: unknown) => void;
  /** What an agent says of commands for itself. */
  readonly execOf: (agentId: string) => ExecSettings | undefined;
  /** Adds to a session what came late for it; undefined while sessions are not open. */
  readonly note: (sessionKey: string, text: string, id: string) => Promise<void> | undefined;
}

export async function composeNodes({ config, tell, execOf, note, ...deps }: ComposeNodesDeps): Promise<Nodes> {
  return await openNodes({
    ...deps, onEvent: tell,
    execWish: (agentId) => execWishOf(config().tools?.exec, agentId === undefined ? {} : execOf(agentId)),
    policy: {
      get allow() {
        return config().gateway?.nodes?.commands?.allow ?? [];
      },
      get deny() {
        return config().gateway?.nodes?.commands?.deny ?? [];
      },
    },
    onLateResult: ({ nodeId, id, ok, sessionKey }) => {
      deps.log.warn("node.result.late", { nodeId, id, ok });
      const text = `The node ${nodeId} answered after its outcome had been recorded as unknown: it ${ok ? "worked" : "failed"}.`;
      if (sessionKey === null) return;
      note(sessionKey, text, id)?.catch((error: unknown) => deps.log.warn("note.failed", { error }));
    },
  });
}

export interface ComposeExecDeps {
  readonly nodes: Nodes;
  readonly approvals: () => Approvals;
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: Logger;
  /** The node on the gateway's own machine: what is asked of the gateway's rules is asked of it. */
  readonly localNodeId: string;
  readonly tell: (event: string, payload: unknown, options?: { readonly only: readonly string[] }) => void;
}

export interface ComposedExec {
  readonly clientApprovals: ClientApprovals;
  readonly sessionApprovals: SessionApprovals;
  /** For clients and for those who watch a session. */
  readonly onChanged: (event: string, payload: unknown) => void;
  /** Asks a node a question about its rules; without `nodeId` the gateway's own. */
  readonly ask: (nodeId: string | undefined, command: string, params: object, signal: AbortSignal) => Promise<unknown>;
  /** An answer to an approval that a client asked for: the client waits for it by itself, an "always" becomes a rule. */
  readonly answered: (answer: ApprovalAnswer) => Promise<void>;
}

interface Found {
  readonly bins: Readonly<Record<string, string>>;
}

const ASK_MS = 15_000;
const STALE_TRIES = 3;

export function composeExec(deps: ComposeExecDeps): ComposedExec {
  const { nodes, approvals, clock, ids, log, tell, localNodeId } = deps;
  const sessionApprovals = createSessionApprovals({
    broadcast: tell, now: () => clock.now(), show: (id) => showOrNull(approvals(), id), waiting: () => approvals().list(),
  });

  const ask: ComposedExec["ask"] = async (nodeId, command, params, signal) => {
    const chosen = nodes.choose({ node: nodeId ?? localNodeId, command });
    const request = { id: ids.uuid(), nodeId: chosen.nodeId, command, params, timeoutMs: ASK_MS };
    return (await invokeOnce(nodes.invoke(request, signal))).payload;
  };

  /** Where the node runs itself by an approval's decision, it writes its own rule. */
  const remember = async (id: string, signal: AbortSignal): Promise<void> => {
    const approval = approvals().askedByClient(id);
    const [program = "", ...args] = approval?.commandArgv ?? [];
    if (approval === null || program === "" || (approval.nodeId !== null && approval.nodeId !== localNodeId)) return;
    const { bins } = (await ask(undefined, "system.which", { bins: [program] }, signal)) as Found;
    const pattern = program.startsWith("/") ? program : bins[program];
    if (pattern === undefined || /[*?~]/.test(pattern)) return;
    const rule = { id: ids.uuid(), pattern, argPattern: exactArgPattern(args), source: "allow-always" };
    for (let tries = 1; ; tries += 1) {
      const { file, hash } = (await ask(undefined, "system.execApprovals.get", {}, signal)) as ExecApprovalsSnapshot;
      try {
        await ask(undefined, "system.execApprovals.set", { file: withExecRules(file, approval.agentId, [rule]), baseHash: hash }, signal);
        return;
      } catch (error) {
        if (!hasCode(error, "PARAMS_INVALID") || tries >= STALE_TRIES) throw error;
      }
    }
  };

  return {
    sessionApprovals, ask,
    clientApprovals: createClientApprovals({
      approvals, clock, ids, nodeOf: (said) => nodes.describe(said),
    }),
    onChanged: (event, payload) => {
      tell(event, payload);
      sessionApprovals.told(event, payload);
    },
    answered: async ({ id, decision }) => {
      if (decision !== "allow-always") return;
      await remember(id, AbortSignal.timeout(ASK_MS)).catch((error: unknown) => log.warn("exec.rule_not_written", { id, error }));
    },
  };
}

function showOrNull(approvals: Approvals, id: string): object | null {
  try {
    return approvals.show(id).approval;
  } catch (error) {
    if (error instanceof OpenClawError) return null;
    throw error;
  }
}
