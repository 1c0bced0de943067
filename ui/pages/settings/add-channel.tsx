/** One more account: its token goes to the gateway once and never comes back out; what a messenger refuses is not kept. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { StateMark } from "../../kit/state-mark.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { words as say } from "../../words/en/channels.ts";
import { parseStatus, USUAL, type Account, type Kind } from "./parse-channels.ts";
import { Trouble } from "./trouble.tsx";

const POLICIES = ["pairing", "allowlist", "open", "disabled"] as const;
const PROBE_MS = 5_000;
/** How often it is asked how it stands, before it is said that it takes long. */
const TRIES = 6;
const PAUSE_MS = 250;

interface Form { readonly channel: string; readonly account: string; readonly token: string; readonly policy: string }
interface Props { readonly link: Link; readonly kinds: readonly Kind[]; readonly onChange: () => void }

export function AddChannel({ link, kinds, onChange }: Props): VNode {
  const form = useSignal<Form>({ channel: kinds[0]?.id ?? "", account: "", token: "", policy: "pairing" });
  const busy = useSignal(false);
  const trouble = useSignal<Ended | undefined>(undefined);
  const said = useSignal("");
  const { channel, account, token, policy } = form.value;
  const set = (part: Partial<Form>): void => {
    form.value = { ...form.peek(), ...part };
    said.value = "";
    trouble.value = undefined;
  };
  const ready = channel !== "" && token.trim() !== "" && /^(?:[A-Za-z0-9][A-Za-z0-9_.-]{0,63})?$/.test(account);
  const label = kinds.find(({ id }) => id === channel)?.label ?? channel;
  const connect = async (): Promise<void> => {
    if (!ready || busy.peek()) return;
    busy.value = true;
    trouble.value = undefined;
    const place = { channel, accountId: account === "" ? USUAL : account };
    try {
      const before = parseStatus(await link.request("channels.status", { channel }));
      const isNew = !before.accounts.some((one) => isAt(one, place));
      await link.request("channels.connect", { ...place, secret: token.trim(), dmPolicy: policy });
      const found = await comeUp(link, place, isNew ? 0 : before.atMs);
      if (found?.state === "up") {
        form.value = { ...form.peek(), token: "", account: "" };
        said.value = say.answers(found.as ?? found.name, label);
      } else if (found?.state === "down" && found.isFinal) {
        if (isNew) await link.request("channels.logout", place);
        const why = found.why ?? "";
        trouble.value = { code: "CHANNEL_DOWN", why: isNew ? say.refused(why) : say.refusedKept(why), next: found.next };
      } else said.value = say.slow;
    } catch (error) {
      trouble.value = describe(error);
    }
    busy.value = false;
    onChange();
  };
  return (
    <form class="stack" aria-labelledby="add-channel" onSubmit={(event) => {
      event.preventDefault();
      void connect();
    }}>
      <h3 id="add-channel">{say.add}</h3>
      <p class="soft small">{say.addHelp}</p>
      <fieldset class="plain" disabled={busy.value}>
        <label>{say.which}
          <select value={channel} onChange={(event) => set({ channel: event.currentTarget.value })}>
            {kinds.map((kind) => <option key={kind.id} value={kind.id}>{kind.label}</option>)}
          </select>
        </label>
        <label>{say.token}
          <input type="password" value={token} autocomplete="new-password" onInput={(event) => set({ token: event.currentTarget.value })} />
        </label>
        <label>{say.policy}
          <select value={policy} onChange={(event) => set({ policy: event.currentTarget.value })}>
            {POLICIES.map((each) => <option key={each} value={each}>{say.policies[each]}</option>)}
          </select>
        </label>
        <label>{say.account}
          <input type="text" value={account} autocomplete="off" spellcheck={false} placeholder={USUAL} aria-describedby="account-help"
            onInput={(event) => set({ account: event.currentTarget.value.trim() })} />
          <span id="account-help" class="small soft">{say.accountHelp}</span>
        </label>
      </fieldset>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      <div class="row">
        <button type="submit" class="primary" disabled={!ready || busy.value}>{say.connect}</button>
        {busy.value ? <StateMark state="live" word={say.connecting} /> : null}
      </div>
      <p role="status" class="small">{said.value}</p>
    </form>
  );
}

type At = Pick<Account, "channel" | "accountId">;

const isAt = (one: Account, { channel, accountId }: At): boolean => one.channel === channel && one.accountId === accountId;

/** As it stands once it has said so, of what began after `sinceMs`; as it stands now where it takes long. */
async function comeUp(link: Link, place: At, sinceMs: number): Promise<Account | undefined> {
  for (let tries = 1; ; tries += 1) {
    const asked = { channel: place.channel, probe: true, timeoutMs: PROBE_MS };
    const { accounts } = parseStatus(await link.request("channels.status", asked, { timeoutMs: 2 * PROBE_MS }));
    const found = accounts.find((one) => isAt(one, place));
    const isSaid = found !== undefined && (found.sinceMs ?? 0) >= sinceMs && (found.state === "up" || found.isFinal);
    if (isSaid || tries >= TRIES) return found;
    await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
  }
}
