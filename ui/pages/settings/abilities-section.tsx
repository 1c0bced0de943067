/** What agents can do: skills with what each needs, and the tools there are with what each may touch. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { StateMark } from "../../kit/state-mark.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import { parseSkills, parseTools, type Skill, type ToolGroup } from "./facts.ts";
import { Trouble } from "./trouble.tsx";

const say = words.abilities;

export function AbilitiesSection({ link }: { readonly link: Link }): VNode {
  const skills = useSignal<readonly Skill[] | undefined>(undefined);
  const tools = useSignal<readonly ToolGroup[]>([]);
  const trouble = useSignal<Ended | undefined>(undefined);
  const look = (): void => {
    link.request("skills.status", {}).then((answer) => {
      skills.value = parseSkills(answer);
    }, () => undefined);
    link.request("tools.catalog", {}).then((answer) => {
      tools.value = parseTools(answer);
    }, () => undefined);
  };
  useEffect(() => {
    const ends = [link.onUp(look), link.on("skills.changed", look)];
    return () => ends.forEach((end) => end());
  }, []);
  const enable = async ({ key }: Skill, enabled: boolean): Promise<void> => {
    try {
      await link.request("skills.update", { skillKey: key, enabled });
      trouble.value = undefined;
      look();
    } catch (error) {
      trouble.value = describe(error);
    }
  };
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <h3>{say.skills}</h3>
      <p class="soft">{say.skillsHelp}</p>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      {skills.value?.length === 0 ? <p class="soft">{say.noSkills}</p> : null}
      <ul class="things">{skills.value?.map((skill) => (
        <li key={skill.key} class="thing">
          <div class="thing-head">
            <h4>{skill.name}</h4>
            {!skill.enabled ? <StateMark state="unknown" word={say.off} /> : skill.ready ? <StateMark state="good" word={say.ready} />
              : <StateMark state="attention" word={say.lacks} />}
            <label class="switch">
              <input type="checkbox" role="switch" checked={skill.enabled} aria-label={say.use(skill.name)}
                onChange={(event) => void enable(skill, event.currentTarget.checked)} />
            </label>
          </div>
          <p class="small">{skill.summary}</p>
          {skill.missing.length === 0 ? null : <p class="small soft">{say.needs} <code>{skill.missing.join(", ")}</code></p>}
        </li>
      ))}</ul>
      <h3>{say.tools}</h3>
      <p class="soft">{say.toolsHelp}</p>
      {tools.value.map((group) => (
        <table key={group.id} class="facts tools">
          <caption>{group.label}</caption>
          <colgroup><col /><col /><col /></colgroup>
          <thead class="unseen">
            <tr><th scope="col">{say.tool}</th><th scope="col">{say.effect}</th><th scope="col">{say.what}</th></tr>
          </thead>
          <tbody>{group.tools.map((tool) => (
            <tr key={tool.id}><th scope="row"><code>{tool.id}</code></th><td class="small">{say.effects[tool.effect] ?? ""}</td>
              <td class="small soft">{tool.summary}</td></tr>
          ))}</tbody>
        </table>
      ))}
    </section>
  );
}
