/** A fake service for each test of a file that imports this, and a provider that talks to it. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach } from "vitest";
import type { EnvironmentCommand, EnvironmentSpec, OutputSink, Provider } from "../../../runtime/providers/provider";
import { createSpritesProvider } from "../../../runtime/providers/sprites";
import { FakeSprites, type Faults } from "./fake-sprites";

export let fake: FakeSprites;
export let baseUrl: string;
export let provider: Provider;
export let folder: string;
export const signal = new AbortController().signal;

beforeEach(async () => {
  fake = new FakeSprites();
  baseUrl = await fake.start();
  provider = createSpritesProvider({ baseUrl, token: async () => fake.token });
  folder = mkdtempSync(join(tmpdir(), "mlld-env-sprites-test-"));
});

afterEach(async () => {
  await fake.stop();
  rmSync(folder, { recursive: true, force: true });
});

export function spec(overrides: Partial<EnvironmentSpec> = {}): EnvironmentSpec {
  return {
    generatedName: "mlld-env-anon-1",
    fs: { mounts: null, scratch: [] },
    net: { kind: "default" },
    limits: {},
    folder,
    workspace: folder,
    file: join(folder, "a.mld"),
    configHash: "hash-1",
    options: {},
    ...overrides,
  };
}

export function collect(): OutputSink & { out: string; err: string; notices: string[] } {
  const chunks: Record<"out" | "err", Buffer[]> = { out: [], err: [] };
  return {
    stdout: chunk => void chunks.out.push(Buffer.from(chunk)),
    stderr: chunk => void chunks.err.push(Buffer.from(chunk)),
    progress(message) {
      this.notices.push(message);
    },
    notices: [],
    get out() {
      return Buffer.concat(chunks.out).toString();
    },
    get err() {
      return Buffer.concat(chunks.err).toString();
    },
  };
}

export const sh = (script: string, more: Partial<EnvironmentCommand> = {}): EnvironmentCommand => ({
  argv: ["sh", "-c", script],
  vars: {},
  secrets: {},
  ...more,
});

/** Opens an environment and runs a command in it, under faults that begin when it is there. */
export async function run(
  command: EnvironmentCommand,
  overrides: Partial<EnvironmentSpec> = {},
  faults?: Faults,
  by = provider,
) {
  const sink = collect();
  const environment = await by.open(spec(overrides), sink, signal);
  if (faults) fake.faults = faults;
  const outcome = await environment.execute(command, sink, signal);
  return { environment, outcome, sink };
}
