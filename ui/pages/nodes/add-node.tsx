/**
 * Adding a machine: one command to run there, and a watch until it comes in; then the words of its key, to be compared.
 *
 * A code is good for one machine and ten minutes. It is made when this is opened, and again when somebody asks for another.
 */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import type { Ended, Link } from "../../link.ts";
import { describe } from "../../link/open-link.ts";
import { navigate, pathOf } from "../../shell/route.ts";
import { fieldsOf, textOf } from "../../stores/fields.ts";
import type { Nodes } from "../../stores/nodes.ts";
import { words } from "../../words/en/nodes.ts";
import { Left } from "../approvals/left.tsx";
import { act } from "./act.ts";
import { useFingerprint } from "./node-detail.tsx";
import { parseCode, type SetupCode } from "./parse-code.ts";

interface AddNodeProps { readonly link: Link; readonly nodes: Nodes }
interface Arrived { readonly nodeId: string; readonly isUncertain: boolean }

export function AddNode({ link, nodes }: AddNodeProps): VNode {
  const code = useSignal<SetupCode | Ended | undefined>(undefined);
  const arrived = useSignal<Arrived | undefined>(undefined);
  const address = useSignal("");
  const make = async (): Promise<void> => {
    const publicUrl = address.peek().trim();
    try {
      const made = await link.call("device.pair.setupCode", {
        bootstrapProfile: "node", includeQr: true, ...(publicUrl === "" ? {} : { publicUrl }),
      });
      code.value = parseCode(made) ?? { code: "UNKNOWN", why: words.pair.failed };
    } catch (error) {
      code.value = describe(error);
    }
  };
  // Codes live in the gateway's memory: one that was restarted knows the old one no more.
  useEffect(() => link.onUp(() => {
    if (arrived.peek() === undefined) void make();
  }), []);
  useEffect(() => {
    const mine = (payload: unknown, isUncertain: boolean): void => {
      const told = fieldsOf(payload);
      const made = code.peek();
      const nodeId = textOf(told["deviceId"]);
      if (made === undefined || "why" in made || told["setupId"] !== made.setupId || nodeId === undefined) return;
      arrived.value = { nodeId, isUncertain };
      void nodes.reload();
    };
    const offs = [
      link.on("device.pair.setup.completed", (payload: unknown) => mine(payload, false)),
      link.on("device.pair.setup.deliveryUncertain", (payload: unknown) => mine(payload, true)),
    ];
    return () => {
      for (const off of offs) off();
    };
  }, []);
  const made = code.value;
  return (
    <section class="page nodes">
      <header class="page-head"><h1>{words.pair.title}</h1><a class="soft push" href={pathOf("nodes")}>{words.all}</a></header>
      {arrived.value !== undefined ? <Compare link={link} nodes={nodes} arrived={arrived.value} />
        : made === undefined ? null : "why" in made ? (
          <p class="bar problem" role="alert">
            <span>{words.pair.failed}: {made.why} {made.next ?? ""} <code>{made.code}</code></span>
            <button type="button" onClick={() => void make()}>{words.pair.another}</button>
          </p>
        ) : (
          <>
            <p>{words.pair.intro}</p>
            <p class="command long">
              <code>{words.pair.command(made.code)}</code>
              <CopyButton text={words.pair.command(made.code)} what={words.pair.commandName} />
            </p>
            <p class="waiting-line" role="status"><span class="pulse" aria-hidden="true" />{words.pair.waiting}</p>
            <p class="soft acts">
              <Left key={made.setupId} untilMs={made.expiresAtMs} say={words.pair.good} />
              <button type="button" class="quiet" onClick={() => void make()}>{words.pair.another}</button>
            </p>
            {made.isLoopback ? <p class="soft">{words.pair.loopback}</p> : null}
            <details>
              <summary>{words.pair.address}</summary>
              <form class="line-form" onSubmit={(event) => {
                event.preventDefault();
                void make();
              }}>
                <label>{words.pair.address}
                  <input type="text" autocomplete="off" spellcheck={false} placeholder={words.pair.addressHint} value={address.value}
                    onInput={(event) => {
                      address.value = event.currentTarget.value;
                    }} />
                </label>
                <button type="submit">{words.pair.make}</button>
              </form>
            </details>
            {made.qr === undefined ? null : (
              <details>
                <summary>{words.pair.showQr}</summary>
                <p>{words.pair.qr}</p>
                <img class="qr" src={made.qr} alt={words.pair.qrAlt} />
              </details>
            )}
          </>
        )}
    </section>
  );
}

function Compare({ link, nodes, arrived: { nodeId, isUncertain } }: AddNodeProps & { readonly arrived: Arrived }): VNode {
  const isGone = useSignal(false);
  const node = nodes.rows.value.find(({ id }) => id === nodeId);
  const fingerprint = useFingerprint(link, node === undefined ? undefined : nodeId).value;
  if (isGone.value) return <p role="status">{words.pair.removed} <a href={pathOf("nodes")}>{words.all}</a></p>;
  if (node === undefined) return <p role="status">{words.pair.waiting}</p>;
  return (
    <article class="card compare" aria-live="polite">
      <h2>{words.pair.arrived(node.name)}</h2>
      <p>{words.pair.compare}</p>
      <p class="fingerprint" translate={false}>{fingerprint.map((word) => <span key={word}>{word} </span>)}</p>
      <p class="soft">{words.pair.compareWhy}</p>
      {isUncertain ? <p class="bar attention">{words.pair.uncertain}</p> : null}
      <p>{node.connected ? words.pair.online : words.pair.start}</p>
      <footer class="answers">
        <button type="button" onClick={() => void act(
          nodes, link.call("node.pair.remove", { nodeId }), words.removed(node.name),
        ).then((done) => {
          isGone.value = done;
        })}>{words.pair.differ}</button>
        <button type="button" class="primary" onClick={() => navigate(pathOf("nodes", nodeId))}>{words.pair.same}</button>
      </footer>
    </article>
  );
}
