import {
  type Environment,
  type EnvironmentInfo,
  type EnvironmentSpec,
  type OutputSink,
  type Provider,
  ProviderError,
  type SnapshotRef,
} from "../provider";
import { pause, SpritesApi, type SpritesApiOptions } from "./api";
import { createCheckpoint, restoreCheckpoint } from "./checkpoints";
import { execute } from "./execute";
import { checkGrants, copyGrants, WORKDIR } from "./files";
import { PREFIX, spriteName, spritePath } from "./names";
import { networkRules } from "./network";
import { readRecord, recordOf, type SpriteRecord, writeRecord } from "./record";

const REF = "@mlld/env-sprites";
/** How long a sprite that another caller is just creating may take to get its record, ms. */
const RECORD_WAIT_MS = 15_000;
const RECORD_POLL_MS = 250;

interface Sprite {
  name: string;
  status?: string;
  created_at?: string;
  updated_at?: string;
}

/** Environments in Sprites, over REST and WebSocket. Not yet run against the live service: tested against a fake of it. */
export function createSpritesProvider(options: SpritesApiOptions): Provider {
  return new SpritesProvider(new SpritesApi(options), new URL(options.baseUrl).host);
}

class SpritesProvider implements Provider {
  readonly ref = REF;

  constructor(
    private readonly api: SpritesApi,
    private readonly host: string,
  ) {}

  async open(spec: EnvironmentSpec, sink: OutputSink, signal: AbortSignal): Promise<Environment> {
    checkGrants(spec);
    const rules = networkRules(spec.net);
    const name = spec.name ?? spec.generatedName;
    const sprite = spriteName(name);
    const created = !(await this.exists(sprite, signal)) && (await this.create(sprite, signal));
    if (created) {
      if (spec.from) {
        await this.delete(sprite, signal);
        throw new ProviderError(
          "run/snapshot-missing",
          `There is no sprite '${name}' that '${spec.from}' could be restored in.`,
          "A checkpoint of Sprites can be restored only in the sprite it was made of: set `name` to that one.",
        );
      }
      try {
        if (rules) await this.api.request("POST", spritePath(sprite, "/policy/network"), { body: { rules }, signal });
        if (spec.net.kind === "allow")
          sink.progress?.("Sprites filters the network by name: the ports of an allowed host are all open.");
        await copyGrants(this.api, sprite, spec, signal);
        // Last: a sprite with a record is ready.
        await writeRecord(this.api, sprite, recordOf(spec), signal);
      } catch (error) {
        // Half made is not made; also when the run was cancelled meanwhile.
        await this.delete(sprite, AbortSignal.timeout(10_000));
        throw error;
      }
    } else {
      this.claim(name, await this.waitForRecord(sprite, signal), spec);
      if (spec.from) await restoreCheckpoint(this.api, sprite, spec.from, signal);
    }
    return this.environment(name, sprite, created, spec.workdir ?? WORKDIR, spec.limits.timeoutMs);
  }

  async list(signal: AbortSignal): Promise<EnvironmentInfo[]> {
    // Who has no token has nothing there, and looking is no fault.
    if (!(await this.api.hasToken())) return [];
    const sprites: Sprite[] = [];
    let token: string | undefined;
    do {
      const query = new URLSearchParams({
        prefix: PREFIX,
        max_results: "50",
        ...(token ? { continuation_token: token } : {}),
      });
      const page = (await (await this.api.request("GET", `/v1/sprites?${query}`, { signal })).json()) as {
        sprites?: Sprite[];
        has_more?: boolean;
        next_continuation_token?: string;
      };
      sprites.push(...(page.sprites ?? []).filter(sprite => sprite.name.startsWith(PREFIX)));
      token = page.has_more ? page.next_continuation_token : undefined;
    } while (token);
    return Promise.all(
      sprites.map(async sprite => {
        const running = sprite.status === "running";
        // Reading a file would wake a sleeping sprite.
        const record = running ? await readRecord(this.api, sprite.name, signal) : null;
        return {
          name: record?.name ?? sprite.name.slice(PREFIX.length),
          provider: REF,
          state: running ? "running" : "stopped",
          image: "",
          engine: this.host,
          workspace: record?.workspace ?? "",
          file: record?.file ?? "",
          // A checkpoint can be put back by its id on the command line; the service lists none.
          abilities: running ? ["shell", "snapshot"] : [],
          createdAt: sprite.created_at ?? sprite.updated_at ?? "",
        } satisfies EnvironmentInfo;
      }),
    );
  }

  async attach(name: string, signal: AbortSignal): Promise<Environment | null> {
    if (!(await this.api.hasToken())) return null;
    const sprite = spriteName(name);
    if (!(await this.exists(sprite, signal)) || !(await readRecord(this.api, sprite, signal))) return null;
    return this.environment(name, sprite, false, WORKDIR, undefined);
  }

  async remove(name: string, signal: AbortSignal): Promise<boolean> {
    return (await this.api.hasToken()) && this.delete(spriteName(name), signal);
  }

  private environment(
    name: string,
    sprite: string,
    created: boolean,
    workdir: string,
    timeoutMs: number | undefined,
  ): Environment {
    const { api } = this;
    return {
      name,
      created,
      execute: (command, sink, signal) => execute(api, sprite, { cwd: workdir, timeoutMs, ...command }, sink, signal),
      snapshot: async (comment, signal): Promise<SnapshotRef> => ({
        ref: await createCheckpoint(api, sprite, comment, signal),
      }),
      release: async signal => {
        await this.delete(sprite, signal);
      },
      // Nothing of this process stays in a sprite: each command has its own connection.
      detach: async () => {},
    };
  }

  private async exists(sprite: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.api.request("GET", spritePath(sprite), { expect: [404], signal });
    await response.body?.cancel();
    return response.ok;
  }

  /** False when another caller was first. */
  private async create(sprite: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.api.request("POST", "/v1/sprites", {
      body: { name: sprite },
      expect: [400, 409, 422],
      signal,
    });
    const text = await response.text();
    if (response.ok) return true;
    if (await this.exists(sprite, signal)) return false;
    throw new ProviderError("run/engine-failed", `Sprites would not create '${sprite}': ${text.slice(0, 500)}`);
  }

  private async delete(sprite: string, signal: AbortSignal): Promise<boolean> {
    const response = await this.api.request("DELETE", spritePath(sprite), { expect: [404], signal });
    await response.body?.cancel();
    return response.status !== 404;
  }

  private async waitForRecord(sprite: string, signal: AbortSignal): Promise<SpriteRecord | null> {
    const end = Date.now() + RECORD_WAIT_MS;
    for (;;) {
      const record = await readRecord(this.api, sprite, signal);
      if (record || Date.now() > end) return record;
      await pause(RECORD_POLL_MS, signal);
    }
  }

  /** A sprite of that name that is not ours, or was made from another config, is an error and never a reuse. */
  private claim(name: string, record: SpriteRecord | null, spec: EnvironmentSpec): void {
    if (!record) {
      throw new ProviderError(
        "run/name-taken",
        `The sprite '${spriteName(name)}' was not made by mlld-env.`,
        "Give the environment another name, or delete that sprite.",
      );
    }
    if (record.configHash !== spec.configHash) {
      throw new ProviderError(
        "run/config-drift",
        `The environment '${name}' exists with another configuration.`,
        `Release it first (mlld-env release ${name}), or give this one another name.`,
      );
    }
  }
}
