/** The Sprites backend: environments are sprites of ours, over REST and WebSocket. */
import type { EnvironmentDetails, SnapshotInfo } from "../../../protocol/explorer";
import { stateOf } from "../../environments/process-identity";
import {
  type Environment,
  type EnvironmentInfo,
  type EnvironmentSpec,
  type OutputSink,
  type Provider,
  ProviderError,
  type SnapshotRef,
} from "../provider";
import { pause, SpritesApi, type SpritesApiOptions, WAKE_MS } from "./api";
import { createCheckpoint, listCheckpoints, restoreCheckpoint } from "./checkpoints";
import { execute } from "./execute";
import { checkGrants } from "./files";
import { furnish } from "./furnish";
import { isGenerated, PREFIX, spriteName, spritePath } from "./names";
import { networkRules } from "./network";
import { readRecord, recordOf, type SpriteRecord, WORKDIR, writeRecord } from "./record";

const REF = "@mlld/env-sprites";
/** How long a sprite that another caller is just creating may take to get its record, ms. */
const RECORD_WAIT_MS = 15_000;
/** How long another caller may take to make it and to set it up, ms. */
const READY_WAIT_MS = 30 * 60_000;
const POLL_MS = 250;
const TIDY_MS = 10_000;
/** How long a service that is not ready is asked again to delete a sprite, ms. */
const DELETE_MS = 3_000;
/** Of a terminal that nobody looks at. */
const TERMINAL = { columns: 80, rows: 24 };

interface Sprite {
  name: string;
  status?: string;
  created_at?: string;
  updated_at?: string;
}

/** Environments in Sprites. Not yet run against the live service: tested against a fake of it. */
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
    for (;;) {
      const there = await this.exists(sprite, signal);
      if (!there && spec.from) {
        throw new ProviderError(
          "run/snapshot-missing",
          `There is no sprite '${name}' that '${spec.from}' could be restored in.`,
          "A checkpoint of Sprites can be restored only in the sprite it was made of: set `name` to that one.",
        );
      }
      if (!there && (await this.create(sprite, signal))) {
        try {
          await furnish(this.api, sprite, spec, rules, sink, signal);
        } catch (error) {
          // Half made is not made; also when the run was cancelled meanwhile. What cannot be deleted now is in the journal, or made anew.
          await this.delete(sprite, AbortSignal.timeout(TIDY_MS)).catch(() => {});
          throw error;
        }
        const settled = (late: AbortSignal) => writeRecord(this.api, sprite, recordOf(spec, "ready"), late);
        return { ...this.environment(name, sprite, true, spec), settled };
      }
      if (!(await this.untilReady(sprite, spec, sink, signal))) continue;
      if (spec.from) {
        await restoreCheckpoint(this.api, sprite, spec.from, signal);
        // What it was put back to holds the record of then.
        await writeRecord(this.api, sprite, recordOf(spec, "ready"), signal);
      }
      return this.environment(name, sprite, false, spec);
    }
  }

  async list(signal: AbortSignal): Promise<EnvironmentInfo[]> {
    return Promise.all(
      (await this.sprites(signal)).map(async sprite => {
        const running = sprite.status === "running";
        // Reading a file would wake a sleeping sprite.
        return this.info(sprite, running ? await readRecord(this.api, sprite.name, signal) : null);
      }),
    );
  }

  async attach(name: string, signal: AbortSignal): Promise<Environment | null> {
    const sprite = spriteName(name);
    if (!(await this.exists(sprite, signal))) return null;
    const record = await readRecord(this.api, sprite, signal);
    return record && this.environment(name, sprite, false, { workdir: record.workdir, limits: {} });
  }

  async inspect(name: string, signal: AbortSignal): Promise<EnvironmentDetails | null> {
    const { ok, text } = await this.api.request("GET", spritePath(spriteName(name)), { expect: [404], signal });
    if (!ok) return null;
    // Variables of a sprite may hold secrets.
    const { environment: _, ...answer } = JSON.parse(text) as Sprite & { environment?: unknown };
    const record = await readRecord(this.api, answer.name, signal);
    if (!record) return null;
    const { orphaned: __, ...info } = this.info({ ...answer, status: "running" }, record);
    return { ...info, kept: !record.anonymous, workdir: record.workdir, engineAnswer: answer };
  }

  async remove(name: string, signal: AbortSignal): Promise<boolean> {
    return this.delete(spriteName(name), signal);
  }

  async orphans(signal: AbortSignal): Promise<string[]> {
    const names = await Promise.all(
      (await this.sprites(signal))
        .filter(({ name }) => isGenerated(name))
        .map(async ({ name }) => {
          const record = await readRecord(this.api, name, signal);
          return record?.anonymous && isDead(record) ? [record.name] : [];
        }),
    );
    return names.flat();
  }

  async snapshots(environment: string | undefined, signal: AbortSignal): Promise<SnapshotInfo[]> {
    if (environment !== undefined) return listCheckpoints(this.api, spriteName(environment), environment, signal);
    const lists = (await this.sprites(signal)).map(({ name }) =>
      listCheckpoints(this.api, name, name.slice(PREFIX.length), signal),
    );
    return (await Promise.all(lists)).flat();
  }

  async restore(name: string, ref: string, signal: AbortSignal): Promise<boolean> {
    const sprite = spriteName(name);
    if (!(await this.exists(sprite, signal))) return false;
    const record = await readRecord(this.api, sprite, signal);
    if (!record) return false;
    await restoreCheckpoint(this.api, sprite, ref, signal);
    // It keeps its config, whatever it was when the checkpoint was made.
    await writeRecord(this.api, sprite, { ...record, state: "ready" }, signal);
    return true;
  }

  private info(sprite: Sprite, record: SpriteRecord | null): EnvironmentInfo {
    const running = sprite.status === "running";
    return {
      name: record?.name ?? sprite.name.slice(PREFIX.length),
      provider: REF,
      state: !running ? "stopped" : record && record.state !== "ready" ? "creating" : "running",
      image: "",
      engine: this.host,
      workspace: record?.workspace ?? "",
      file: record?.file ?? "",
      createdAt: record?.createdAt ?? sprite.created_at ?? sprite.updated_at ?? "",
      ...(record?.line !== undefined && { line: record.line }),
      ...(record?.tools !== undefined && { tools: record.tools }),
      ...(record && { net: record.net }),
      // A sleeping sprite wakes up when it is used.
      abilities: ["shell", "snapshot", "restore"],
      ...(record?.anonymous && { orphaned: isDead(record) }),
    };
  }

  private environment(
    name: string,
    sprite: string,
    created: boolean,
    spec: Pick<EnvironmentSpec, "workdir" | "limits" | "tty"> & Partial<EnvironmentSpec>,
  ): Environment {
    const { api } = this;
    const { workdir = WORKDIR, tty } = spec;
    const { timeoutMs } = spec.limits;
    return {
      name,
      created,
      execute: (command, sink, signal) => {
        const limits = [command.timeoutMs, timeoutMs].filter(limit => limit !== undefined && limit > 0) as number[];
        const settled = {
          ...command,
          cwd: insideOf(command.cwd, spec) ?? workdir,
          ...(limits.length > 0 && { timeoutMs: Math.min(...limits) }),
          ...(tty && !command.tty && { tty: TERMINAL }),
        };
        return execute(api, sprite, settled, sink, signal);
      },
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

  private async sprites(signal: AbortSignal): Promise<Sprite[]> {
    const sprites: Sprite[] = [];
    let token: string | undefined;
    do {
      const query = new URLSearchParams({
        prefix: PREFIX,
        max_results: "50",
        ...(token ? { continuation_token: token } : {}),
      });
      const { text } = await this.api.request("GET", `/v1/sprites?${query}`, { signal });
      const page = JSON.parse(text) as {
        sprites?: Sprite[];
        has_more?: boolean;
        next_continuation_token?: string;
      };
      sprites.push(...(page.sprites ?? []).filter(sprite => sprite.name.startsWith(PREFIX)));
      token = page.has_more ? page.next_continuation_token : undefined;
    } while (token);
    return sprites;
  }

  private async exists(sprite: string, signal: AbortSignal): Promise<boolean> {
    const { ok } = await this.api.request("GET", spritePath(sprite), { expect: [404], patienceMs: WAKE_MS, signal });
    return ok;
  }

  /** False when another caller was first. */
  private async create(sprite: string, signal: AbortSignal): Promise<boolean> {
    const { ok, text } = await this.api.request("POST", "/v1/sprites", {
      body: { name: sprite },
      expect: [400, 409, 422],
      signal,
    });
    if (ok) return true;
    if (await this.exists(sprite, signal)) return false;
    throw new ProviderError("run/engine-failed", `Sprites would not create '${sprite}': ${text.slice(0, 500)}`);
  }

  private async delete(sprite: string, signal: AbortSignal): Promise<boolean> {
    const options = { expect: [404], patienceMs: DELETE_MS, signal };
    const { ok } = await this.api.request("DELETE", spritePath(sprite), options);
    return ok;
  }

  /**
   * Waits until a sprite that is there is ready. False when it has to be looked for again: it went away, or was half made by somebody who is
   * dead, and so removed. One that is not ours, or was made from another config, is an error and never a reuse.
   */
  private async untilReady(
    sprite: string,
    spec: EnvironmentSpec,
    sink: OutputSink,
    signal: AbortSignal,
  ): Promise<boolean> {
    const name = spec.name ?? spec.generatedName;
    const started = Date.now();
    for (let told = false; ; ) {
      const record = await readRecord(this.api, sprite, signal);
      if (record && record.state !== "ready" && isDead(record)) {
        sink.progress?.(`The making of ${name} was broken off: it is made anew.`);
        await this.delete(sprite, signal);
        return false;
      }
      if (record && record.configHash !== spec.configHash) {
        throw new ProviderError(
          "run/config-drift",
          `The environment '${name}' exists with another configuration.`,
          `Release it first (mlld-env release ${name}), or give this one another name.`,
        );
      }
      if (record?.state === "ready") return true;
      const waited = Date.now() - started;
      if (!record && waited > RECORD_WAIT_MS) {
        throw new ProviderError(
          "run/name-taken",
          `The sprite '${sprite}' was not made by mlld-env.`,
          "Give the environment another name, or delete that sprite.",
        );
      }
      if (waited > READY_WAIT_MS) {
        throw new ProviderError(
          "run/set-up-unfinished",
          `The set-up of '${name}' by another run does not end.`,
          `Release it (mlld-env release ${name}) and run again.`,
        );
      }
      if (record && !told) sink.progress?.(`Another run makes ${name}: waiting for it.`);
      told ||= record !== null;
      await pause(POLL_MS, signal);
      if (!(await this.exists(sprite, signal))) return false;
    }
  }
}

/** A folder of this machine is none of a sprite's: the grant that holds it says where it lies there. */
function insideOf(cwd: string | undefined, { folder, workspace, fs }: Partial<EnvironmentSpec>): string | undefined {
  if (cwd === undefined) return undefined;
  for (const { host, container } of fs?.mounts ?? [])
    if (container !== null && (cwd === host || cwd.startsWith(`${host}/`))) return container + cwd.slice(host.length);
  const ofHost = [folder, workspace].some(root => root !== undefined && (cwd === root || cwd.startsWith(`${root}/`)));
  return ofHost ? undefined : cwd;
}

/** Whether whoever made it is known to be dead; of another machine nothing is known. */
function isDead({ owner }: SpriteRecord): boolean {
  return owner !== null && stateOf(owner) === "dead";
}
