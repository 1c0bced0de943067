/** What one conversation is set to, and what can be done with it as a whole. */
import { useSignal } from "@preact/signals";
import type { ComponentChildren, VNode } from "preact";
import { useEffect } from "preact/hooks";
import { CopyButton } from "../../../kit/copy-button.tsx";
import { Dialog } from "../../../kit/dialog.tsx";
import { Icon } from "../../../kit/icon.tsx";
import { describe, type Ended, type Link } from "../../../link/open-link.ts";
import { navigate, pathOf } from "../../../shell/route.ts";
import { words as said } from "../../../words/en/chat-session.ts";
import { words } from "../../../words/en/chat.ts";
import type { Conversation } from "../conversation.ts";
import { fields, number, text } from "../transcript.ts";
import { downloadLog, downloadText } from "./download-session.ts";
import { Spending } from "./spending.tsx";

const THINKING = ["off", "minimal", "low", "medium", "high", "xhigh"] as const;
const VERBOSE = ["off", "on", "full"] as const;
const MODES = ["followup", "steer", "collect", "interrupt"] as const;

export interface SessionSheetProps { readonly link: Link; readonly conversation: Conversation; readonly onClose: () => void }

export function SessionSheet({ link, conversation, onClose }: SessionSheetProps): VNode {
  const models = useSignal<readonly string[]>([]);
  const problem = useSignal<Ended | undefined>(undefined);
  /** Stands as it was written until it is kept, whatever else changes meanwhile. */
  const typed = useSignal<string | undefined>(undefined);
  const isSure = useSignal(false);
  const read = useSignal<number | undefined>(undefined);
  const { key } = conversation;
  const row = conversation.row.value;
  useEffect(() => {
    void link.call("chat.metadata", { sessionKey: key }).then((answer) => {
      models.value = answer.models.flatMap((one) => {
        const { ref, provider, id } = fields(one);
        return text(ref) ?? (text(provider) !== undefined && text(id) !== undefined ? `${String(provider)}/${String(id)}` : []);
      });
    }, () => undefined);
  }, []);
  const tried = async (work: () => Promise<unknown>): Promise<boolean> => {
    problem.value = undefined;
    try {
      await work();
      return true;
    } catch (error) {
      problem.value = describe(error);
      return false;
    }
  };
  const patch = (changes: Readonly<Record<string, string | boolean | null>>): Promise<boolean> =>
    tried(() => link.call("sessions.patch", { key, ...changes }));
  const rename = async (name: string): Promise<void> => {
    if (await patch({ label: name === "" ? null : name })) typed.value = undefined;
  };
  const model = `${text(row["modelProvider"]) ?? ""}/${text(row["model"]) ?? ""}`;
  const choice = (name: string, label: string, values: readonly string[], shown: (value: string) => string = (value) => value): VNode => (
    <Field label={label}>
      <select value={text(row[name]) ?? ""} onChange={(event) => void patch({ [name]: event.currentTarget.value === "" ? null
        : event.currentTarget.value })}>
        <option value="">{said.usual}</option>{values.map((value) => <option key={value} value={value}>{shown(value)}</option>)}
      </select>
    </Field>
  );
  const remove = async (): Promise<void> => {
    if (!(await tried(() => link.call("sessions.delete", { key })))) return;
    onClose();
    navigate(pathOf("chat"));
  };
  return (
    <Dialog title={said.menu} kind="sheet" onClose={onClose}>
      <div class="sheet-body">
        <Field label={said.name}>
          <input type="text" autocomplete="off" maxLength={200} value={typed.value ?? text(row["label"]) ?? text(row["displayName"]) ?? ""}
            onInput={(event) => {
              typed.value = event.currentTarget.value;
            }}
            onChange={(event) => void rename(event.currentTarget.value.trim())} />
        </Field>
        <Field label={said.model}>
          <select value={model} onChange={(event) => void patch({ model: event.currentTarget.value === "" ? null
            : event.currentTarget.value })}>
            <option value="">{said.usual}</option>
            {[...new Set([...models.value, model])].filter((one) => one !== "/").map((one) => <option key={one} value={one}>{one}</option>)}
          </select>
        </Field>
        {choice("thinkingLevel", said.thinkingLevel, THINKING)}
        {choice("queueMode", said.queueMode, MODES, (value) => words.queue[value as (typeof MODES)[number]])}
        {choice("verboseLevel", said.verbose, VERBOSE)}
        <dl class="run-facts small">
          <dt>{said.tokens}</dt><dd>{said.tokenFlow(number(row["inputTokens"]) ?? 0, number(row["outputTokens"]) ?? 0)}</dd>
          <Spending link={link} sessionKey={key} mark={row["lastRunId"]} />
          <dt>{said.key}</dt><dd><code>{key}</code> <CopyButton text={key} what={said.key} /></dd>
        </dl>
        {problem.value === undefined ? null : (
          <p class="bar problem" role="alert">
            <span>{said.failedChange} {problem.value.why} {problem.value.next ?? ""} <code>{problem.value.code}</code></span>
          </p>
        )}
        <div class="sheet-acts">
          <button type="button" onClick={() => void patch({ pinned: row["pinned"] !== true })}>
            <Icon name="pin" /><span>{row["pinned"] === true ? said.unpin : said.pin}</span>
          </button>
          <button type="button" onClick={() => void patch({ archived: row["archived"] !== true })}>
            <Icon name="check" /><span>{row["archived"] === true ? said.unarchive : said.archive}</span>
          </button>
          <button type="button" onClick={() => void tried(() => downloadText(link, key))}><span>{said.exportText}</span></button>
          <button type="button" onClick={() => void tried(() => downloadLog(link, key, (count) => {
            read.value = count;
          }))}><span>{said.exportLog}</span></button>
          {read.value === undefined ? null : <p class="soft small" role="status">{said.exporting(read.value)}</p>}
        </div>
        {row["isMain"] === true ? null : isSure.value ? (
          <div class="bar problem"><div><p>{said.removeSure}</p>
            <p class="sheet-row"><button type="button" onClick={() => {
              isSure.value = false;
            }}>{said.keep}</button><button type="button" onClick={() => void remove()}>{said.removeYes}</button></p></div></div>
        ) : (
          <div class="sheet-acts"><button type="button" onClick={() => {
            isSure.value = true;
          }}><Icon name="cross" /><span>{said.remove}</span></button></div>
        )}
      </div>
    </Dialog>
  );
}

function Field({ label, children }: { readonly label: string; readonly children: ComponentChildren }): VNode {
  return <label class="sheet-field"><span class="soft small">{label}</span>{children}</label>;
}
