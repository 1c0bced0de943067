#!/bin/sh
# A fresh home for one cold start, for a harness that starts gateways from a target file: the model is the harness's own,
# on MODEL_PORT, and programs on the confined local node run unasked, as they do in the gateway it is compared with.
# Needs OPENCLAW_DIR, the clone, and HOME below its .cache, which is emptied.
set -eu
case "$HOME" in
  "${OPENCLAW_DIR:?}"/.cache/bench-target/*) ;;
  *) echo "HOME must lie in $OPENCLAW_DIR/.cache/bench-target" >&2; exit 2 ;;
esac
rm -rf "$HOME" "$OPENCLAW_DIR/.cache/bench-target/node-home"
mkdir -p "$HOME/.openclaw" "$OPENCLAW_DIR/.cache/bench-target/node-home"
chmod 700 "$HOME/.openclaw"
umask 077
cat >"$HOME/.openclaw/openclaw.json" <<CONFIG
{
  agents: { defaults: { model: "bench/bench-model" } },
  models: {
    providers: {
      bench: { use: "openai-compatible", baseUrl: "http://127.0.0.1:${MODEL_PORT:-18999}/v1", models: [{ id: "bench-model" }] },
    },
  },
  tools: { exec: { yesLocal: true } },
}
CONFIG
