import { readFileSync, statSync } from "node:fs";
import { relative } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { type EnvironmentSpecFile, readSpec, type SpecProblem } from "../../language/environment/spec-model";
import { parseSpecText } from "../../language/environment/spec-text";
import type { AbstractValue } from "../../language/values/abstract";
import { ProviderError } from "../../runtime/providers/provider";
import { runSpec } from "../../runtime/specs/run-spec";
import { DiskHost } from "../host";
import { type Io, UsageError } from "../io";
import { reporter } from "../reported";
import type { Ground } from "./ground";
import type { RunOptions } from "./options";
import { runSession } from "./session";

/** `run --spec SPEC ENTRY`: the working folder is the workspace, ENTRY a file in it. */
export async function runSpecFile(ground: Ground, options: RunOptions & { spec: string }, io: Io): Promise<number> {
  const { spec, problems, report } = readSpecFile(options.spec, options.set);
  const entry = relative(io.cwd, options.file);
  const stdin =
    io.stdin.isTTY || statSync(`/dev/fd/${io.stdin.fd}`, { throwIfNoEntry: false })?.isCharacterDevice()
      ? undefined
      : await readAll(io.stdin);
  return runSession(io, { run: options, ground, control: null }, async ({ emit, environments, signal }) => {
    if (!spec) {
      await emit({ event: "refused", findings: problems.map(report) });
      return "refused";
    }
    // The agent's view has nothing of the evaluation.
    const seen = options.evaluate ? spec : { ...spec, setup: { ...spec.setup, evalCommands: [] } };
    const target = spec.type === "docker" ? "@mlld/env-docker" : "local";
    await emit({ event: "plan", file: options.spec, block: null, target, steps: [], environment: seen });
    if (options.dryRun) return { ok: true };
    try {
      const variables = Object.fromEntries(Object.entries(options.input).map(([name, value]) => [name, String(value)]));
      const { evaluate, keep } = options;
      return await runSpec(
        { spec, file: options.spec, workspace: io.cwd, entry, evaluate, keep, variables, machine: io.env, stdin },
        { emit, environments, signal },
      );
    } catch (error) {
      if (!(error instanceof ProviderError)) throw error;
      await emit({
        event: "error",
        code: error.code,
        message: error.mend ? `${error.message} ${error.mend}` : error.message,
      });
      return { ok: false };
    }
  });
}

interface SpecFile {
  spec: EnvironmentSpecFile | null;
  problems: SpecProblem[];
  report: (problem: SpecProblem) => ReturnType<ReturnType<typeof reporter>>;
}

function readSpecFile(path: string, overrides: Record<string, string>): SpecFile {
  const uri = pathToFileURL(path).href;
  const host = new DiskHost();
  let source: string;
  try {
    source = readFileSync(path, "utf8");
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
  }
  host.overlay(uri, source);
  const reportFinding = reporter(host);
  const start = { uri, start: 0, end: 0 };
  const report = (problem: SpecProblem) => reportFinding({ ...problem, place: problem.place ?? start, fixes: [] });
  const parsed = parseSpecText(source, uri);
  if (parsed.problems.length > 0) return { spec: null, problems: parsed.problems, report };
  const value = Object.entries(overrides).reduce(
    (whole, [key, to]) => override(whole, key.split("."), parseSpecText(to, uri).value),
    parsed.value,
  );
  return { ...readSpec(value), report };
}

/** Sets one field; the objects on the way are made where they are missing. */
function override(value: AbstractValue, [key, ...rest]: string[], to: AbstractValue): AbstractValue {
  if (key === undefined) return to;
  const object = value.kind === "object" ? value : { kind: "object" as const, entries: [], open: false };
  const before = object.entries.find(entry => entry.key === key);
  const entry = { key, value: override(before?.value ?? { kind: "known", value: null }, rest, to) };
  return {
    ...object,
    entries: before
      ? object.entries.map(one => (one === before ? { ...one, ...entry } : one))
      : [...object.entries, entry],
  };
}
