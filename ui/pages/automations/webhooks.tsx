import type { VNode } from "preact";
import { CodeBlock } from "../../kit/code-block.tsx";
import { CopyButton } from "../../kit/copy-button.tsx";
import { Icon } from "../../kit/icon.tsx";
import { Failure } from "../../kit/failure.tsx";
import type { Link } from "../../link.ts";
import { useLive } from "../../stores/use-live.ts";
import { words } from "../../words/en/automations.ts";
import { parseHooks, type Hook } from "./parse-queues.ts";

export function Webhooks({ link }: { readonly link: Link }): VNode {
  const { value, failed } = useLive(link, async () => parseHooks(await link.call("config.get", {})), { events: ["config.changed"] });
  const known = value.value;
  return (
    <>
      <p class="soft work-reading">{words.hooks.about}</p>
      <Failure ended={failed.value} />
      {known === undefined ? null : known.enabled ? (
        <>
          <p class="work-reading">{known.isOwner ? words.hooks.owner : words.hooks.outside} {words.hooks.token}</p>
          <ul class="work-cards" aria-label={words.hooks.list}>{known.hooks.map((hook) => (
            <li key={hook.name}><Address hook={hook} url={`${location.origin}${known.path}/${hook.name}`} /></li>
          ))}</ul>
        </>
      ) : (
        <>
          <p>{words.hooks.off}</p>
          <p class="command"><code>{words.hooks.command}</code><CopyButton text={words.hooks.command} what={words.hooks.command} /></p>
        </>
      )}
    </>
  );
}

function Address({ hook: { action, body }, url }: { readonly hook: Hook; readonly url: string }): VNode {
  const call = `curl ${url} -H "Authorization: Bearer $TOKEN" \\\n  -H "Idempotency-Key: 1" -d '${body}'`;
  return (
    <details class="work-card">
      <summary><code>{url}</code><span class="soft">{words.hooks[action]}</span>
        <span class="work-how soft small"><Icon name="chevron" />{words.hooks.call}</span></summary>
      <CodeBlock text={call} language="sh" />
    </details>
  );
}
