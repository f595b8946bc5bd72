/** Runs programs with the real local provider and the real disk, and collects what they say. */
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { diskFiles } from "../../../cli/run/disk-files";
import { modeOf, parse } from "../../../language/syntax";
import type { File } from "../../../language/syntax/tree";
import type { RunEventBody } from "../../../protocol/events";
import { evaluate, type ProgramSlice, type RunOutcome, type RunServices } from "../../../runtime/evaluator";
import { ScriptEngine } from "../../../runtime/evaluator/code/quickjs";
import { createLocalProvider } from "../../../runtime/providers/local";
import type { Environment, EnvironmentSpec, Provider } from "../../../runtime/providers/provider";

export interface RunOptions {
  path: string;
  text: string;
  root: string;
  variables?: Record<string, string>;
  payload?: Record<string, unknown>;
  slice?: ProgramSlice | null;
  /** The tree that the slice belongs to. */
  file?: File;
  providers?: Record<string, Provider>;
  /** In place of the real local provider. */
  local?: Provider;
  credentials?: RunServices["credentials"];
  commandInput?: RunServices["input"];
  config?: Record<string, unknown>;
  input?: string;
  signal?: AbortSignal;
  onServices?: (services: RunServices) => void;
}

export interface RunRecord {
  outcome: RunOutcome;
  events: RunEventBody[];
  /** Standard output as the command line prints it. */
  printed: string;
  errors: string[];
}

export function folder(files: Record<string, string> = {}): { path: string; remove: () => void } {
  const path = mkdtempSync(join(tmpdir(), "evaluator-"));
  for (const [name, text] of Object.entries(files)) writeFileSync(join(path, name), text);
  return { path, remove: () => rmSync(path, { recursive: true, force: true }) };
}

/** Runs a strict program in an empty folder. */
export async function runText(
  text: string,
  options: Partial<RunOptions> & { files?: Record<string, string> } = {},
): Promise<RunRecord> {
  const place = folder(options.files);
  try {
    return await runProgram({ path: join(place.path, "program.mld"), text, root: place.path, ...options });
  } finally {
    place.remove();
  }
}

export async function runProgram(options: RunOptions): Promise<RunRecord> {
  const events: RunEventBody[] = [];
  let printed = "";
  const echoing = new Set<number>();
  let open = "";
  const emit = (event: RunEventBody) => {
    events.push(event);
    if (event.event === "show" && event.stream !== "stderr") printed += event.text;
    if (event.event === "command" && event.echo) echoing.add(event.command);
    if (event.event === "stdout" && echoing.has(event.command)) printed += open = event.text;
    if (event.event === "exit" && open !== "") {
      if (!open.endsWith("\n")) printed += "\n";
      open = "";
    }
  };
  const local = createLocalProvider({
    runId: randomUUID(),
    variables: { ...process.env, ...options.variables },
    groups: { started: () => {}, ended: () => {} },
  });
  const sink = { stdout: () => {}, stderr: () => {} };
  const services: RunServices = {
    emit,
    files: diskFiles,
    scripts: () => ScriptEngine.create(),
    input: options.commandInput ?? null,
    terminal: () => null,
    credentials: options.credentials ?? {
      find: async request => (request.kind === "variable" ? (options.variables?.[request.name] ?? null) : null),
    },
    environments: {
      async open(ref: string | null, spec: EnvironmentSpec, signal: AbortSignal): Promise<Environment> {
        const provider = ref === null ? (options.local ?? local) : options.providers?.[ref];
        if (provider === undefined) throw new Error(`no provider ${ref}`);
        const environment = await provider.open(spec, sink, signal);
        emit({ event: "created", envName: environment.name, provider: provider.ref, created: environment.created });
        return environment;
      },
      async close(environment, how) {
        if (how === "keep") return environment.detach();
        await environment.release(new AbortController().signal);
        emit({ event: "released", envName: environment.name });
      },
      closeAll: async () => {},
    },
    settings: {
      root: options.root,
      config: options.config ?? {},
      home: tmpdir(),
      variables: options.variables ?? {},
      input: options.input ?? null,
      payload: options.payload ?? {},
      image: "",
      provider: null,
      keep: false,
    },
  };
  options.onServices?.(services);
  const file = options.file ?? parse(options.text, modeOf(options.path));
  if (file.errors.length > 0) {
    throw new Error(`does not parse: ${file.errors.map(error => `${error.message} at ${error.start}`).join("; ")}`);
  }
  const outcome = await evaluate(
    { path: options.path, file, slice: options.slice ?? null },
    services,
    options.signal ?? new AbortController().signal,
  );
  return { outcome, events, printed: outcome.document ?? printed, errors: outcome.errors.map(error => error.message) };
}
