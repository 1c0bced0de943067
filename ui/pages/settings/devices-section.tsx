/** Who may connect: browsers, command lines, phones and nodes; who asks to; and how another one gets in. */
import { useSignal, type Signal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { confirm } from "../../kit/confirm.tsx";
import { CopyButton } from "../../kit/copy-button.tsx";
import { fingerprintWords } from "../../kit/fingerprint-words.ts";
import { Icon } from "../../kit/icon.tsx";
import { Id } from "../../kit/id.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { Time } from "../../kit/time.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import {
  parseDevices, parseLink, parseSetupCode, parseToken, type Device, type Devices, type PairRequest, type SetupCode,
} from "./facts.ts";
import { Trouble } from "./trouble.tsx";

const say = words.devices;

export function DevicesSection({ link }: { readonly link: Link }): VNode {
  const devices = useSignal<Devices | undefined>(undefined);
  const trouble = useSignal<Ended | undefined>(undefined);
  const read = (): void => void link.request("device.pair.list", {}).then((answer) => {
    devices.value = parseDevices(answer);
  }, () => undefined); // whoever is away is told so by the bar above
  useEffect(() => {
    const ends = [
      link.onUp(read),
      ...["device.pair.requested", "device.pair.resolved", "device.pair.changed", "presence"].map((event) => link.on(event, read)),
    ];
    return () => ends.forEach((end) => end());
  }, []);
  const act = async (method: string, params: object): Promise<boolean> => {
    try {
      const answer = await link.request(method, params);
      // This browser's own new token comes along, and is kept before the next connection asks for it.
      const token = method === "device.token.rotate" ? parseToken(answer, "operator") : undefined;
      if (token !== undefined) await link.keepToken(token);
      trouble.value = undefined;
      read();
      return true;
    } catch (error) {
      trouble.value = describe(error);
      return false;
    }
  };
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <p class="soft">{say.help}</p>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      <div aria-live="polite">
        {devices.value?.pending.map((request) => <Asking key={request.requestId} request={request} act={act} />)}
      </div>
      <ul class="things">
        {devices.value?.paired.map((device) => <DeviceRow key={device.id} device={device} own={device.id === link.deviceId.value} act={act} />)}
      </ul>
      <Invite link={link} trouble={trouble} />
    </section>
  );
}

type Act = (method: string, params: object) => Promise<boolean>;

function Asking({ request, act }: { readonly request: PairRequest; readonly act: Act }): VNode {
  const shown = useSignal<readonly string[]>([]);
  useEffect(() => void fingerprintWords(request.id).then((found) => {
    shown.value = found;
  }), [request.id]);
  return (
    <article class="thing asking" aria-label={say.asks(request.name)}>
      <p><StateMark state="attention" word={say.asks(request.name)} /></p>
      <p class="small">
        {say.asksFor(request.roles.join(", "), mayOf(request))} {request.address === "" ? null : say.from(request.address)}{" "}
        {request.atMs === undefined ? null : <Time atMs={request.atMs} />}
      </p>
      <p class="small soft">{say.compare}</p>
      <p class="finger-words mono">{shown.value.join(" ")}</p>
      <p class="small soft"><Id id={request.id} charsMax={24} /></p>
      <div class="row">
        <button type="button" onClick={() => void act("device.pair.reject", { requestId: request.requestId })}>{say.reject}</button>
        <button type="button" class="primary" onClick={() => void act("device.pair.approve", { requestId: request.requestId })}>
          {say.approve}
        </button>
      </div>
    </article>
  );
}

function DeviceRow({ device, own, act }: { readonly device: Device; readonly own: boolean; readonly act: Act }): VNode {
  const renaming = useSignal<string | undefined>(undefined);
  const said = useSignal("");
  const remove = async (): Promise<void> => {
    const body = own ? say.removeOwnBody : say.removeBody(device.name);
    if (await confirm({ title: say.removeTitle(device.name), body, act: say.remove })) {
      await act("device.pair.remove", { deviceId: device.id });
    }
  };
  const rotate = async (): Promise<void> => {
    if (await confirm({ title: say.rotateTitle(device.name), body: own ? say.rotateOwnBody : say.rotateBody, act: say.rotate })) {
      // A device may serve and be served: it has a token for each.
      for (const role of device.roles) if (!await act("device.token.rotate", { deviceId: device.id, role })) return;
      said.value = say.rotated;
    }
  };
  return (
    <li class="thing">
      <div class="thing-head">
        {renaming.value === undefined ? <h3>{device.name}</h3> : (
          <form class="add" onSubmit={(event) => {
            event.preventDefault();
            const label = renaming.peek()?.trim() ?? "";
            if (label !== "") void act("device.pair.rename", { deviceId: device.id, label });
            renaming.value = undefined;
          }}>
            <label><span class="unseen">{say.newName}</span>
              <input type="text" maxLength={64} value={renaming.value} autofocus onInput={(event) => {
                renaming.value = event.currentTarget.value;
              }} />
            </label>
            <button type="submit">{say.saveName}</button>
          </form>
        )}
        {own ? <span class="mark-word">{say.thisBrowser}</span> : null}
        {device.revoked ? <StateMark state="problem" word={say.revoked} />
          : device.connected ? <StateMark state="good" word={say.connected} /> : <StateMark state="unknown" word={say.away} />}
      </div>
      <p class="small soft facts-line">
        {[say.kinds[device.kind], device.platform, mayOf(device)].filter((part) => part !== "").join(" · ")}
        {device.connected || device.seenMs === undefined ? null : <> · {say.seen} <Time atMs={device.seenMs} /></>}
        {device.sinceMs === undefined ? null : <> · {say.since} <Time atMs={device.sinceMs} /></>} · <Id id={device.id} />
      </p>
      <div class="row">
        <button type="button" class="quiet" aria-label={say.renameWhat(device.name)} onClick={() => {
          renaming.value = renaming.peek() === undefined ? device.name : undefined;
        }}><Icon name="edit" />{say.rename}</button>
        {device.revoked ? null : (
          <button type="button" class="quiet" aria-label={say.rotateWhat(device.name)} onClick={() => void rotate()}>
            <Icon name="retry" />{say.rotate}
          </button>
        )}
        <button type="button" class="quiet" aria-label={say.removeWhat(device.name)} onClick={() => void remove()}>
          <Icon name="cross" />{say.remove}
        </button>
        <span role="status" class="small soft">{said.value}</span>
      </div>
    </li>
  );
}

function mayOf({ scopes, roles }: Pick<Device, "scopes" | "roles">): string {
  if (scopes.includes("operator.admin")) return say.mayAll;
  if (scopes.length === 0) return roles.includes("node") ? say.mayServe : "";
  return say.may(scopes.map((scope) => scope.replace(/^operator\./, "")).join(", "));
}

type Way =
  | { readonly kind: "link"; readonly url: string; readonly expiresAtMs: number }
  | { readonly kind: "code"; readonly code: SetupCode };

function Invite({ link, trouble }: { readonly link: Link; readonly trouble: Signal<Ended | undefined> }): VNode {
  const way = useSignal<Way | undefined>(undefined);
  const done = useSignal("");
  useEffect(() => link.on("device.pair.setup.completed", () => {
    way.value = undefined;
    done.value = say.letIn;
  }), []);
  const make = async (work: () => Promise<Way>): Promise<void> => {
    done.value = "";
    try {
      way.value = await work();
      trouble.value = undefined;
    } catch (error) {
      trouble.value = describe(error);
    }
  };
  const makeLink = async (): Promise<Way> => ({ kind: "link", ...parseLink(await link.request("dashboard.link", {})) });
  const makeCode = async (): Promise<Way> => (
    { kind: "code", code: parseSetupCode(await link.request("device.pair.setupCode", { includeQr: true })) }
  );
  return (
    <section class="invite" aria-labelledby="invite-title">
      <h3 id="invite-title">{say.another}</h3>
      <div class="row">
        <button type="button" onClick={() => void make(makeLink)}>{say.browserLink}</button>
        <button type="button" onClick={() => void make(makeCode)}>{say.phoneCode}</button>
      </div>
      <div aria-live="polite">
        {done.value === "" ? null : <p class="good"><Icon name="check" /> {done.value}</p>}
        {way.value === undefined ? null : way.value.kind === "link" ? (
          <>
            <p class="small soft">{say.linkHelp} <Time atMs={way.value.expiresAtMs} /></p>
            <p class="command"><code>{way.value.url}</code><CopyButton text={way.value.url} what={say.theLink} /></p>
          </>
        ) : <Code code={way.value.code} />}
      </div>
    </section>
  );
}

function Code({ code }: { readonly code: SetupCode }): VNode {
  return (
    <div class="setup-code">
      {code.picture === undefined ? null : <img src={code.picture} alt={say.qr} width={200} height={200} />}
      <div>
        <p class="small">{say.codeHelp(code.address)} <Time atMs={code.expiresAtMs} /></p>
        {code.downgraded ? <p class="small"><StateMark state="attention" word={say.limited} /></p> : null}
        <p class="command"><code class="long-code">{code.code}</code><CopyButton text={code.code} what={say.theCode} /></p>
      </div>
    </div>
  );
}
