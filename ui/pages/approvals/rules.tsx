/** Which programs each machine lets be run, rule by rule; one that is removed can be put back. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Table } from "../../kit/table.tsx";
import { Time } from "../../kit/time.tsx";
import { toast } from "../../kit/toasts.tsx";
import type { Ended, Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { openNodes } from "../../stores/nodes.ts";
import { words } from "../../words/en/approvals.ts";
import { parseRules, withoutRule, withRule, type RuleRow, type RulesFile } from "./parse-rules.ts";

const GET = "system.execApprovals.get";

export function Rules({ link }: { readonly link: Link }): VNode {
  const nodes = openNodes(link).rows.value.filter((node) => node.connected && !node.local && node.commands.includes(GET));
  return (
    <div class="rules">
      <p class="soft">{words.rulesHint}</p>
      <Machine link={link} name={words.machine} />
      {nodes.map(({ id, name }) => <Machine key={id} link={link} name={name} nodeId={id} />)}
    </div>
  );
}

interface MachineProps { readonly link: Link; readonly name: string; readonly nodeId?: string }

function Machine({ link, name, nodeId }: MachineProps): VNode {
  const rules = useSignal<RulesFile | Ended | undefined>(undefined);
  const get = async (): Promise<RulesFile> => parseRules(
    nodeId === undefined ? await link.request("exec.approvals.get", {}) : await link.request("exec.approvals.node.get", { nodeId }),
  );
  const set = async (file: object, baseHash: string): Promise<void> => {
    const wish = { file, baseHash };
    rules.value = parseRules(nodeId === undefined
      ? await link.request("exec.approvals.set", wish) : await link.request("exec.approvals.node.set", { nodeId, ...wish }));
  };
  const read = (): Promise<void> => get().then((found) => {
    rules.value = found;
  }, (error: unknown) => {
    rules.value = describe(error);
  });
  useEffect(() => link.onUp(() => void read()), [nodeId]);
  const said = (error: unknown): void => {
    toast({ text: describe(error).why, state: "problem" });
    void read();
  };
  const remove = async (row: RuleRow): Promise<void> => {
    const now = rules.peek();
    const less = now === undefined || "why" in now ? undefined : withoutRule(now.file, row);
    if (now === undefined || "why" in now || less === undefined) return;
    try {
      await set(less.file, now.hash);
      toast({
        text: words.removed(row.pattern),
        undo: () => void get().then(({ file, hash }) => set(withRule(file, row, less.rule), hash)).catch(said),
      });
    } catch (error) {
      said(error);
    }
  };
  const found = rules.value;
  return (
    <section class="machine" aria-label={words.rulesOf(name)}>
      <h2>{name}</h2>
      {found === undefined ? null : "why" in found ? (
        <p class="bar problem" role="alert">
          <span>{words.rulesFailed(found.why)} <code>{found.code}</code></span>
          <button type="button" onClick={() => void read()}>{words.again}</button>
        </p>
      ) : (
        <>
          <p>{words.security[found.security] ?? found.security} {words.ask[found.ask] ?? found.ask}</p>
          {found.rows.length === 0 ? <p class="soft">{words.rulesNone}</p> : (
            <Table
              label={words.rulesOf(name)} rows={found.rows} keyOf={({ agentId, at }) => `${agentId} ${at}`}
              columns={[
                { title: words.pattern, cell: ({ pattern }) => <code>{pattern}</code> },
                {
                  title: words.args, wide: true,
                  cell: ({ args }) => (args === undefined ? words.anyArgs : <code class="free">{args}</code>),
                },
                { title: words.agent, cell: ({ agentId }) => (agentId === "*" ? words.anyAgent : agentId) },
                { title: words.from, cell: ({ source }) => words.sources[source ?? ""] ?? words.byHand },
                {
                  title: words.used, cell: ({ usedAtMs, usedFor }) => (
                    usedAtMs === undefined ? words.never : <span title={usedFor}><Time atMs={usedAtMs} /></span>
                  ),
                },
                {
                  title: words.remove, quiet: true, side: "right", cell: (row) => (
                    <button type="button" class="quiet" aria-label={words.removeWhat(`${row.pattern} ${row.args ?? ""}`.trim())}
                      onClick={() => void remove(row)}>{words.remove}</button>
                  ),
                },
              ]}
            />
          )}
          <p class="soft small">{words.keptIn} <code>{found.path}</code></p>
        </>
      )}
    </section>
  );
}
