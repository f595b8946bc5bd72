/** Pulls an image, with the progress of its layers. */
import type { Readable } from "node:stream";
import type Dockerode from "dockerode";
import { type OutputSink, ProviderError } from "../provider";
import { isUnreachable, messageOf, statusOf } from "./errors";

/** A pull without any news for so long has failed. */
const STALL_MS = 60_000;

/** True for what can be an image's name, tag, digest or id. */
export function isImageName(text: string): boolean {
  return /^[a-zA-Z0-9][a-zA-Z0-9._:/@-]*$/.test(text) && !text.includes("..");
}

/** True when the engine has the image. */
export async function hasImage(docker: Dockerode, image: string): Promise<boolean> {
  try {
    await docker.getImage(image).inspect();
    return true;
  } catch (error) {
    if (statusOf(error) === 404) return false;
    throw error;
  }
}

/** Pulls `image`. Throws `ProviderError` `run/image-missing` (no such image, no access) or `run/pull-failed`. */
export async function pullImage(
  docker: Dockerode,
  image: string,
  sink: OutputSink,
  signal: AbortSignal,
  stallMs = STALL_MS,
): Promise<void> {
  const stop = new AbortController();
  const stalled = () =>
    stop.abort(
      new ProviderError("run/pull-failed", `Pulling ${image} stalled: no news for ${stallMs / 1000} s.`, MEND),
    );
  const aborted = () => stop.abort(signal.reason);
  signal.addEventListener("abort", aborted, { once: true });
  let timer = setTimeout(stalled, stallMs);
  const layers = new LayerProgress();
  sink.progress?.(`Pulling ${image}`);
  let stream: Readable | undefined;
  try {
    signal.throwIfAborted();
    // Without a tag the engine would pull every tag there is.
    const reference = /[:@][^/]*$/.test(image) ? image : `${image}:latest`;
    stream = (await docker.createImage({ fromImage: reference, abortSignal: stop.signal })) as Readable;
    for await (const line of jsonLines(stream)) {
      clearTimeout(timer);
      timer = setTimeout(stalled, stallMs);
      // A failure in the middle is a line of an answer that began with 200.
      if (line.error !== undefined) throw new Error(line.errorDetail?.message ?? line.error);
      const news = layers.add(line);
      if (news) sink.progress?.(`Pulling ${image}: ${news.text}`, news.percent);
    }
    if (stop.signal.aborted) throw stop.signal.reason;
  } catch (error) {
    if (stop.signal.aborted) throw stop.signal.reason;
    throw pullError(image, error);
  } finally {
    clearTimeout(timer);
    signal.removeEventListener("abort", aborted);
    stream?.destroy();
  }
}

const MEND = "Check the network and try again, or pull it yourself (`docker pull`).";

function pullError(image: string, error: unknown): ProviderError {
  if (error instanceof ProviderError) return error;
  const message = messageOf(error);
  // Old engines answer 500 to what newer ones answer 404.
  if (statusOf(error) === 404 || /not found|manifest unknown|does not exist|denied|unauthorized/i.test(message)) {
    return new ProviderError(
      "run/image-missing",
      `The image ${image} is not on this machine and cannot be pulled: ${message}.`,
      "Check its name; for a private image log in first (`docker login`) and pull it yourself (`docker pull`).",
    );
  }
  if (isUnreachable(error) && statusOf(error) === undefined) {
    return new ProviderError("run/pull-failed", `Pulling ${image} broke off: ${message}.`, MEND);
  }
  return new ProviderError(
    "run/pull-failed",
    `The image ${image} is not on this machine, and pulling it failed: ${message}.`,
    MEND,
  );
}

interface PullLine {
  id?: string;
  status?: string;
  progressDetail?: { current?: number; total?: number };
  error?: string;
  errorDetail?: { message?: string };
  stream?: string;
  aux?: { ID?: string };
}

/** The objects of a stream of JSON lines, however its chunks are cut. */
export async function* jsonLines(stream: Readable): AsyncGenerator<PullLine> {
  const decoder = new TextDecoder();
  let text = "";
  for await (const chunk of stream) {
    text += decoder.decode(chunk as Buffer, { stream: true });
    const lines = text.split("\n");
    text = lines.pop() ?? "";
    for (const line of lines) if (line.trim()) yield JSON.parse(line);
  }
  if (text.trim()) yield JSON.parse(text);
}

/** Sums the layers up to one line; news at most at every whole percent or finished layer. */
class LayerProgress {
  readonly #layers = new Map<string, { current: number; total: number; done: boolean }>();
  #last = "";

  add({ id, status, progressDetail }: PullLine): { text: string; percent?: number } | null {
    if (!id || !status || /^Pulling from/.test(status)) return null;
    const layer = this.#layers.get(id) ?? { current: 0, total: 0, done: false };
    this.#layers.set(id, layer);
    if (status === "Downloading" && progressDetail?.total) {
      layer.current = progressDetail.current ?? 0;
      layer.total = progressDetail.total;
    }
    if (/^(Pull complete|Already exists|Download complete)$/.test(status)) {
      layer.current = layer.total;
      layer.done = layer.done || status !== "Download complete";
    }
    const all = [...this.#layers.values()];
    const total = all.reduce((sum, l) => sum + l.total, 0);
    const current = all.reduce((sum, l) => sum + l.current, 0);
    const done = all.filter(l => l.done).length;
    const percent = total > 0 ? Math.floor((100 * current) / total) : undefined;
    const text = `${done} of ${all.length} layers${total > 0 ? `, ${megabytes(current)} of ${megabytes(total)} MB` : ""}`;
    const key = `${done}/${all.length} ${percent}`;
    if (key === this.#last) return null;
    this.#last = key;
    return { text, percent };
  }
}

function megabytes(bytes: number): string {
  return (bytes / 1e6).toFixed(1);
}
