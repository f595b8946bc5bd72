/** Builds an image from a Dockerfile. */
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import { type OutputSink, ProviderError } from "../provider";
import { messageOf } from "./errors";
import { LABEL } from "./labels";
import { jsonLines } from "./pull";
import { replacingImage } from "./replaced-image";

/**
 * Builds `path` (a Dockerfile or its folder) and gives the image's id. The engine's cache makes an unchanged build quick. Its output goes
 * to the sink's progress. Throws `ProviderError`.
 */
export async function buildImage(
  docker: Dockerode,
  path: string,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<string> {
  const dockerfile = dockerfileOf(path);
  const tag = `mlld-env-build:${createHash("sha256").update(dockerfile).digest("hex").slice(0, 16)}`;
  return replacingImage(docker, tag, () => build(docker, dockerfile, tag, sink, signal));
}

async function build(
  docker: Dockerode,
  dockerfile: string,
  tag: string,
  sink: OutputSink,
  signal: AbortSignal,
): Promise<string> {
  const context = dirname(dockerfile);
  const output: string[] = [];
  let id: string | undefined;
  try {
    const options = {
      t: tag,
      dockerfile: basename(dockerfile),
      rm: true,
      forcerm: true,
      labels: { [LABEL.build]: dockerfile },
      abortSignal: signal,
    };
    const stream = await docker.buildImage({ context, src: readdirSync(context) }, options);
    for await (const line of jsonLines(stream as Readable)) {
      if (line.error !== undefined) throw new Error(line.errorDetail?.message ?? line.error);
      id = line.aux?.ID ?? id;
      const text = line.stream?.trimEnd() ?? (line.status && line.id ? `${line.id}: ${line.status}` : "");
      if (!text) continue;
      output.push(text);
      sink.progress?.(`Building ${dockerfile}: ${text}`);
    }
  } catch (error) {
    if (signal.aborted) throw signal.reason;
    const last = output.slice(-5).join("\n");
    throw new ProviderError(
      "run/build-failed",
      `Building ${dockerfile} failed: ${messageOf(error)}.${last ? `\n${last}` : ""}`,
    );
  }
  return id ?? tag;
}

function dockerfileOf(path: string): string {
  const file = statSync(path, { throwIfNoEntry: false })?.isDirectory() ? join(path, "Dockerfile") : path;
  try {
    readFileSync(file);
    return file;
  } catch (error) {
    throw new ProviderError(
      "run/build-failed",
      `\`build\` names ${path}, but ${file} cannot be read: ${(error as Error).message}.`,
    );
  }
}
