import assert from "node:assert/strict";
import { test } from "node:test";
import { parseYaml, YAML_LIMITS, YamlError } from "./parse-yaml.ts";
import { readSkill, type SkillText } from "./read-skill.ts";

const skillOf = (text: string): SkillText => {
  const read = readSkill(text);
  assert.ok(read.ok, read.ok ? "" : read.why);
  return read.skill;
};
const whyNot = (text: string): string => {
  const read = readSkill(text);
  assert.ok(!read.ok, "it was taken");
  return read.why;
};

test("a head is read in the ways people write it: blocks, flow as in JSON5, folded texts, quotes, comments (S4.4, W.6.36)", () => {
  assert.deepEqual(parseYaml([
    "# of a skill", "name: a-b  # its name", "description: >-", "  One line", "  and another.", "", "  A second part.",
    "list:", "- plain", "- \"quo\\ted\": 1", "  next: it's", "-", "  - deep", "text: |", "  kept", "    as it is", "when: 'it''s'",
    "url: https://example.org/a#b", "flow: {a: [1, 2.5, ], 'b c': \"x, y\", // why not",
    "  nested: {deep: true}, # a comment", "}", "empty:", "last: ~",
  ].join("\n")), {
    name: "a-b", description: "One line and another.\nA second part.", list: ["plain", { "quo\ted": 1, next: "it's" }, ["deep"]],
    text: "kept\n  as it is\n", when: "it's", url: "https://example.org/a#b", flow: { a: [1, 2.5], "b c": "x, y", nested: { deep: true } },
    empty: null, last: null,
  });
  const skill = skillOf([
    "---", "name: weather", "description: Says what the sky does", "  and will do.", "homepage: https://example.org", "metadata:", "  {",
    "    \"openclaw\":", "      {", "        \"emoji\": \"☔\",",
    "        \"requires\": { \"bins\": [\"curl\"], \"anyBins\": [\"a\", \"b\"] },",
    "        \"install\": [{ \"id\": \"brew\", \"kind\": \"brew\", \"bins\": [\"curl\"], \"label\": \"Install curl\" }],",
    "      },", "  }", "user-invocable: false", "disable-model-invocation: true", "---", "", "Ask {baseDir}.", "",
  ].join("\n"));
  assert.deepEqual(
    [skill.name, skill.description, skill.emoji, skill.needs.bins, skill.needs.anyBins, skill.userInvocable,
      skill.modelInvocable, skill.body],
    ["weather", "Says what the sky does and will do.", "☔", ["curl"], ["a", "b"], false, false, "Ask {baseDir}."],
  );
  assert.deepEqual(skill.install, [{ id: "brew", kind: "brew", label: "Install curl", bins: ["curl"] }]);
  assert.equal(skillOf("---\nname: old\ndescription: d\nmetadata: {clawdbot: {always: true, skillKey: other}}\n---\n").skillKey, "other");
});

test("what is no part of it is refused and never guessed: anchors, tags, repeats, prototypes, tabs, half brackets (S2.38, W.6.36)", () => {
  for (const text of [
    "a: &x 1", "a: *x", "a: !!js/function 1", "<<: {a: 1}", "__proto__: 1", "a: {__proto__: {b: 1}}", "a: 1\na: 2",
    "a:\n\t- b", "a: [1, 2", "a: {b",
    "a: \"open", "a: [1] more", "just words\nmore: words", "a: b: c\n  d: e", "- a\nb: c", "a: {b: }",
  ]) assert.throws(() => parseYaml(text), YamlError, text);
  assert.equal(({} as Record<string, unknown>)["b"], undefined);
});

test("a bomb goes off nowhere: depth, values and length are bounded, and no text takes long (S2.38)", () => {
  const bombs = [
    "[".repeat(60_000), `a: ${"{b: ".repeat(5_000)}`, `a: [${"1,".repeat(30_000)}]`,
    Array.from({ length: 5_000 }, (_, at) => `- k${at}: {a: 1}`).join("\n"),
    Array.from({ length: 200 }, (_, at) => `${" ".repeat(at)}a:`).join("\n"),
    `a: "${"\\".repeat(60_000)}`, `a: >\n${" x\n".repeat(20_000)}`,
    "- ".repeat(30_000),
    `a: ${" #".repeat(30_000)}`, "x".repeat(YAML_LIMITS.chars + 1), "\n".repeat(65_000), `a: ${"'".repeat(60_001)}`,
  ];
  const began = process.cpuUsage();
  for (const bomb of bombs) {
    try {
      parseYaml(bomb);
    } catch (error) {
      assert.ok(error instanceof YamlError, `${bomb.slice(0, 20)}: ${String(error)}`);
    }
  }
  const { user } = process.cpuUsage(began);
  assert.ok(user < 2_000_000, `${user} µs of CPU time`);
});

test("a head may be sixteen deep and no deeper (S2.38)", () => {
  assert.doesNotThrow(() => parseYaml("[".repeat(16) + "]".repeat(16)));
  assert.throws(() => parseYaml("[".repeat(18) + "]".repeat(18)), /deeper than 16/);
  assert.throws(() => parseYaml(Array.from({ length: 20 }, (_, at) => `${" ".repeat(at)}a:`).join("\n")), /deeper than 16/);
});

test("a file that is no skill says why (S4.4)", () => {
  assert.match(whyNot("# no head"), /does not begin with ---/);
  assert.match(whyNot("---\nname: a\n"), /does not end with ---/);
  assert.match(whyNot("---\nname: ../up\ndescription: d\n---\n"), /no name of letters/);
  assert.match(whyNot("---\nname: a\n---\n"), /no description/);
  assert.match(whyNot("---\n- a\n---\n"), /no list of names/);
  assert.match(whyNot(`---\n${"a: b\n".repeat(20_000)}---\n`), /within/);
  assert.equal(skillOf("---\nname: a\ndescription: \"one\\n- fake: line\\u202e\"\n---\n").description, "one - fake: line");
});
