import { identityOf, type ProcessIdentity } from "../../environments/process-identity";
import { type EnvironmentSpec, ProviderError } from "../provider";
import { type SpritesApi, WAKE_MS } from "./api";
import { spritePath } from "./names";

/** What we keep in a sprite, in place of labels: a sprite without it is not ours. */
export interface SpriteRecord {
  name: string;
  anonymous: boolean;
  /** `making` until its grants are there, `set-up` until its set-up has run. */
  state: "making" | "set-up" | "ready";
  configHash: string;
  workdir: string;
  workspace: string;
  file: string;
  line?: number;
  tools?: string[];
  net: string | string[];
  createdAt: string;
  /** The process that made it, so that what it left half made is known for that. */
  owner: ProcessIdentity | null;
}

/** Where a sprite has room for work unless `workdir` says otherwise. */
export const WORKDIR = "/workspace";
/** In the home folder of a sprite's user, who may write there. */
const PATH = "/home/sprite/.mlld-env/environment.json";

export function recordOf(spec: EnvironmentSpec, state: SpriteRecord["state"]): SpriteRecord {
  const { net } = spec;
  return {
    name: spec.name ?? spec.generatedName,
    anonymous: spec.name === undefined,
    state,
    configHash: spec.configHash,
    workdir: spec.workdir ?? WORKDIR,
    workspace: spec.workspace,
    file: spec.file,
    ...(spec.line !== undefined && { line: spec.line }),
    ...(spec.tools !== undefined && { tools: spec.tools }),
    net: net.kind === "allow" ? net.items.map(({ host }) => host) : net.kind === "default" ? "bridge" : net.kind,
    createdAt: new Date().toISOString(),
    owner: identityOf(process.pid),
  };
}

export async function writeRecord(
  api: SpritesApi,
  sprite: string,
  record: SpriteRecord,
  signal: AbortSignal,
): Promise<void> {
  await writeFile(api, sprite, PATH, "0644", Buffer.from(JSON.stringify(record)), signal);
}

/** The record of a sprite; null when it has none, or none that can be read. */
export async function readRecord(api: SpritesApi, sprite: string, signal: AbortSignal): Promise<SpriteRecord | null> {
  const { ok, text } = await api.request(
    "GET",
    spritePath(sprite, `/fs/read?${new URLSearchParams({ path: PATH, workingDir: "/" })}`),
    // 500 is also what the service answers for a file that it cannot read.
    { expect: [404, 500], signal },
  );
  if (!ok) return null;
  try {
    const record = JSON.parse(text) as Partial<SpriteRecord>;
    return typeof record.name === "string" && typeof record.configHash === "string" ? (record as SpriteRecord) : null;
  } catch {
    return null;
  }
}

/** Writes a file with the folders above it. Throws `run/lost` where the sprite is gone. */
export async function writeFile(
  api: SpritesApi,
  sprite: string,
  path: string,
  mode: string,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  // The documentation and the service's own library call the last one differently.
  const query = new URLSearchParams({ path, workingDir: "/", mode, mkdir: "true", mkdirParents: "true" });
  const options = { raw: content, expect: [404], patienceMs: WAKE_MS, signal };
  const { ok } = await api.request("PUT", spritePath(sprite, `/fs/write?${query}`), options);
  if (!ok) throw new ProviderError("run/lost", "The environment was lost: the sprite is gone.");
}
