/** What was asked within a day, what was answered and by whom. */
import { useSignal, type ReadonlySignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { formatDuration, shortenId } from "../../kit/format.ts";
import { StateMark, type Mark } from "../../kit/state-mark.tsx";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import type { Link } from "../../link.ts";
import { pathOf } from "../../shell/route.ts";
import type { Approvals } from "../../stores/approvals.ts";
import { fieldsOf, textOf } from "../../stores/fields.ts";
import type { PastApproval } from "../../stores/parse-approval.ts";
import { words } from "../../words/en/approvals.ts";
import { placeOf } from "./approval-card.tsx";

export const ENDED: Readonly<Record<PastApproval["status"], Mark>> = {
  allowed: "good", denied: "problem", expired: "unknown", cancelled: "unknown",
};

export function PastList({ link, approvals }: { readonly link: Link; readonly approvals: Approvals }): VNode {
  const isRead = useSignal(false);
  const names = useDeviceNames(link);
  useEffect(() => link.onUp(() => {
    void approvals.loadPast().then(() => {
      isRead.value = true;
    }, () => undefined);
  }), []);
  const rows = approvals.past.value;
  if (rows.length === 0) return isRead.value ? <p class="soft">{words.pastNone}</p> : <div />;
  return (
    <Table
      label={words.pastLabel} rows={rows} keyOf={({ id }) => id}
      columns={[
        {
          title: words.command, wide: true,
          cell: ({ id, command }) => <a href={pathOf("approvals", id)}><code class="free">{command}</code></a>,
        },
        { title: words.where, cell: placeOf },
        {
          title: words.decision, cell: ({ status, decision }) => (
            <StateMark state={ENDED[status]} word={`${words.statuses[status]} ${words.scopes[decision ?? ""] ?? ""}`.trim()} />
          ),
        },
        { title: words.by, cell: ({ by }) => whoOf(by, names) },
        { title: words.when, cell: ({ endedAtMs }) => <Time atMs={endedAtMs} /> },
        { title: words.took, side: "right", cell: ({ createdAtMs, endedAtMs }) => (
          createdAtMs === 0 ? "" : formatDuration(Math.max(0, endedAtMs - createdAtMs))
        ) },
      ]}
    />
  );
}

type Names = ReadonlySignal<ReadonlyMap<string, string> | undefined>;

/** Devices by their ids, to say who answered. Undefined until they are known. */
export function useDeviceNames(link: Link): Names {
  const names = useSignal<ReadonlyMap<string, string> | undefined>(undefined);
  useEffect(() => link.onUp(() => {
    link.call("device.pair.list", {}).then(({ paired }) => {
      names.value = new Map(paired.map(fieldsOf).map((device) => [
        textOf(device["deviceId"]) ?? "", textOf(device["label"]) ?? textOf(device["displayName"]) ?? textOf(device["clientId"]) ?? "",
      ]));
    }, () => undefined);
  }), []);
  return names;
}

/** Who gave the answer, as a person knows them. */
export function whoOf(by: string | undefined, names: Names): string {
  if (by === undefined || by === "clock") return words.clock;
  if (by === "owner") return words.owner;
  const id = by.replace(/^device:/, "");
  const name = names.value?.get(id);
  if (name !== undefined && name !== "") return name;
  return names.value === undefined ? words.device(shortenId(id)) : words.gone(shortenId(id));
}
