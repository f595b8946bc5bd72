import { ProviderError } from "../provider";

export interface SpritesApiOptions {
  /** `https://api.sprites.dev`; another one only from machine settings and in tests. */
  baseUrl: string;
  /** The bearer token; null when none is stored. Asked for at each request, so that a new one counts at once. */
  token: () => Promise<string | null>;
  /** How often a connection is asked whether it is still there, and for how long it may say nothing, milliseconds. */
  pingMs?: number;
  silenceMs?: number;
  /** How long the answer to a request may take, milliseconds. */
  answerMs?: number;
}

/** An answer, read to its end. */
interface Answer {
  ok: boolean;
  status: number;
  text: string;
}

interface RequestOptions {
  body?: unknown;
  /** Sent as it is, for file contents. */
  raw?: Uint8Array;
  /** Statuses that the caller handles, besides 2xx. */
  expect?: number[];
  /** For so long a service that is not ready (5xx) is asked again, milliseconds: a sprite that wakes up, or was just made. */
  patienceMs?: number;
  /** The answer comes line by line, takes as long as it takes, and may be cut, which its reader sees. */
  streamed?: boolean;
  signal: AbortSignal;
}

/** Attempts after a 429, and the longest wait for one, seconds. */
export const RETRIES = 4;
const MAX_WAIT_SECONDS = 30;
export const NOT_READY = [500, 502, 503, 504];
export const NOT_READY_PAUSE_MS = 250;
/** How long a sprite may take to wake up, or to be ready after it was made, milliseconds. */
export const WAKE_MS = 30_000;
const ANSWER_MS = 60_000;
/** What is sent takes at most so long for it, bytes a millisecond. */
const SLOWEST_UPLOAD = 50;

/** The REST side of Sprites. Errors never carry the token or what was sent. */
export class SpritesApi {
  constructor(private readonly options: SpritesApiOptions) {}

  /** Sends a request; waits and tries again on 429 as `Retry-After` says. Throws `ProviderError` for every status not asked for. */
  async request(
    method: string,
    path: string,
    { body, raw, expect = [], patienceMs = 0, streamed = false, signal }: RequestOptions,
  ): Promise<Answer> {
    const end = Date.now() + patienceMs;
    const { baseUrl, answerMs = ANSWER_MS } = this.options;
    const limitMs = answerMs + Math.round((raw?.length ?? 0) / SLOWEST_UPLOAD);
    let limited = 0;
    for (;;) {
      let response: Response;
      let text: string;
      const late = AbortSignal.timeout(limitMs);
      try {
        response = await fetch(new URL(path, baseUrl), {
          method,
          headers: { ...(await this.headers()), ...(body === undefined ? {} : { "content-type": "application/json" }) },
          body: body === undefined ? raw : JSON.stringify(body),
          signal: streamed ? signal : AbortSignal.any([signal, late]),
        });
        text = await response.text().catch(error => {
          if (streamed && !signal.aborted) return "";
          throw error;
        });
      } catch (error) {
        if (signal.aborted || error instanceof ProviderError) throw error;
        const cause = late.aborted ? `no answer in ${Math.round(limitMs / 1000)} s` : causeOf(error);
        throw new ProviderError(
          "run/engine-unreachable",
          `Sprites cannot be reached at ${new URL(baseUrl).host}: ${cause}.`,
          "Check the network connection and the proxy settings.",
        );
      }
      const { ok, status, headers } = response;
      if (ok || expect.includes(status)) return { ok, status, text };
      if (status === 429 && limited++ < RETRIES) await pause(retryAfter(headers.get("retry-after")), signal);
      else if (NOT_READY.includes(status) && Date.now() < end) await pause(NOT_READY_PAUSE_MS, signal);
      else {
        const message = messageOf(text.slice(0, 2000)) || response.statusText;
        throw statusError(`${method} ${path.split("?")[0]}`, status, message);
      }
    }
  }

  /** `wss:` address and headers of an exec, and how its connection is watched. */
  async socket(
    path: string,
  ): Promise<{ url: string; headers: Record<string, string>; pingMs: number; silenceMs: number }> {
    const url = new URL(path, this.options.baseUrl);
    url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
    const { pingMs = 15_000, silenceMs = 45_000 } = this.options;
    return { url: url.href, headers: await this.headers(), pingMs, silenceMs };
  }

  private async headers(): Promise<Record<string, string>> {
    const token = await this.options.token();
    if (!token) {
      throw new ProviderError(
        "run/token-missing",
        "There is no token for Sprites.",
        "Set SPRITES_TOKEN, or store one in the editor with 'Set Credential' under the name sprites.",
      );
    }
    return { authorization: `Bearer ${token}` };
  }
}

/** What a status that was not asked for means. `what` says of which request. */
export function statusError(what: string, status: number, message: string): ProviderError {
  if (status === 401 || status === 403) {
    return new ProviderError(
      "run/engine-denied",
      "Sprites refused the token.",
      "Store a valid token: it may have expired, or belong to another organisation.",
    );
  }
  if (status === 429) {
    return new ProviderError(
      "run/engine-busy",
      `Sprites takes no more requests for now: ${message || "too many"}.`,
      "Try again later; sprites that are no longer needed can be released (mlld-env ls, mlld-env release).",
    );
  }
  return new ProviderError("run/engine-failed", `Sprites answered ${status} to ${what}: ${message}`);
}

/** CRUD errors are JSON with `message` and `error`; checkpoint and policy errors are plain text. */
export function messageOf(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
    if (typeof message === "string") return message;
    if (typeof error === "string") return error;
  } catch {
    // Plain text.
  }
  return text.trim();
}

/** Seconds, or a date, as a wait in milliseconds. */
export function retryAfter(header: string | null | undefined): number {
  const seconds = Number(header ?? Number.NaN);
  const wait = Number.isFinite(seconds) ? seconds : (Date.parse(header ?? "") - Date.now()) / 1000;
  return wait > 0 ? Math.min(wait, MAX_WAIT_SECONDS) * 1000 : 1000;
}

/** Waits; rejects with the signal's reason when it aborts. */
export function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const aborted = (): void => {
      clearTimeout(timer);
      reject(signal.reason);
    };
    const timer = setTimeout(() => {
      signal.removeEventListener("abort", aborted);
      resolve();
    }, milliseconds);
    if (signal.aborted) aborted();
    else signal.addEventListener("abort", aborted, { once: true });
  });
}

function causeOf(error: unknown): string {
  const cause = (error as { cause?: { message?: string } }).cause;
  return cause?.message ?? (error as Error).message;
}
