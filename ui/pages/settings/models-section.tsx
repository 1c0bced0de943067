/** The models there are, whether they really answer, and one more. A key goes into the gateway's own store and never comes back out. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { formatDuration } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { StateMark } from "../../kit/state-mark.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import { valueAt } from "./changes.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { parseModels, parseTried, type Model, type Tried } from "./facts.ts";
import { Trouble } from "./trouble.tsx";

const say = words.models;
/** A model that has to be loaded first takes its time. */
const TRY_MS = 120_000;

export function ModelsSection({ link, desk }: { readonly link: Link; readonly desk: ConfigDesk }): VNode {
  const models = useSignal<readonly Model[]>([]);
  const look = (): void => void link.request("models.list", { view: "all" }).then((answer) => {
    models.value = parseModels(answer);
  }, () => undefined);
  useEffect(() => {
    const ends = [link.onUp(look), link.on("chat.metadata.changed", look)];
    return () => ends.forEach((end) => end());
  }, []);
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <p class="soft">{say.help}</p>
      <ul class="things">{models.value.map((model) => <ModelRow key={model.ref} link={link} desk={desk} model={model} />)}</ul>
      <AddModel link={link} desk={desk} />
    </section>
  );
}

function ModelRow({ link, desk, model }: { readonly link: Link; readonly desk: ConfigDesk; readonly model: Model }): VNode {
  const tried = useSignal<Tried | "trying" | undefined>(undefined);
  const trouble = useSignal<Ended | undefined>(undefined);
  const test = async (): Promise<void> => {
    tried.value = "trying";
    trouble.value = undefined;
    try {
      tried.value = parseTried(await link.request("models.test", { model: model.ref }, { timeoutMs: TRY_MS }));
    } catch (error) {
      tried.value = undefined;
      trouble.value = describe(error);
    }
  };
  const isDefault = valueAt(desk.config.value?.inForce, ["agents", "defaults", "model"]) === model.ref;
  return (
    <li class="thing">
      <div class="thing-head">
        <h3>{model.name}</h3>
        {isDefault ? <span class="mark-word">{say.usual}</span> : null}
        <Outcome tried={tried.value} />
      </div>
      <p class="small soft">
        <code>{model.ref}</code>{model.contextTokens === undefined ? "" : ` · ${say.context(model.contextTokens)}`}
      </p>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      {typeof tried.value === "object" && !tried.value.ok ? <Trouble ended={{ code: tried.value.code, why: tried.value.why }} /> : null}
      <div class="row">
        {link.has("models.test") ? (
          <button type="button" class="quiet" disabled={tried.value === "trying"} aria-label={say.testWhat(model.ref)}
            onClick={() => void test()}>
            <Icon name="play" />{say.test}
          </button>
        ) : null}
        {isDefault ? null : (
          <button type="button" class="quiet" aria-label={say.makeUsualWhat(model.ref)}
            onClick={() => desk.change(["agents", "defaults", "model"], model.ref)}>
            <Icon name="check" />{say.makeUsual}
          </button>
        )}
      </div>
    </li>
  );
}

function Outcome({ tried }: { readonly tried: Tried | "trying" | undefined }): VNode {
  return (
    <span role="status">
      {tried === undefined ? null : tried === "trying" ? <StateMark state="live" word={say.trying} />
        : !tried.ok ? <StateMark state="problem" word={say.failed} />
          : <StateMark state={tried.tools === false ? "attention" : "good"}
            word={say.answered(formatDuration(tried.tookMs), tried.tools !== false)} />}
    </span>
  );
}

const KINDS = ["openai-compatible", "anthropic"] as const;
type Kind = (typeof KINDS)[number];

function AddModel({ link, desk }: { readonly link: Link; readonly desk: ConfigDesk }): VNode {
  const form = useSignal({ name: "", kind: "openai-compatible" as Kind, url: "", model: "", key: "" });
  const trouble = useSignal<Ended | undefined>(undefined);
  const said = useSignal("");
  const { name, kind, url, model, key } = form.value;
  const set = (part: Partial<typeof form.value>): void => {
    form.value = { ...form.peek(), ...part };
    said.value = "";
  };
  const ready = /^[a-z][a-z0-9-]{0,63}$/.test(name) && model !== "" && (kind === "anthropic" || /^https?:\/\//.test(url));
  const add = async (): Promise<void> => {
    const base = desk.config.peek();
    if (!ready || base === undefined) return;
    try {
      const apiKey = key === "" ? undefined : await desk.keepSecret(`models.providers.${name}.apiKey`, key);
      const provider = {
        ...(name === kind ? {} : { use: kind }), ...(url === "" ? {} : { baseUrl: url }), models: [{ id: model }],
        ...(apiKey === undefined ? {} : { apiKey }),
      };
      await link.request("config.patch", { raw: JSON.stringify({ models: { providers: { [name]: provider } } }), baseHash: base.hash });
      form.value = { ...form.peek(), key: "", model: "" };
      trouble.value = undefined;
      said.value = say.added(`${name}/${model}`);
    } catch (error) {
      trouble.value = describe(error);
    }
  };
  return (
    <form class="stack" aria-labelledby="add-model" onSubmit={(event) => {
      event.preventDefault();
      void add();
    }}>
      <h3 id="add-model">{say.add}</h3>
      <p class="soft small">{say.addHelp}</p>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      <label>{say.kind}
        <select value={kind} onChange={(event) => set({ kind: event.currentTarget.value as Kind })}>
          {KINDS.map((each) => <option key={each} value={each}>{say.kinds[each]}</option>)}
        </select>
      </label>
      <label>{say.name}
        <input type="text" value={name} autocomplete="off" spellcheck={false} placeholder="local" aria-describedby="name-help"
          onInput={(event) => set({ name: event.currentTarget.value.trim() })} />
        <span id="name-help" class="small soft">{say.nameHelp}</span>
      </label>
      <label>{say.url}
        <input type="url" value={url} autocomplete="off" spellcheck={false}
          placeholder={kind === "anthropic" ? "https://api.anthropic.com" : "http://127.0.0.1:8080/v1"}
          onInput={(event) => set({ url: event.currentTarget.value.trim() })} />
      </label>
      <label>{say.model}
        <input type="text" value={model} autocomplete="off" spellcheck={false}
          onInput={(event) => set({ model: event.currentTarget.value.trim() })} />
      </label>
      <label>{say.key}
        <input type="password" value={key} autocomplete="new-password" onInput={(event) => set({ key: event.currentTarget.value })} />
        <span class="small soft">{say.keyHelp}</span>
      </label>
      <div class="row"><button type="submit" class="primary" disabled={!ready}>{say.addIt}</button></div>
      <p role="status" class="small">{said.value}</p>
    </form>
  );
}
