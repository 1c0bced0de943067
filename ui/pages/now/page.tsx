/** What an operator asks first: what waits for me, what runs and where, what failed and why, what it costs today. */
import type { VNode } from "preact";
import { useEffect, useMemo } from "preact/hooks";
import { StateMark } from "../../kit/state-mark.tsx";
import { openApprovals } from "../../stores/approvals.ts";
import { openNodes } from "../../stores/nodes.ts";
import { openRuns } from "../../stores/runs.ts";
import { useLive } from "../../stores/use-live.ts";
import { words } from "../../words/en/now.ts";
import type { PageProps } from "../page.ts";
import { AlertList } from "./alert-list.tsx";
import { Failures } from "./failures.tsx";
import { NodeList } from "./node-list.tsx";
import { openToday } from "./open-today.ts";
import { parseAlerts } from "./parse-alert.ts";
import { parseAsking, parseSenders } from "./parse-asking.ts";
import { Queues } from "./queues.tsx";
import { Running } from "./running.tsx";
import { TodayFigures } from "./today-figures.tsx";
import { WaitingList } from "./waiting-list.tsx";

const DEVICE_EVENTS = ["device.pair.requested", "device.pair.resolved", "device.pair.changed"];

export function Page({ link }: PageProps): VNode {
  const runs = openRuns(link);
  const nodes = openNodes(link);
  const approvals = openApprovals(link);
  const view = useMemo(() => openToday(link, runs), []);
  useEffect(() => () => view.close(), []);
  useEffect(() => nodes.followWork(), []);
  const asking = useLive(link, async () => parseAsking(await link.call("device.pair.list", {})), { events: DEVICE_EVENTS });
  const devices = asking.value.value ?? [];
  const writing = useLive(link, async () => await parseSenders(
    await link.call("channels.pairing.list", {}), () => link.call("channels.status", {}),
  ), { events: ["channels.changed"] });
  const senders = writing.value.value ?? [];
  const told = useLive(link, async () => parseAlerts(await link.call("alerts.list", {})), { events: ["alert.changed"] });
  const alerts = told.value.value ?? [];
  const waits = approvals.waiting.value.length + nodes.requests.value.length + devices.length + senders.length;
  const troubles = runs.failed.value.length + view.resting.value.length
    + view.queues.value.filter(({ isLagging, dead }) => isLagging || dead > 0).length
    + alerts.filter(({ by }) => by === undefined).length;
  const isRead = runs.isLoaded.value && approvals.isLoaded.value && nodes.state.value === "ready"
    && [asking, writing].every(({ value, failed }) => (value.value ?? failed.value) !== undefined); // who may not see them is not asked
  return (
    <section class="page now">
      <header class="page-head">
        <h1>{words.title}</h1>
        <p role="status">{isRead ? <Summary waits={waits} troubles={troubles} runs={runs.active.value.length} /> : ""}</p>
      </header>
      <div class="now-columns">
        <div class="now-main">
          <WaitingList approvals={approvals} nodes={nodes} devices={devices} senders={senders} />
          <AlertList link={link} alerts={alerts} />
          <Running link={link} runs={runs} nodes={nodes} approvals={approvals} />
          <Failures link={link} runs={runs} resting={view.resting.value} />
        </div>
        <div class="now-side">
          <NodeList nodes={nodes} />
          <TodayFigures today={view.today.value} budgets={view.budgets.value} />
          <Queues queues={view.queues.value} />
        </div>
      </div>
    </section>
  );
}

function Summary({ waits, troubles, runs }: { readonly waits: number; readonly troubles: number; readonly runs: number }): VNode {
  if (waits > 0) return <StateMark state="attention" word={words.waits(waits)} />;
  if (troubles > 0) return <StateMark state="problem" word={words.troubled(troubles)} />;
  return <StateMark state="good" word={runs === 0 ? words.calm : words.calmRuns(runs)} />;
}
