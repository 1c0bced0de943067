/** What the doctor finds, each with code, cause and what to do; what can be mended while the gateway runs is mended here. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { confirm } from "../../kit/confirm.tsx";
import { Icon } from "../../kit/icon.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import { openRepairs, type Finding } from "../../stores/repairs.ts";
import { words } from "../../words/en/settings.ts";
import { Trouble } from "./trouble.tsx";

const say = words.repairs;

export function RepairsSection({ link }: { readonly link: Link }): VNode {
  const repairs = openRepairs(link);
  const said = useSignal("");
  const trouble = useSignal<Ended | undefined>(undefined);
  useEffect(() => repairs.look(), []);
  const busy = useSignal(false);
  const examined = repairs.examined.value;
  const part = examined?.checks.find(({ looked }) => looked !== undefined)?.looked;
  const lookDeep = async (all: boolean): Promise<void> => {
    busy.value = true;
    try {
      await repairs.lookDeep(all);
      trouble.value = undefined;
    } catch (error) {
      trouble.value = describe(error);
    }
    busy.value = false;
  };
  const mend = async (finding: Finding): Promise<void> => {
    if (!await confirm({ title: say.mendTitle, body: `${finding.what} ${say.mendBody}`, act: say.mend })) return;
    try {
      said.value = await repairs.mend(finding.id);
      trouble.value = undefined;
    } catch (error) {
      trouble.value = describe(error);
    }
  };
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <p class="soft">{say.help}</p>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      <p role="status" class="good saved">{said.value === "" ? "" : <><Icon name="check" /><span>{said.value}</span></>}</p>
      {examined === undefined ? null : examined.findings.length === 0 ? (
        <p><StateMark state="good" word={say.well} /></p>
      ) : (
        <ul class="things">{examined.findings.map((finding) => (
          <li key={finding.id} class="thing">
            <div class="thing-head">
              <StateMark state={finding.level} word={finding.level === "problem" ? say.problem : say.attention} />
              <a href={`${pathOf("settings", "codes")}?code=${encodeURIComponent(finding.code)}`}><code>{finding.code}</code></a>
            </div>
            <p>{finding.what}</p>
            {finding.why === "" ? null : <p class="small soft">{finding.why}</p>}
            <p class="small">{finding.next}</p>
            {finding.mendable ? (
              <div class="row"><button type="button" class="primary" onClick={() => void mend(finding)}>{say.mend}</button></div>
            ) : null}
          </li>
        ))}</ul>
      )}
      <table class="facts">
        <caption>{say.looked}</caption>
        <tbody>{examined?.checks.map(({ check, note, skipped }) => {
          const found = examined.findings.some((finding) => finding.check === check);
          return (
            <tr key={check}>
              <th scope="row">{check}</th>
              <td>{skipped ? <StateMark state="unknown" word={say.notLooked} />
                : found ? <StateMark state="attention" word={say.seeAbove} /> : <StateMark state="good" word={say.fine} />}</td>
              <td class="soft small">{found ? "" : note}</td>
            </tr>
          );
        })}</tbody>
      </table>
      {part === undefined ? null : (
        <p class="row">
          <span>{say.part(part.at, part.of)}</span>
          <button type="button" disabled={busy.value} onClick={() => void lookDeep(true)}><Icon name="search" />{say.all(part.of)}</button>
        </p>
      )}
      <div class="row">
        <button type="button" disabled={busy.value} onClick={() => repairs.look()}><Icon name="retry" />{say.again}</button>
        <button type="button" disabled={busy.value} onClick={() => void lookDeep(false)}><Icon name="search" />{say.deep}</button>
        <span role="status">{busy.value ? <StateMark state="live" word={say.looking} /> : null}</span>
      </div>
    </section>
  );
}
