/** Messengers, wired: what their drop-ins are lent, and whom the room asks. Loaded where one is configured or asked for. */
import { codeOf, OpenClawError } from "@openclaw/protocol";
import type { Ids } from "../base/ids.ts";
import type { Agents } from "../control/agents.ts";
import { openAllChannels, type AccountSection, type Channels, type ObeyedCommand, type SaidInChannel } from "../control/channels.ts";
import type { Sessions } from "../control/sessions.ts";
import { readAttachments } from "../control/media.ts";
import { exchangeHttp, fetchBytes } from "../execution/intents.ts";
import type { Approvals } from "../execution/policy.ts";
import { readSecret, resolveSecret, type SecretPlaces } from "../fabric/vault.ts";
import type { AgentDesk } from "./compose-agents.ts";
import type { GatewayParts } from "./compose-parts.ts";
import { discoverChannel, discoverChannels } from "./discover.ts";

export interface ComposeChannelsDeps extends GatewayParts {
  readonly ids: Ids;
  readonly agents: Agents;
  readonly secretPlaces: () => SecretPlaces;
  readonly approvals: () => Approvals;
  readonly sessions: () => Sessions;
  readonly commands: () => AgentDesk["commands"];
  readonly tell: (event: string, payload: unknown) => void;
}

const DECISIONS = ["allow-once", "allow-always", "deny"] as const;

export async function composeChannels(deps: ComposeChannelsDeps): Promise<Channels> {
  const { engine, config, seal, unseal, clock, ids, log, agents, approvals, tell } = deps;

  const command = async (said: SaidInChannel, signal: AbortSignal): Promise<ObeyedCommand> => {
    const { runId, text, sessionKey: key, agentId, principal, isAdmin } = said;
    const taken = await deps.commands().take(runId, { text, key, agent: agents.get(agentId), principal, isAdmin }, signal);
    if (taken === undefined || taken.do === "send") return taken === undefined ? undefined : { send: taken.text };
    // What was stopped says so itself.
    if (taken.do === "stopped") return { reply: taken.runIds.length > 0 ? "" : taken.text };
    deps.commands().show(runId, key, agentId, taken.text);
    return { reply: taken.text };
  };
  const approve = async (id: string, wish: string, by: string): Promise<string> => {
    const decision = DECISIONS.find((one) => one === wish);
    if (decision === undefined) return `Say one of: ${DECISIONS.join(", ")}.`;
    try {
      await approvals().resolve(id, decision, by);
      return decision === "deny" ? "Denied." : "Allowed.";
    } catch (error) {
      if (!(error instanceof OpenClawError) || codeOf(error) === "ENGINE_UNAVAILABLE") throw error;
      return `${error.message} ${error.next}`.trim();
    }
  };

  return await openAllChannels({
    records: engine.records, seal, unseal, clock, ids, log, intake: lazyIntake(deps), command, approve,
    config: () => config().channels ?? {}, owners: () => config().commands?.ownerAllowFrom ?? [], find: discoverChannel,
    readFile: ({ bytes, name, mimeType }) => {
      const content = Buffer.from(bytes).toString("base64");
      const facts = { ...(name === undefined ? {} : { fileName: name }), ...(mimeType === undefined ? {} : { mimeType }) };
      return readAttachments([{ content, ...facts }], config().media ?? {});
    },
    callIt: async (key, autoLabel, principal) => {
      try {
        const row = await deps.sessions().describe(key);
        // One that has just begun has no row yet.
        if (row?.label === undefined && row?.autoLabel === undefined) await deps.sessions().patch(key, { autoLabel }, principal);
      } catch (error) {
        log.warn("channel.session_unnamed", { code: codeOf(error) });
      }
    },
    available: discoverChannels,
    lend: { http: exchangeHttp, fetchBytes, credential: (section, variable) => credentialOf(section, variable, deps.secretPlaces()) },
    onChanged: ({ channel, accountId }, what) => tell("channels.changed", { channel, accountId, what, ts: clock.now() }),
  });
}

function lazyIntake({ intake }: GatewayParts): ReturnType<GatewayParts["intake"]> {
  return { placeOf: (wish) => intake().placeOf(wish), receiveInbound: (inbound) => intake().receiveInbound(inbound) };
}

/** Throws SECRET_UNRESOLVED, and STATE_UNSAFE for a file that others can read. */
async function credentialOf(
  { path, values, isUsual }: AccountSection, variable: string | undefined, places: SecretPlaces,
): Promise<string> {
  const key = values.botToken === undefined ? "token" : "botToken";
  const said = await readSecret(values[key], places, `${path}.${key}`);
  if (said !== undefined) return said.reveal();
  if (values.tokenFile !== undefined) {
    const file = { source: "file", path: values.tokenFile, mode: "singleValue" } as const;
    const named = { ...places, config: { providers: { token: file } } };
    return (await resolveSecret({ source: "file", provider: "token", id: "value" }, named, `${path}.tokenFile`)).reveal();
  }
  const found = variable === undefined || !isUsual ? "" : (places.environment[variable]?.trim() ?? "");
  if (found !== "") return found;
  const where = variable === undefined || !isUsual ? "" : ` and ${variable} is not set`;
  throw new OpenClawError("SECRET_UNRESOLVED", { why: `${path} has neither botToken nor tokenFile${where}.`, detail: { path } });
}
