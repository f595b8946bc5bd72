import { type EnvironmentSpec, type OutputSink, ProviderError } from "../provider";
import type { SpritesApi } from "./api";
import { execute } from "./execute";
import { copyGrants } from "./files";
import { spritePath } from "./names";
import type { NetworkRule } from "./network";
import { recordOf, WORKDIR, writeRecord } from "./record";

/** The user of a sprite owns only their home folder, and may do more by sudo. */
const MAKE_FOLDER =
  'mkdir -p "$1" 2>/dev/null && [ -w "$1" ] || { sudo -n mkdir -p "$1" && sudo -n chown "$(id -u):$(id -g)" "$1"; }';

/** Makes an environment of a new sprite: whose it is, its network before anything runs, its work folder, its files. */
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
  await makeFolder(api, sprite, spec.workdir ?? WORKDIR, signal);
  await copyGrants(api, sprite, spec, signal);
  await writeRecord(api, sprite, recordOf(spec, spec.setUp ? "set-up" : "ready"), signal);
}

async function makeFolder(api: SpritesApi, sprite: string, path: string, signal: AbortSignal): Promise<void> {
  let said = "";
  const take = (chunk: Uint8Array) => {
    said += Buffer.from(chunk).toString("utf8");
  };
  const outcome = await execute(
    api,
    sprite,
    { argv: ["sh", "-c", MAKE_FOLDER, "sh", path], vars: {}, secrets: {} },
    { stdout: take, stderr: take },
    signal,
  );
  signal.throwIfAborted();
  if (outcome.kind === "exited" && outcome.exitCode === 0) return;
  const cause = outcome.kind === "lost" ? outcome.cause : said.trim() || "no reason was given";
  throw new ProviderError(
    "run/engine-failed",
    `The work folder ${path} could not be made in the sprite: ${cause}.`,
    "Set `workdir` to a folder below /home/sprite.",
  );
}
