/** Messengers: how each account stands, who asks to write and who may, what may not have arrived, and one more. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { confirm } from "../../kit/confirm.tsx";
import { Icon } from "../../kit/icon.tsx";
import { StateMark, type Mark } from "../../kit/state-mark.tsx";
import { Time } from "../../kit/time.tsx";
import { toast } from "../../kit/toasts.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { useLive } from "../../stores/use-live.ts";
import { words as say } from "../../words/en/channels.ts";
import { words } from "../../words/en/settings.ts";
import { AddChannel } from "./add-channel.tsx";
import {
  NOBODY, parsePairing, parseStatus, parseUnsure, type Account, type Asking, type LetIn, type Unsure,
} from "./parse-channels.ts";
import { Trouble } from "./trouble.tsx";

const MARKS: Readonly<Record<string, Mark>> = { up: "good", degraded: "attention", starting: "live", down: "problem" };

type Act = (method: string, params: object, done?: string) => Promise<void>;

export function ChannelsSection({ link }: { readonly link: Link }): VNode {
  const trouble = useSignal<Ended | undefined>(undefined);
  const known = useLive(link, async () => {
    const status = parseStatus(await link.request("channels.status", {}));
    // Who may not see the one still sees the other.
    const [pairing, unsure] = await Promise.all([
      link.request("channels.pairing.list", {}).then((answer) => parsePairing(answer, status.kinds), () => NOBODY),
      link.request("channels.unsure.list", {}).then((answer) => parseUnsure(answer, status.kinds), () => []),
    ]);
    return { ...status, ...pairing, unsure };
  }, { events: ["channels.changed"] });
  const act: Act = async (method, params, done) => {
    try {
      await link.request(method, params);
      trouble.value = undefined;
      if (done !== undefined) toast({ text: done });
    } catch (error) {
      trouble.value = describe(error);
    }
    known.again();
  };
  const now = known.value.value;
  const failed = trouble.value ?? known.failed.value;
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <p class="soft">{words.channels.help}</p>
      {failed === undefined ? null : <Trouble ended={failed} />}
      {now === undefined ? null : (
        <>
          <div aria-live="polite">{now.asking.map((one) => (
            <AskingCard key={`${one.where} ${one.code}`} one={one} act={act}
              isFirst={!now.letIn.some(({ isOwner, channel }) => isOwner && channel === one.channel)} />
          ))}</div>
          {now.accounts.length === 0 ? <p>{now.kinds.length === 0 ? say.noneHere : say.none}</p> : (
            <ul class="things">{now.accounts.map((account) => <AccountRow key={account.name} account={account} act={act} />)}</ul>
          )}
          <UnsureList unsure={now.unsure} act={act} />
          <LetInList letIn={now.letIn} act={act} />
          {now.kinds.length === 0 ? null : <AddChannel link={link} kinds={now.kinds} onChange={known.again} />}
        </>
      )}
    </section>
  );
}

interface AskingProps { readonly one: Asking; readonly act: Act; /** Nobody is its owner there yet. */ readonly isFirst: boolean }

function AskingCard({ one, act, isFirst }: AskingProps): VNode {
  const { channel, accountId, code, who, where, senderId } = one;
  const params = { channel, accountId, code };
  return (
    <article class="thing asking" aria-label={say.asks(who, where)}>
      <p><StateMark state="attention" word={say.asks(who, where)} /></p>
      <p class="small soft">
        {say.wrote} <Time atMs={one.atMs} /> · <code>{senderId}</code> · {say.until} <Time atMs={one.untilMs} />
      </p>
      <p class="finger-words mono">{code}</p>
      <p class="small">{say.compare} {say.ownerHelp}</p>
      <div class="row">
        <button type="button" onClick={() => void act("channels.pairing.dismiss", params, say.dismissed(who))}>{say.dismiss}</button>
        <button type="button" onClick={() => void act("channels.pairing.approve", params, say.letIn(who, false))}>{say.guest}</button>
        <button type="button" {...(isFirst ? { class: "primary" } : {})}
          onClick={() => void act("channels.pairing.approve", { ...params, owner: true }, say.letIn(who, true))}>{say.owner}</button>
      </div>
    </article>
  );
}

function AccountRow({ account, act }: { readonly account: Account; readonly act: Act }): VNode {
  const { channel, accountId, name, state, as, why, next, sinceMs, inMs, outMs } = account;
  const params = { channel, accountId };
  const remove = async (): Promise<void> => {
    if (await confirm({ title: say.removeTitle(name), body: say.removeBody, act: say.remove })) await act("channels.logout", params);
  };
  const button = (method: string, word: string): VNode => (
    <button type="button" class="quiet" aria-label={say.ofAccount(word, name)} onClick={() => void act(method, params)}>{word}</button>
  );
  return (
    <li class="thing">
      <div class="thing-head">
        <h3>{name}</h3>
        <span role="status"><StateMark state={MARKS[state] ?? "unknown"} word={say.states[state] ?? say.unknown} /></span>
        {as === undefined ? null : <span class="soft">{say.as(as)}</span>}
      </div>
      {why === undefined ? null : <p>{why} {next}</p>}
      <p class="small soft facts-line">
        {sinceMs === undefined ? null : <>{say.began} <Time atMs={sinceMs} /> · </>}
        {inMs === undefined && outMs === undefined ? say.never : null}
        {inMs === undefined ? null : <>{say.lastIn} <Time atMs={inMs} /></>}
        {inMs === undefined || outMs === undefined ? null : " · "}
        {outMs === undefined ? null : <>{say.lastOut} <Time atMs={outMs} /></>}
      </p>
      <p class="small soft">{say.may[account.policy] ?? ""} {account.owed === 0 ? null : say.owed(account.owed)}</p>
      <div class="row">
        {state === "stopped" ? button("channels.start", say.start) : state === "down" ? button("channels.start", say.again)
          : state === "off" ? null : button("channels.stop", say.stop)}
        <button type="button" class="quiet" aria-label={say.ofAccount(say.remove, name)} onClick={() => void remove()}>
          <Icon name="cross" />{say.remove}
        </button>
      </div>
    </li>
  );
}

function UnsureList({ unsure, act }: { readonly unsure: readonly Unsure[]; readonly act: Act }): VNode | null {
  if (unsure.length === 0) return null;
  return (
    <section aria-labelledby="unsure-title">
      <h3 id="unsure-title">{say.unsure}</h3>
      <p class="soft small">{say.unsureHelp}</p>
      <ul class="things">{unsure.map(({ id, to, where, text, why, atMs }) => (
        <li key={id} class="thing">
          <p class="said-outside" dir="auto">{text}</p>
          <p class="small soft">{say.to(to, where)} · <Time atMs={atMs} />{why === undefined ? "" : ` · ${why}`}</p>
          <div class="row">
            <button type="button" aria-label={say.ofMessage(say.discard, to)}
              onClick={() => void act("channels.unsure.answer", { id, answer: "discard" }, say.left)}>{say.discard}</button>
            <button type="button" aria-label={say.ofMessage(say.resend, to)}
              onClick={() => void act("channels.unsure.answer", { id, answer: "resend" }, say.resent)}>{say.resend}</button>
          </div>
        </li>
      ))}</ul>
    </section>
  );
}

function LetInList({ letIn, act }: { readonly letIn: readonly LetIn[]; readonly act: Act }): VNode | null {
  if (letIn.length === 0) return null;
  const shutOut = async ({ channel, accountId, senderId, who }: LetIn): Promise<void> => {
    if (!await confirm({ title: say.shutOutTitle(who), body: say.shutOutBody, act: say.shutOut })) return;
    await act("channels.pairing.remove", { channel, accountId, senderId });
  };
  return (
    <section aria-labelledby="let-in-title">
      <h3 id="let-in-title">{say.mayWrite}</h3>
      <table class="facts">
        <caption class="unseen">{say.mayWrite}</caption>
        <thead class="unseen"><tr>
          {[say.name, say.role, say.where, say.since, say.shutOut].map((title) => <th key={title} scope="col">{title}</th>)}
        </tr></thead>
        <tbody>{letIn.map((one) => (
          <tr key={`${one.where} ${one.senderId}`}>
            <th scope="row">{one.who} <code class="soft">{one.senderId}</code></th>
            <td>{one.isOwner ? say.theOwner : say.aGuest}</td><td>{one.where}</td>
            <td>{one.isByConfig ? say.byConfig : one.sinceMs === undefined ? null : <Time atMs={one.sinceMs} />}</td>
            <td>{one.isByConfig ? null : (
              <button type="button" class="quiet" aria-label={say.shutOutWhat(one.who)} onClick={() => void shutOut(one)}>
                {say.shutOut}
              </button>
            )}</td>
          </tr>
        ))}</tbody>
      </table>
    </section>
  );
}
