import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { NodeCommandResult } from "@openclaw/protocol";

type Gpus = NodeCommandResult<"system.info">["gpus"];

const VENDORS: Readonly<Record<string, string>> = { "0x10de": "NVIDIA", "0x1002": "AMD", "0x8086": "Intel", "0x1af4": "virtio" };

/** The graphics processors the kernel knows, read from files: no program is started for it. `roots` only in tests. */
export async function listGpus(roots = { nvidia: "/proc/driver/nvidia/gpus", drm: "/sys/class/drm" }): Promise<Gpus> {
  const nvidia = await listNvidia(roots.nvidia);
  const others = await listDrm(roots.drm);
  // The driver's own list names the model; the kernel's would repeat the same cards without it.
  return [...nvidia, ...others.filter((gpu) => nvidia.length === 0 || !gpu.name.startsWith("NVIDIA"))];
}

async function listNvidia(root: string): Promise<Gpus> {
  const gpus: Gpus = [];
  for (const card of await names(root)) {
    const model = /^Model:\s*(.+)$/m.exec(await text(join(root, card, "information")))?.[1];
    if (model !== undefined) gpus.push({ name: model.trim() });
  }
  return gpus;
}

async function listDrm(root: string): Promise<Gpus> {
  const gpus: Gpus = [];
  for (const card of (await names(root)).filter((name) => /^card[0-9]+$/.test(name))) {
    const device = join(root, card, "device");
    const vendor = (await text(join(device, "vendor"))).trim();
    if (vendor === "") continue;
    const product = (await text(join(device, "product_name"))).trim() || `device ${(await text(join(device, "device"))).trim()}`;
    const memory = Number((await text(join(device, "mem_info_vram_total"))).trim());
    gpus.push({ name: `${VENDORS[vendor] ?? vendor} ${product}`, ...(memory > 0 ? { memoryTotalBytes: memory } : {}) });
  }
  return gpus;
}

async function names(directory: string): Promise<readonly string[]> {
  return (await readdir(directory).catch(() => [])).sort();
}

async function text(file: string): Promise<string> {
  return await readFile(file, "utf8").catch(() => "");
}
