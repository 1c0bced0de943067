/** What a browser sees that the gateway does not let in: why, and every way in that there is. Comes when it is needed. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { CopyButton } from "../kit/copy-button.tsx";
import { fingerprintWords } from "../kit/fingerprint-words.ts";
import type { Ended, Link } from "../link.ts";
import { tokenIn } from "../link/token-in.ts";
import { words as shellWords } from "../words/en/shell.ts";
import { words } from "../words/en/unpaired.ts";

export interface UnpairedProps { readonly link: Link; readonly ended: Ended; readonly waits: boolean }

export function Unpaired({ link, ended, waits }: UnpairedProps): VNode {
  if (waits) return <Waiting link={link} ended={ended} />;
  const title = ended.code === "AUTH_DEVICE_TOKEN_MISMATCH" ? words.removed : ended.code === "PROTOCOL_MISMATCH" ? words.version
    : ended.code === "CONTEXT_INSECURE" ? words.insecure : words.title;
  if (ended.code === "PROTOCOL_MISMATCH" || ended.code === "CONTEXT_INSECURE") {
    return (
      <section class="page">
        <header class="page-head"><h1>{title}</h1></header>
        <p>{ended.code === "CONTEXT_INSECURE" ? words.insecureNext : words.versionNext}</p>
        <p><button type="button" onClick={() => location.reload()}>{shellWords.reload}</button></p>
        <Why ended={ended} />
      </section>
    );
  }
  return (
    <section class="page unpaired">
      <header class="page-head"><h1>{title}</h1></header>
      <p>{words.next}</p>
      <p class="command"><code>{words.command}</code><CopyButton text={words.command} what={words.command} /></p>
      <Paste link={link} />
      <section>
        <h2>{words.ask}</h2>
        <p>{words.askAbout}</p>
        <p><button type="button" onClick={() => link.askToPair()}>{words.askNow}</button></p>
      </section>
      <Why ended={ended} />
    </section>
  );
}

function Paste({ link }: { readonly link: Link }): VNode {
  const pasted = useSignal("");
  const token = tokenIn(pasted.value);
  const isOther = pasted.value.trim() !== "" && token === undefined;
  return (
    <form class="paste" onSubmit={(event) => {
      event.preventDefault();
      if (token !== undefined) link.pair(token);
    }}>
      <label>{words.paste}
        <input
          type="text" autocomplete="off" spellcheck={false} value={pasted.value} aria-describedby="paste-says" aria-invalid={isOther}
          onInput={(event) => {
            pasted.value = event.currentTarget.value;
          }}
        />
      </label>
      <button type="submit" class="primary" disabled={token === undefined}>{words.pair}</button>
      <span id="paste-says" class="soft small" role="status">{isOther ? words.noToken : ""}</span>
    </form>
  );
}

/** Asked; a person on the other side decides. The page comes in by itself as soon as they agree. */
function Waiting({ link, ended }: { readonly link: Link; readonly ended: Ended }): VNode {
  const id = typeof ended.detail?.["requestId"] === "string" ? ended.detail["requestId"] : "";
  const command = `openclaw devices approve ${id}`;
  const own = useSignal<readonly string[]>([]);
  const deviceId = link.deviceId.value;
  useEffect(() => void fingerprintWords(deviceId).then((found) => {
    own.value = found;
  }), [deviceId]);
  return (
    <section class="page unpaired">
      <header class="page-head"><h1>{words.waits}</h1></header>
      <p>{words.waitsNext}</p>
      <p class="command"><code>{command}</code><CopyButton text={command} what={command} /></p>
      <p>{words.compare}</p>
      <p class="fingerprint">{own.value.join(" ")}</p>
      <p class="soft" role="status">{words.waitsOn}</p>
      <h2>{words.otherwise}</h2>
      <Paste link={link} />
    </section>
  );
}

function Why({ ended }: { readonly ended: Ended }): VNode {
  return <p class="soft small">{words.why(ended.why)} <code>{ended.code}</code></p>;
}
