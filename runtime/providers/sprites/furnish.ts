import { type EnvironmentSpec, type OutputSink, ProviderError } from "../provider";
import type { SpritesApi } from "./api";
import { execute } from "./execute";
import { copyGrants } from "./files";
import { spritePath } from "./names";
import type { NetworkRule } from "./network";
import { recordOf, WORKDIR, writeRecord } from "./record";

/** The user of a sprite owns only their home folder, and may do more by sudo. */
const MAKE_FOLDERS = `for folder; do
  mkdir -p "$folder" 2>/dev/null && [ -w "$folder" ] ||
    { sudo -n mkdir -p "$folder" && sudo -n chown "$(id -u):$(id -g)" "$folder"; } || exit 1
done`;

/** Makes an environment of a new sprite: whose it is, its network before anything runs, its folders, its files. */
export async function furnish(
  api: SpritesApi,
  sprite: string,
  spec: EnvironmentSpec,
  rules: NetworkRule[] | null,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<void> {
  await writeRecord(api, sprite, recordOf(spec, "making"), signal);
  if (rules) await api.request("POST", spritePath(sprite, "/policy/network"), { body: { rules }, signal });
  if (spec.net.kind === "allow")
    sink.progress?.("Sprites filters the network by name: the ports of an allowed host are all open.");
  await makeFolders(api, sprite, [spec.workdir ?? WORKDIR, ...spec.fs.scratch], signal);
  await copyGrants(api, sprite, spec, signal);
  await writeRecord(api, sprite, recordOf(spec, spec.setUp ? "set-up" : "ready"), signal);
}

async function makeFolders(api: SpritesApi, sprite: string, paths: string[], signal: AbortSignal): Promise<void> {
  let said = "";
  const take = (chunk: Uint8Array) => {
    said += Buffer.from(chunk).toString("utf8");
  };
  const outcome = await execute(
    api,
    sprite,
    { argv: ["sh", "-c", MAKE_FOLDERS, "sh", ...paths], vars: {}, secrets: {} },
    { stdout: take, stderr: take },
    signal,
  );
  signal.throwIfAborted();
  if (outcome.kind === "exited" && outcome.exitCode === 0) return;
  const cause = outcome.kind === "lost" ? outcome.cause : said.trim() || "no reason was given";
  throw new ProviderError(
    "run/engine-failed",
    `The folders ${paths.join(", ")} could not be made in the sprite: ${cause}.`,
    "Set `workdir`, and absolute paths in `fs.write`, to folders below /home/sprite.",
  );
}
