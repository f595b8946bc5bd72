import type { EnvironmentSpec } from "../provider";
import type { SpritesApi } from "./api";
import { spritePath } from "./names";

/** What we keep in a sprite, in place of labels: a sprite without it is not ours. */
export interface SpriteRecord {
  name: string;
  anonymous: boolean;
  configHash: string;
  workspace: string;
  file: string;
  createdAt: string;
}

const PATH = "/var/lib/mlld-env/environment.json";

export function recordOf(spec: EnvironmentSpec): SpriteRecord {
  return {
    name: spec.name ?? spec.generatedName,
    anonymous: spec.name === undefined,
    configHash: spec.configHash,
    workspace: spec.workspace,
    file: spec.file,
    createdAt: new Date().toISOString(),
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
  const response = await api.request(
    "GET",
    spritePath(sprite, `/fs/read?${new URLSearchParams({ path: PATH, workingDir: "/" })}`),
    {
      // 500 is what the service answers while the file system of a new sprite is not there yet.
      expect: [404, 500],
      signal,
    },
  );
  const text = await response.text();
  if (!response.ok) return null;
  try {
    const record = JSON.parse(text) as Partial<SpriteRecord>;
    return typeof record.name === "string" && typeof record.configHash === "string" ? (record as SpriteRecord) : null;
  } catch {
    return null;
  }
}

export async function writeFile(
  api: SpritesApi,
  sprite: string,
  path: string,
  mode: string,
  content: Uint8Array,
  signal: AbortSignal,
): Promise<void> {
  const query = new URLSearchParams({ path, workingDir: "/", mode, mkdir: "true" });
  await api.request("PUT", spritePath(sprite, `/fs/write?${query}`), { raw: content, signal });
}
