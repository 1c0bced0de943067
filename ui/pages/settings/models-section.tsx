/** The models there are, whether they really answer, and one more. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { Icon } from "../../kit/icon.tsx";
import { describe, type Ended, type Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import { AddModel } from "./add-model.tsx";
import { valueAt } from "./changes.ts";
import type { ConfigDesk } from "./config-desk.ts";
import { parseModels, parseTried, type Model, type Tried } from "./facts.ts";
import { ModelOutcome, TRY_MS } from "./model-outcome.tsx";
import { Trouble } from "./trouble.tsx";

const say = words.models;

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
      <AddModel link={link} />
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
        <ModelOutcome tried={tried.value} />
      </div>
      <p class="small soft">
        <code>{model.ref}</code>{model.contextTokens === undefined ? "" : ` · ${say.context(model.contextTokens)}`}
      </p>
      {trouble.value === undefined ? null : <Trouble ended={trouble.value} />}
      {typeof tried.value === "object" && !tried.value.ok ? <Trouble ended={tried.value} /> : null}
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
