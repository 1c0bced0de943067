/** A live systemd, in a machine of its own: what a person does with `openclaw service`, and what is left when they leave. */
import assert from "node:assert/strict";
import { test } from "node:test";
import { PROGRAM_ROOT } from "@openclaw/testkit/real-gateway";
import { needs } from "@openclaw/testkit/skip";
import { openSystemdBox, type SystemdBox } from "@openclaw/testkit/systemd-box";

/** Systemd's own measure of how much is open: 0 nothing, 10 everything. */
const EXPOSURE_MAX = 3.0;
/** Where anything of ours could be left: names, types and where links lead. */
const PLACES = "~anna ~root/.config /etc/systemd /var/cache /var/lib/systemd /tmp";

test("as a service of a live systemd, a person's and the machine's, it starts confined, is closed by systemd's measure, comes back when it "
  + "is killed, and leaves nothing (S3.2, S3.13)", needs("systemd-box"), async (t) => {
  const box = await openSystemdBox(PROGRAM_ROOT);
  t.after(() => box.dispose());
  box.addUser("anna");
  const as = "anna";
  const before = listing(box);

  assert.match(box.run("openclaw service install", { as }), /openclaw\.service runs/);
  confined(logged(box, "openclaw service logs", as));
  assert.match(box.run("openclaw agent --message 'How busy is this machine?'", { as }), /exec {2}local.*exit 0/s);
  assert.ok(exposure(box.run("systemd-analyze --user security --no-pager openclaw.service", { as })) <= EXPOSURE_MAX);
  assert.match(box.run("openclaw service uninstall --yes", { as }), /is gone/);
  assert.match(box.run("openclaw service status", { as, code: 1 }), /not installed/);
  box.run("openclaw uninstall --yes", { as });
  assert.deepEqual(listing(box), before, "of a person's service nothing is left");

  assert.match(box.run("openclaw service install --system --user anna"), /starts again with the machine/);
  confined(logged(box, "openclaw service logs --system"));
  assert.ok(exposure(box.run("systemd-analyze security --no-pager openclaw.service")) <= EXPOSURE_MAX);
  box.run("kill -9 $(systemctl show -P MainPID openclaw); until [ $(systemctl show -P NRestarts openclaw) = 1 ]; do sleep 0.1; done");
  box.run("until systemctl is-active -q openclaw; do sleep 0.1; done");
  assert.match(box.run("openclaw service status --system"), /active, enabled[\s\S]*Restarts +1/);
  box.run("openclaw status", { as });
  box.run("openclaw service uninstall --system --yes");
  box.run("openclaw uninstall --yes", { as });
  assert.deepEqual(listing(box), before, "of the machine's service nothing is left");
  assert.equal(box.run("pgrep -f '[c]ore/app' || true"), "", "and no process, the nodes neither");
});

/** The journal has a line some time after it was written, and the banner comes when the local node is up. */
function logged(box: SystemdBox, command: string, as = "root"): string {
  return box.run(`until ${command} | grep 'Local node'; do sleep 0.2; done`, { as });
}

function confined(log: string): void {
  assert.match(log, /Local node +✓ local +confined by bubblewrap/);
}

function exposure(said: string): number {
  return Number(/Overall exposure level for .*: ([\d.]+)/.exec(said)?.[1] ?? NaN);
}

function listing(box: SystemdBox): readonly string[] {
  return box.run(`find ${PLACES} -not -path '/tmp/systemd-private*' -printf '%y %p %l\n' 2>/dev/null | sort; true`).split("\n");
}
