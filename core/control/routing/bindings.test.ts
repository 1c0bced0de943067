import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode } from "@openclaw/protocol";
import { createAgents } from "../agents.ts";
import type { Binding } from "./config.ts";
import { keyOfSender, matchBinding, type KeyScopes, type Sender } from "./bindings.ts";
import { routeInbound } from "./route.ts";

const agents = createAgents(() => ({ entries: { work: {}, family: {}, guild: {} } }), "/w");

test("the most specific binding holds: a person before a server, a server before a team, an account before every account (S4.13)", () => {
  const bindings: readonly Binding[] = [
    { agentId: "any", match: { channel: "discord", accountId: "*" } },
    { agentId: "account", match: { channel: "discord" } },
    { agentId: "team", match: { channel: "discord", teamId: "T" } },
    { agentId: "guild", match: { channel: "discord", guildId: "G" } },
    { agentId: "peer", match: { channel: "discord", accountId: "*", peer: { kind: "channel", id: "C" } } },
    { agentId: "second", match: { channel: "discord" } },
  ];
  const who = (sender: Omit<Sender, "channel">): string | undefined => matchBinding({ channel: "Discord", ...sender }, bindings)?.agentId;
  assert.equal(who({}), "account");
  assert.equal(who({ accountId: "other" }), "any");
  assert.equal(who({ teamId: "T" }), "team");
  assert.equal(who({ teamId: "T", guildId: "G" }), "guild");
  assert.equal(who({ teamId: "T", guildId: "G", peer: { kind: "room", id: "c" } }), "peer");
  assert.equal(who({ peer: { kind: "direct", id: "C" } }), "account");
  assert.equal(matchBinding({ channel: "telegram" }, bindings), undefined);
});

test("session keys have the documented forms, and no part of an id can make another session's key (S4.7, S4.8)", () => {
  const direct: Sender = { channel: "telegram", accountId: "Bot", peer: { kind: "direct", id: "42" } };
  const key = (sender: Sender, scopes: KeyScopes = {}): string => keyOfSender("main", sender, scopes);
  assert.equal(key(direct), "agent:main:main");
  assert.equal(key({ ...direct, guest: true }), "agent:main:telegram:direct:42", "nobody but the owner speaks in the owner's session");
  assert.equal(key({ ...direct, guest: true }, { dmScope: "main" }), "agent:main:main", "unless the owner says so");
  assert.equal(key(direct, { dmScope: "per-peer" }), "agent:main:direct:42");
  assert.equal(key(direct, { dmScope: "per-channel-peer" }), "agent:main:telegram:direct:42");
  assert.equal(key(direct, { dmScope: "per-account-channel-peer" }), "agent:main:telegram:bot:direct:42");
  assert.equal(key(direct, { dmScope: "per-peer", identityLinks: { Ada: ["telegram:42", "slack:U1"] } }), "agent:main:direct:ada");
  assert.equal(key(direct, { identityLinks: { Ada: ["42"] } }), "agent:main:main", "the one session for all needs no name");
  assert.equal(key({ channel: "slack", peer: { kind: "channel", id: "C1" }, threadId: "9" }), "agent:main:slack:channel:c1:thread:9");
  assert.equal(key({ channel: "telegram", peer: { kind: "group", id: "-1" }, threadId: "7" }), "agent:main:telegram:group:-1:topic:7");
  assert.equal(key({ channel: "matrix", peer: { kind: "room", id: "!a" } }), "agent:main:matrix:room:!a");
  assert.equal(key({ channel: "x", peer: { kind: "group", id: "1" } }, { groupScope: "main" }), "agent:main:main");
  assert.equal(key({ channel: "x", peer: { kind: "group", id: "1:thread:2 \u202e" } }), "agent:main:x:group:1-thread-2-");
  assert.equal(key({ channel: "x", peer: { kind: "group", id: "  " } }), "agent:main:x:group:unknown");
});

test("a sender without a session goes to the bound agent's session; a named agent answers itself; a binding to nobody stops it "
  + "(S4.13)", () => {
  const sender: Sender = { channel: "telegram", peer: { kind: "direct", id: "42" } };
  const bindings: readonly Binding[] = [
    { agentId: "work", match: { channel: "telegram", peer: { kind: "direct", id: "42" } }, session: { dmScope: "per-peer" } },
    { agentId: "gone", match: { channel: "slack" } },
  ];
  const rules = { bindings, scopes: {} };
  assert.equal(routeInbound({ sender }, agents, rules).session.key, "agent:work:direct:42");
  assert.equal(routeInbound({ sender, agentId: "family" }, agents, rules).session.key, "agent:family:main");
  assert.equal(routeInbound({ sender: { channel: "irc" } }, agents, rules).session.key, "agent:main:main");
  assert.equal(routeInbound({ sender, sessionKey: "other" }, agents, rules).session.key, "agent:main:other");
  assert.throws(() => routeInbound({ sender: { channel: "slack" } }, agents, rules), (error) => hasCode(error, "UNKNOWN_AGENT_ID"));
});
