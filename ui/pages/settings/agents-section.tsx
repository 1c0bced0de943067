/** The agents: who they are, which model they speak with, which tools they begin with, and the files they read themselves from. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { confirm } from "../../kit/confirm.tsx";
import { Icon } from "../../kit/icon.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { navigate, pathOf, route } from "../../shell/route.ts";
import { words } from "../../words/en/settings.ts";
import { AgentFileEditor } from "./agent-file.tsx";
import { valueAt } from "./changes.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { parseAgents, parseFiles, parseModels, type Agent, type AgentFile, type Model } from "./facts.ts";
import { Trouble } from "./trouble.tsx";

const say = words.agents;
const PROFILES = ["minimal", "coding", "messaging", "full"] as const;

interface Known { readonly usual: string; readonly agents: readonly Agent[]; readonly models: readonly Model[] }
type Act = (method: string, params: object) => Promise<boolean>;

export function AgentsSection({ link, desk }: { readonly link: Link; readonly desk: ConfigDesk }): VNode {
  const known = useSignal<Known | undefined>(undefined);
  const trouble = useSignal<Ended | undefined>(undefined);
  const read = async (): Promise<void> => {
    const [agents, models] = await Promise.all([link.request("agents.list", {}), link.request("models.list", { view: "all" })]);
    known.value = { ...parseAgents(agents), models: parseModels(models) };
  };
  const look = (): void => void read().catch(() => undefined);
  useEffect(() => {
    const ends = [link.onUp(look), link.on("chat.metadata.changed", look)];
    return () => ends.forEach((end) => end());
  }, []);
  const act: Act = async (method, params) => {
    try {
      await link.request(method, params);
      trouble.value = undefined;
      await read();
      return true;
    } catch (error) {
      trouble.value = describe(error);
      return false;
    }
  };
  const chosen = route.value.rest[1];
  const agent = known.value?.agents.find(({ id }) => id === chosen);
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{agent === undefined ? say.title : agent.name}</h2>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      {known.value === undefined ? null : agent === undefined ? <All known={known.value} act={act} />
        : <One key={agent.id} link={link} desk={desk} agent={agent} known={known.value} act={act} />}
    </section>
  );
}

function All({ known, act }: { readonly known: Known; readonly act: Act }): VNode {
  const name = useSignal("");
  return (
    <>
      <p class="soft">{say.help}</p>
      <ul class="things">{known.agents.map((agent) => (
        <li key={agent.id} class="thing">
          <div class="thing-head">
            <h3><a href={pathOf("settings", "agents", agent.id)}>{agent.name}</a></h3>
            {agent.id === known.usual ? <span class="mark-word">{say.usual}</span> : null}
          </div>
          <p class="small soft"><code>{agent.id}</code> · <code>{agent.model}</code></p>
        </li>
      ))}</ul>
      <form class="add" onSubmit={(event) => {
        event.preventDefault();
        const wanted = name.peek();
        if (wanted.trim() === "") return;
        void act("agents.create", { name: wanted.trim() }).then((made) => {
          if (made && name.peek() === wanted) name.value = "";
        });
      }}>
        <label>{say.newName}
          <input type="text" maxLength={64} value={name.value} autocomplete="off" onInput={(event) => {
            name.value = event.currentTarget.value;
          }} />
        </label>
        <button type="submit" disabled={name.value.trim() === ""}><Icon name="plus" />{say.create}</button>
      </form>
    </>
  );
}

interface OneProps { readonly link: Link; readonly desk: ConfigDesk; readonly agent: Agent; readonly known: Known; readonly act: Act }

function One({ link, desk, agent, known, act }: OneProps): VNode {
  const name = useSignal(agent.name);
  const models = [...new Set([agent.model, ...known.models.map(({ ref }) => ref)])];
  const profilePath = ["agents", "entries", agent.id, "tools", "profile"];
  const profile = valueAt(desk.values.value, profilePath);
  const remove = async (): Promise<void> => {
    if (!await confirm({ title: say.removeTitle(agent.name), body: say.removeBody, act: say.remove })) return;
    if (await act("agents.delete", { agentId: agent.id })) navigate(pathOf("settings", "agents"));
  };
  return (
    <>
      <p class="small soft">
        <a href={pathOf("settings", "agents")}>{say.all}</a> · <code>{agent.id}</code> · <code>{agent.workspace}</code>
      </p>
      <form class="add" onSubmit={(event) => {
        event.preventDefault();
        void act("agents.update", { agentId: agent.id, name: name.peek().trim() });
      }}>
        <label>{say.name}
          <input type="text" maxLength={64} value={name.value} onInput={(event) => {
            name.value = event.currentTarget.value;
          }} />
        </label>
        <button type="submit" disabled={name.value.trim() === "" || name.value === agent.name}>{say.rename}</button>
      </form>
      <div class="pair">
        <label>{say.model}
          <select value={agent.model}
            onChange={(event) => void act("agents.update", { agentId: agent.id, model: event.currentTarget.value })}>
            {models.map((ref) => <option key={ref} value={ref}>{ref}</option>)}
          </select>
        </label>
        <label>{say.tools}
          <select value={typeof profile === "string" ? profile : ""}
            onChange={(event) => desk.change(profilePath, event.currentTarget.value === "" ? undefined : event.currentTarget.value)}>
            <option value="">{say.profileDefault}</option>
            {PROFILES.map((each) => <option key={each} value={each}>{say.profiles[each]}</option>)}
          </select>
        </label>
      </div>
      <Files link={link} agentId={agent.id} />
      {agent.id === known.usual ? null : (
        <div class="row"><button type="button" onClick={() => void remove()}><Icon name="cross" />{say.remove}</button></div>
      )}
    </>
  );
}

function Files({ link, agentId }: { readonly link: Link; readonly agentId: string }): VNode {
  const files = useSignal<readonly AgentFile[]>([]);
  const look = (): void => void link.request("agents.files.list", { agentId }).then((answer) => {
    files.value = parseFiles(answer);
  }, () => undefined);
  useEffect(() => link.onUp(look), []);
  return (
    <section aria-labelledby="files-title">
      <h3 id="files-title">{say.files}</h3>
      <p class="soft small">{say.filesHelp}</p>
      {files.value.map((file) => <AgentFileEditor key={file.name} link={link} agentId={agentId} file={file} onSaved={look} />)}
    </section>
  );
}
