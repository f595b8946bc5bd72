import type { SnapshotInfo } from "../../../protocol/explorer";
import { ProviderError } from "../provider";
import { type SpritesApi, WAKE_MS } from "./api";
import { spritePath } from "./names";

interface Line {
  type?: string;
  data?: string;
  error?: string;
  message?: string;
}

/** Saves the state of a sprite and gives the id of the checkpoint (`v3`). */
export async function createCheckpoint(
  api: SpritesApi,
  sprite: string,
  comment: string,
  signal: AbortSignal,
): Promise<string> {
  const complete = await stream(api, sprite, "/checkpoint", { comment }, signal);
  const id = /\bv\d+\b/.exec(complete.data ?? complete.message ?? "")?.[0];
  if (!id) throw new ProviderError("run/snapshot-failed", "Sprites reported a checkpoint without its id.");
  return id;
}

/** Puts a sprite back to a checkpoint of its own. Its processes end. */
export async function restoreCheckpoint(
  api: SpritesApi,
  sprite: string,
  id: string,
  signal: AbortSignal,
): Promise<void> {
  await stream(api, sprite, `/checkpoints/${encodeURIComponent(id)}/restore`, undefined, signal);
}

interface Listed {
  id?: unknown;
  create_time?: unknown;
  comment?: unknown;
}

/** The checkpoints of a sprite, newest first; `environment` is what ours calls it. None for a sprite that is not there. */
export async function listCheckpoints(
  api: SpritesApi,
  sprite: string,
  environment: string,
  signal: AbortSignal,
): Promise<SnapshotInfo[]> {
  const { ok, text } = await api.request("GET", spritePath(sprite, "/checkpoints"), { expect: [404], signal });
  if (!ok) return [];
  const listed = JSON.parse(text) as Listed[] | null;
  return (listed ?? [])
    .flatMap(({ id, create_time, comment }) =>
      // `Current` is the state now, which is no checkpoint.
      typeof id === "string" && /^v\d+$/.test(id)
        ? [
            {
              ref: id,
              name: typeof comment === "string" && comment !== "" ? comment : id,
              environment,
              createdAt: typeof create_time === "string" ? create_time : "",
            },
          ]
        : [],
    )
    .sort((a, b) => Number(b.ref.slice(1)) - Number(a.ref.slice(1)));
}

/** JSON lines under status 200: an error is a line too, and a stream without a `complete` line has failed. */
async function stream(
  api: SpritesApi,
  sprite: string,
  path: string,
  body: unknown,
  signal: AbortSignal,
): Promise<Line> {
  const options = { body, patienceMs: WAKE_MS, streamed: true, signal };
  const { text } = await api.request("POST", spritePath(sprite, path), options);
  let complete: Line | undefined;
  for (const source of text.split("\n")) {
    if (!source.trim()) continue;
    let line: Line;
    try {
      line = JSON.parse(source) as Line;
    } catch {
      // The last line of a stream that was cut.
      continue;
    }
    if (line.type === "error") {
      throw new ProviderError(
        "run/snapshot-failed",
        `Sprites could not do it: ${line.error ?? line.data ?? line.message ?? "no reason was given"}.`,
      );
    }
    if (line.type === "complete") complete = line;
  }
  if (!complete) {
    throw new ProviderError(
      "run/snapshot-failed",
      "The connection ended before Sprites said that it was done.",
      "Try again; the checkpoint may or may not exist.",
    );
  }
  return complete;
}
