import { ProviderError } from "../provider";

export interface SpritesApiOptions {
  /** `https://api.sprites.dev`; another one only from machine settings and in tests. */
  baseUrl: string;
  /** The bearer token; null when none is stored. Asked for at each request, so that a new one counts at once. */
  token: () => Promise<string | null>;
}

interface RequestOptions {
  body?: unknown;
  /** Sent as it is, for file contents. */
  raw?: Uint8Array;
  /** Statuses that the caller handles, besides 2xx. */
  expect?: number[];
  signal: AbortSignal;
}

/** Attempts after a 429, and the longest wait for one, seconds. */
const RETRIES = 4;
const MAX_WAIT_SECONDS = 30;

/** The REST side of Sprites. Errors never carry the token or what was sent. */
export class SpritesApi {
  constructor(private readonly options: SpritesApiOptions) {}

  /** Sends a request; waits and tries again on 429 as `Retry-After` says. Throws `ProviderError` for every status not asked for. */
  async request(method: string, path: string, { body, raw, expect = [], signal }: RequestOptions): Promise<Response> {
    for (let attempt = 0; ; attempt++) {
      let response: Response;
      try {
        response = await fetch(new URL(path, this.options.baseUrl), {
          method,
          headers: { ...(await this.headers()), ...(body === undefined ? {} : { "content-type": "application/json" }) },
          body: body === undefined ? raw : JSON.stringify(body),
          signal,
        });
      } catch (error) {
        if (signal.aborted || error instanceof ProviderError) throw error;
        throw new ProviderError(
          "run/engine-unreachable",
          `Sprites cannot be reached at ${new URL(this.options.baseUrl).host}: ${causeOf(error)}.`,
          "Check the network connection and the proxy settings.",
        );
      }
      if (response.ok || expect.includes(response.status)) return response;
      if (response.status === 429 && attempt < RETRIES) {
        await response.body?.cancel();
        await pause(retryAfter(response), signal);
        continue;
      }
      throw await this.failure(method, path, response);
    }
  }

  async hasToken(): Promise<boolean> {
    return Boolean(await this.options.token());
  }

  /** `wss:` address and headers of an exec. */
  async socket(path: string): Promise<{ url: string; headers: Record<string, string> }> {
    const url = new URL(path, this.options.baseUrl);
    url.protocol = url.protocol === "http:" ? "ws:" : "wss:";
    return { url: url.href, headers: await this.headers() };
  }

  private async headers(): Promise<Record<string, string>> {
    const token = await this.options.token();
    if (!token) {
      throw new ProviderError(
        "run/token-missing",
        "There is no token for Sprites.",
        "Set SPRITES_TOKEN, or store one in the editor with 'mlld Env: Set Credential' under the name sprites.",
      );
    }
    return { authorization: `Bearer ${token}` };
  }

  private async failure(method: string, path: string, response: Response): Promise<ProviderError> {
    const text = (await response.text().catch(() => "")).slice(0, 2000);
    const what = `${method} ${path.split("?")[0]}`;
    if (response.status === 401 || response.status === 403) {
      return new ProviderError(
        "run/engine-denied",
        "Sprites refused the token.",
        "Store a valid token: it may have expired, or belong to another organisation.",
      );
    }
    return new ProviderError(
      "run/engine-failed",
      `Sprites answered ${response.status} to ${what}: ${messageOf(text) || response.statusText}`,
    );
  }
}

/** CRUD errors are JSON with `message` and `error`; checkpoint and policy errors are plain text. */
function messageOf(text: string): string {
  try {
    const { message, error } = JSON.parse(text) as { message?: unknown; error?: unknown };
    if (typeof message === "string") return message;
    if (typeof error === "string") return error;
  } catch {
    // Plain text.
  }
  return text.trim();
}

function retryAfter(response: Response): number {
  const seconds = Number(response.headers.get("retry-after"));
  return Number.isFinite(seconds) && seconds > 0 ? Math.min(seconds, MAX_WAIT_SECONDS) * 1000 : 1000;
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
