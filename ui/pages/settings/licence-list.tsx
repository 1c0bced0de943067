/** With whose programs this one is made, and under which licence each is. */
import type { VNode } from "preact";
import { words } from "../../words/en/settings.ts";
import { LICENCES } from "./licences.ts";

const say = words.about;

export function LicenceList(): VNode {
  return (
    <table class="facts licences">
      <caption class="unseen">{say.licences}</caption>
      <thead class="unseen">
        <tr><th scope="col">{say.part}</th><th scope="col">{say.at}</th><th scope="col">{say.licence}</th></tr>
      </thead>
      <tbody>{LICENCES.map(({ name, version, licence }) => (
        <tr key={name}><th scope="row"><code>{name}</code></th><td class="soft">{version}</td><td>{licence}</td></tr>
      ))}</tbody>
    </table>
  );
}
