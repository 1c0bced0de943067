/** One more model: asked first, connected if it answers. Its key goes into the gateway's own store and never comes back out. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { describe, type Ended, type Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import { parseConnected, type Tried } from "./facts.ts";
import { ModelOutcome, TRY_MS } from "./model-outcome.tsx";
import { Trouble } from "./trouble.tsx";

const say = words.models;
const APIS = { "openai-completions": "http://127.0.0.1:8080/v1", "anthropic-messages": "https://api.anthropic.com" } as const;
type Api = keyof typeof APIS;

interface Form { readonly name: string; readonly api: Api; readonly url: string; readonly model: string; readonly key: string }

export function AddModel({ link }: { readonly link: Link }): VNode {
  const form = useSignal<Form>({ name: "", api: "openai-completions", url: "", model: "", key: "" });
  const tried = useSignal<Tried | "trying" | undefined>(undefined);
  const trouble = useSignal<Ended | undefined>(undefined);
  const said = useSignal("");
  const { name, api, url, model, key } = form.value;
  const address = url === "" && api === "anthropic-messages" ? APIS[api] : url;
  const busy = tried.value === "trying";
  const set = (part: Partial<Form>): void => {
    form.value = { ...form.peek(), ...part };
    said.value = "";
    tried.value = undefined;
  };
  const ready = /^[a-z][a-z0-9-]{0,63}$/.test(name) && model !== "" && /^https?:\/\//.test(address);
  const connect = async (untested: boolean): Promise<void> => {
    if (!ready || busy) return;
    tried.value = "trying";
    trouble.value = undefined;
    try {
      const wish = { name, api, url: address, model, ...(key === "" ? {} : { key }), ...(untested ? { untested } : {}) };
      const answer = parseConnected(await link.request("models.connect", wish, { timeoutMs: TRY_MS }));
      tried.value = answer.tried;
      if (!answer.added) return;
      form.value = { ...form.peek(), key: "", model: "" };
      said.value = say.added(answer.model);
    } catch (error) {
      tried.value = undefined;
      trouble.value = describe(error);
    }
  };
  const outcome = tried.value;
  const failed = typeof outcome === "object" && !outcome.ok ? outcome : undefined;
  return (
    <form class="stack" aria-labelledby="add-model" onSubmit={(event) => {
      event.preventDefault();
      void connect(false);
    }}>
      <h3 id="add-model">{say.add}</h3>
      <p class="soft small">{say.addHelp}</p>
      <fieldset class="plain" disabled={busy}>
        <label>{say.kind}
          <select value={api} onChange={(event) => set({ api: event.currentTarget.value as Api })}>
            {(Object.keys(APIS) as Api[]).map((each) => <option key={each} value={each}>{say.kinds[each]}</option>)}
          </select>
        </label>
        <label>{say.name}
          <input type="text" value={name} autocomplete="off" spellcheck={false} placeholder={say.nameHint} aria-describedby="name-help"
            onInput={(event) => set({ name: event.currentTarget.value.trim() })} />
          <span id="name-help" class="small soft">{say.nameHelp}</span>
        </label>
        <label>{say.url}
          <input type="url" value={url} autocomplete="off" spellcheck={false} placeholder={APIS[api]}
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
      </fieldset>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      {failed === undefined ? null : <Trouble ended={failed} />}
      <div class="row">
        <button type="submit" class="primary" disabled={!ready || busy}>{say.addIt}</button>
        {failed === undefined ? null : <button type="button" onClick={() => void connect(true)}>{say.addUntested}</button>}
        <ModelOutcome tried={outcome} />
      </div>
      <p role="status" class="small">{said.value}</p>
    </form>
  );
}
