import assert from "node:assert/strict";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { test } from "node:test";
import { openFakeModelHost } from "@openclaw/testkit/fake-model-hosts";
import { openScriptedModel } from "@openclaw/testkit/scripted-model-server";
import { parseJson5 } from "../../fabric/config.ts";
import { Secret } from "../../base/secret.ts";
import { changeForCandidate, changeForRemoval } from "./change-models.ts";
import { detectModels } from "./detect-models.ts";
import { candidateAt, MODEL_PLACES, placeNamed } from "./model-places.ts";
import { readOffers } from "./own-words.ts";
import { OFFER_LIMITS, parseOffer, readOffer } from "./read-offer.ts";

const never = new AbortController().signal;
const parse = async (text: string): Promise<unknown> => {
  const parsed = await parseJson5(text);
  assert.ok(parsed.ok);
  return parsed.value;
};

test("keys in the environment and servers on this machine are found; what does not answer is not there (S4.4)", async (t) => {
  const fake = await openScriptedModel();
  t.after(() => fake.close());
  const places = [
    { name: "here", title: "Here", baseUrl: fake.url, keys: [] },
    { name: "gone", title: "Gone", baseUrl: "http://127.0.0.1:1/v1", keys: [] },
    { name: "keyed", title: "Keyed", baseUrl: "https://service.invalid/v1", keys: ["FIRST_KEY", "SECOND_KEY"] },
    { name: "keyless", title: "Keyless", baseUrl: "https://service.invalid/v1", keys: ["NO_KEY"] },
  ];
  const found = await detectModels({ environment: { SECOND_KEY: "k", NO_KEY: " " }, places }, never);
  assert.deepEqual(found.map(({ place, keyFrom, offers }) => [place.name, keyFrom, offers.map(({ id }) => id)]), [
    ["here", undefined, ["scripted"]], ["keyed", "SECOND_KEY", []],
  ]);
});

test("Ollama, llama.cpp and LM Studio are found on loopback: what talks, what is loaded first, and how much it reads (S4.4)", async (t) => {
  const hosts = await Promise.all((["ollama", "llamacpp", "lmstudio"] as const).map((kind) => openFakeModelHost(kind)));
  t.after(() => Promise.all(hosts.map((host) => host.close())));
  const places = MODEL_PLACES.flatMap((place) => {
    const host = hosts.find(({ kind }) => kind === place.name);
    return host === undefined ? [] : [{ ...place, baseUrl: `${host.origin}/v1` }];
  });
  const found = await detectModels({ environment: {}, places }, never);
  assert.deepEqual(found.map(({ place, offers }) => [place.title, offers]), [
    ["Ollama", [{ id: "qwen3:8b", contextTokens: 8_192 }, { id: "llama3.2:latest" }]],
    ["llama.cpp", [{ id: "qwen.gguf", contextTokens: 4_096 }]],
    ["LM Studio", [{ id: "qwen2.5-7b-instruct", contextTokens: 16_384 }, { id: "google/gemma-3-12b", contextTokens: 131_072 }]],
  ]);
  const [ollama] = hosts;
  const bare = await readOffers({ name: "ollama", title: "", keys: [], baseUrl: `${ollama?.origin}/nothing` }, undefined, never);
  assert.equal(bare, undefined, "what is no such server is not there");
});

test("Ollama is looked for where its own variable says, on this machine alone (S4.4)", () => {
  const at = (host: string): string | undefined => placeNamed("ollama", { OLLAMA_HOST: host })?.baseUrl;
  assert.deepEqual(["", "127.0.0.1:9", "0.0.0.0:9", "http://localhost:9/", "example.org:11434", "https://10.0.0.1"].map(at), [
    "http://127.0.0.1:11434/v1", "http://127.0.0.1:9/v1", "http://127.0.0.1:9/v1", "http://localhost:9/v1",
    "http://127.0.0.1:11434/v1", "http://127.0.0.1:11434/v1",
  ]);
});

test("what a server says it offers is read with care, and decides nothing (S4.4)", async (t) => {
  const data = [{ id: "a", context_length: 8_192 }, { id: "b", meta: { n_ctx_train: 4_096 } }, { id: "c d" }, { id: 1 }, null];
  assert.deepEqual(parseOffer({ data }), [
    { id: "a", contextTokens: 8_192 }, { id: "b", contextTokens: 4_096 },
  ]);
  assert.deepEqual(parseOffer({ data: [{ id: "a", context_length: 1e300 }] }), [{ id: "a" }]);
  assert.equal(parseOffer({ models: [] }), undefined);
  const fake = await openScriptedModel();
  t.after(() => fake.close());
  assert.deepEqual(await readOffer({ baseUrl: `${fake.url}/` }, new Secret("k"), never), [{ id: "scripted" }]);
  assert.equal(await readOffer({ baseUrl: "http://127.0.0.1:1/v1" }, new Secret("k"), never), undefined);
});

test("a server that sends elsewhere, floods or says nothing is not there; what it was started with is said of no model of several (S4.4)",
  async (t) => {
    const list = JSON.stringify({ object: "list", data: [{ id: "a" }, { id: "b" }] });
    const waits: number[] = [];
    const patience = new AbortController();
    const silent = Promise.withResolvers<void>();
    const server = createServer((request, response) => {
      const path = request.url ?? "";
      if (path === "/elsewhere/models") return void response.writeHead(302, { location: "/v1/models" }).end();
      if (path === "/flood/models") return void response.end(list + " ".repeat(5_000_000));
      if (path === "/silent/models") return silent.resolve();
      response.end(path === "/props" ? '{"default_generation_settings":{"n_ctx":4096}}' : list);
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    t.after(() => server.close().closeAllConnections());
    const origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    for (const path of ["elsewhere", "flood"]) {
      assert.equal(await readOffer({ baseUrl: `${origin}/${path}` }, undefined, never), undefined, path);
    }
    const several = await readOffers({ name: "llamacpp", title: "", keys: [], baseUrl: `${origin}/v1` }, undefined, never);
    assert.deepEqual(several, [{ id: "a" }, { id: "b" }]);
    t.mock.method(AbortSignal, "timeout", (ms: number) => (waits.push(ms), patience.signal));
    const asked = readOffer({ baseUrl: `${origin}/silent` }, undefined, never);
    await silent.promise;
    patience.abort(new DOMException("late", "TimeoutError"));
    assert.deepEqual([await asked, waits], [undefined, [OFFER_LIMITS.timeoutMs]]);
  });

test("adding writes where a key is and never the key; a list of models is added to, anything else stays (S4.4)", async () => {
  const section = '{ use: "openai-compatible", baseUrl: "http://a/v1", timeoutMs: 5000, models: [{ id: "one" }] }';
  const text = `{ // mine\n  models: { providers: { local: ${section} } } }`;
  const candidate = candidateAt({ name: "local", baseUrl: "http://127.0.0.1:8080/v1/" }, "two", 4_096);
  const changed = await changeForCandidate(candidate, { keyId: "models-providers-local-apiKey", isDefault: true })(text, await parse(text));
  assert.match(changed, /\/\/ mine/);
  assert.deepEqual(await parse(changed), {
    models: { providers: { local: {
      baseUrl: "http://127.0.0.1:8080/v1", timeoutMs: 5_000, models: [{ id: "one" }, { id: "two", contextTokens: 4_096 }],
      api: "openai-completions", apiKey: { source: "store", provider: "default", id: "models-providers-local-apiKey" },
    } } },
    agents: { defaults: { model: "local/two" } },
  });
  const removed = await changeForRemoval({ what: "local/two" })(changed, await parse(changed));
  const left = (await parse(removed)) as { readonly models: { readonly providers: { readonly local: { readonly models: unknown } } } };
  assert.deepEqual(left.models.providers.local.models, [{ id: "one" }]);
  assert.deepEqual((left as { readonly agents?: { readonly defaults?: unknown } }).agents?.defaults ?? {}, {}, "the demo answers again");
});

test("a new provider lists its model: it is shown though no agent names it; one that takes any name goes on so (S4.4)", async () => {
  const add = async (text: string, model: string): Promise<unknown> => {
    const candidate = candidateAt({ name: "local", baseUrl: "http://127.0.0.1:8080/v1" }, model);
    const changed = await changeForCandidate(candidate, { isDefault: false })(text, await parse(text));
    return ((await parse(changed)) as { readonly models: { readonly providers: { readonly local: { readonly models?: unknown } } } })
      .models.providers.local.models;
  };
  assert.deepEqual(await add("{}", "one"), [{ id: "one" }]);
  assert.equal(await add('{ models: { providers: { local: { baseUrl: "http://a/v1" } } } }', "one"), undefined);
});

test("what an agent of its own still uses is not taken away, and what is not there is named (S4.4)", async () => {
  const text = '{ models: { providers: { local: {} } }, agents: { entries: { ops: { model: "local/x" } } } }';
  const source = await parse(text);
  await assert.rejects(changeForRemoval({ what: "local" })(text, source), { code: "CONFLICT" });
  await assert.rejects(changeForRemoval({ what: "other" })(text, source), /has no provider "other"; it has local/);
  assert.throws(() => candidateAt({ baseUrl: "https://key@host/v1" }, "m"), /is not where an API begins/);
  assert.equal(candidateAt({ baseUrl: "https://api.Example.com/v1" }, "m").provider, "api-example-com");
});
