import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Failure } from "../../kit/failure.tsx";
import { Icon } from "../../kit/icon.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import type { Ended, Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { useLive } from "../../stores/use-live.ts";
import { words } from "../../words/en/automations.ts";
import { writeSchedule } from "../../words/en/schedule.ts";
import { parseBeat, parseClock, type Beat, type ClockState } from "./parse-jobs.ts";

const BEATS_KEPT = 50;

export function Heartbeats({ link }: { readonly link: Link }): VNode {
  const { value, failed, again } = useLive(link, async () => {
    const [clock, last] = await Promise.all([link.call("cron.status", {}), link.call("last-heartbeat", {})]);
    return { clock: parseClock(clock), last: parseBeat(last) };
  }, { events: ["heartbeat", "config.changed"] });
  const beats = useSignal<readonly Beat[]>([]);
  const refused = useSignal<Ended | undefined>(undefined);
  useEffect(() => link.on("heartbeat", (payload) => {
    const beat = parseBeat(payload);
    if (beat !== undefined) beats.value = [beat, ...beats.peek()].slice(0, BEATS_KEPT);
  }), [link]);
  const known = value.value;
  const switchTo = async (enabled: boolean): Promise<void> => {
    refused.value = await link.call("set-heartbeats", { enabled }).then(() => undefined, describe);
    again();
  };
  return (
    <>
      <p class="soft work-reading">{words.beats.about}</p>
      <Failure ended={failed.value ?? refused.value} />
      {known === undefined ? null : <Agents state={known.clock} onSwitch={(enabled) => void switchTo(enabled)} />}
      {known === undefined || known.clock.heartbeats.agents.length === 0 && known.last === undefined ? null : (
        <section>
          <h2>{words.beats.last}</h2>
          {known.last === undefined ? <p class="soft">{words.beats.never}</p> : <p><BeatLine beat={known.last} /></p>}
        </section>
      )}
      {beats.value.length < 2 ? null : (
        <section>
          <h2>{words.beats.log}</h2>
          <ul class="plain-list">{beats.value.map((beat) => <li key={`${beat.atMs} ${beat.agentId}`}><BeatLine beat={beat} /></li>)}</ul>
        </section>
      )}
    </>
  );
}

function Agents({ state: { heartbeats: { enabled, agents } }, onSwitch }: {
  readonly state: ClockState; readonly onSwitch: (enabled: boolean) => void;
}): VNode {
  if (agents.length === 0) {
    return (
      <><p>{words.beats.none}</p><p class="command"><code>{words.beats.command}</code>
        <CopyButton text={words.beats.command} what={words.beats.command} /></p></>
    );
  }
  return (
    <section>
      {enabled ? null : <p class="bar attention"><Icon name="alert" /><span>{words.beats.off}</span></p>}
      <Table
        label={words.beats.agents} rows={agents} keyOf={({ agentId }) => agentId}
        columns={[
          { title: words.agent, wide: true, cell: ({ agentId }) => agentId },
          { title: words.beats.every, cell: ({ everyMs }) => writeSchedule({ kind: "every", everyMs }) },
          { title: words.next, cell: ({ nextAtMs }) => (enabled ? <Time atMs={nextAtMs} /> : "–") },
        ]}
      />
      <p><button type="button" onClick={() => onSwitch(!enabled)}>{enabled ? words.beats.switchOff : words.beats.switchOn}</button></p>
    </section>
  );
}

function BeatLine({ beat: { atMs, status, agentId, words: said } }: { readonly beat: Beat }): VNode {
  return (
    <span class="row">
      <StateMark
        state={status === "sent" ? "good" : status === "failed" ? "problem" : "unknown"}
        word={status === "sent" ? words.beats.sent : status === "failed" ? words.beats.beatFailed : words.beats.skipped}
      />
      <Time atMs={atMs} /><span>{agentId}</span><span class="soft">{said}</span>
    </span>
  );
}
