/** What this gateway is, where it keeps things, and one file for whoever is asked to help. */
import { useSignal } from "@preact/signals";
import type { VNode } from "preact";
import { useEffect } from "preact/hooks";
import { CopyButton } from "../../kit/copy-button.tsx";
import { formatBytes } from "../../kit/format.ts";
import { Icon } from "../../kit/icon.tsx";
import { lazy } from "../../kit/lazy.tsx";
import type { Link } from "../../link.ts";
import { words } from "../../words/en/settings.ts";
import { parseUpdate } from "./facts.ts";
import { fieldsOf } from "./schema-fields.ts";

const say = words.about;

const LicenceList = lazy(() => import("./licence-list.tsx").then((part) => part.LicenceList));

/** What goes into the diagnosis: nothing a person said, and nothing secret. */
const ASKED = ["status", "system.info", "config.get", "doctor.examine", "node.list", "usage.status"] as const;

export function AboutSection({ link }: { readonly link: Link }): VNode {
  const machine = useSignal<Readonly<Record<string, unknown>>>({});
  const update = useSignal("");
  const made = useSignal("");
  useEffect(() => link.onUp(() => {
    link.request("system.info", {}).then((answer) => {
      machine.value = fieldsOf(answer);
    }, () => undefined);
    link.request("update.status", {}).then((answer) => {
      const version = parseUpdate(answer);
      update.value = version === undefined ? say.noUpdates : say.newer(version);
    }, () => undefined);
  }), []);
  const { server, snapshot } = link.hello.value ?? {};
  const free = machine.value["diskAvailableBytes"];
  const rows: readonly (readonly [string, string, boolean])[] = [
    [say.version, server?.version ?? "", false], [say.node, String(machine.value["nodeVersion"] ?? ""), false],
    [say.machine, [machine.value["hostname"], machine.value["osLabel"], machine.value["arch"]].filter(Boolean).join(" · "), false],
    [say.stateDir, snapshot?.stateDir ?? "", true], [say.configPath, snapshot?.configPath ?? "", true],
    [say.disk, typeof free === "number" ? say.free(formatBytes(free)) : "", false], [say.update, update.value, false],
  ];
  const gather = async (): Promise<void> => {
    const url = URL.createObjectURL(new Blob([await bundle(link)], { type: "application/json" }));
    const anchor = document.createElement("a");
    anchor.href = url;
    anchor.download = `openclaw-diagnosis-${new Date().toISOString().slice(0, 10)}.json`;
    anchor.click();
    URL.revokeObjectURL(url);
    made.value = say.gathered;
  };
  return (
    <section class="settings-section" aria-labelledby="section-title">
      <h2 id="section-title">{say.title}</h2>
      <table class="facts"><caption class="unseen">{say.title}</caption><tbody>{rows.map(([name, value, copied]) => (
        <tr key={name}><th scope="row">{name}</th><td>{copied ? <code>{value}</code> : value}</td>
          <td>{copied && value !== "" ? <CopyButton text={value} what={name} /> : null}</td></tr>
      ))}</tbody></table>
      <h3>{say.diagnosis}</h3>
      <p class="soft">{say.diagnosisHelp}</p>
      <div class="row"><button type="button" onClick={() => void gather()}><Icon name="attach" />{say.gather}</button></div>
      <p role="status" class="small soft">{made.value}</p>
      <h3>{say.licences}</h3>
      <p class="soft">{say.own}</p>
      <LicenceList />
    </section>
  );
}

/** What does not answer is said as such: a diagnosis is wanted most when something is broken. */
async function bundle(link: Link): Promise<string> {
  const answers = await Promise.all(ASKED.map(async (method): Promise<readonly [string, unknown]> => {
    try {
      const answer = fieldsOf(await link.request(method, {}));
      return [method, { ...answer, sessions: undefined }]; // names of conversations are a person's own words
    } catch (error) {
      return [method, { error: String((error as { readonly code?: unknown }).code ?? error) }];
    }
  }));
  const log = await link.request("logs.tail", { limit: 1_000 }).then((page) => fieldsOf(page)["lines"], () => []);
  const about = { made: new Date().toISOString(), browser: navigator.userAgent };
  return JSON.stringify({ ...about, ...Object.fromEntries(answers), log }, undefined, 1);
}
