import { dirname } from "node:path";
import { text as readAll } from "node:stream/consumers";
import { fileURLToPath, pathToFileURL } from "node:url";
import { check, type Finding } from "../language/diagnostics";
import { describe, explain } from "../language/environment";
import { type Analysis, analyse } from "../language/semantics";
import { LineMap } from "../language/syntax";
import type { ReportedFinding } from "../protocol/events";
import { homeFolder } from "../runtime/environments/home";
import { evaluate, type RunServices } from "../runtime/evaluator";
import { type Plan, plan } from "../runtime/plan";
import { moduleProvider } from "../runtime/providers/module";
import { createGround, IMAGE_VARIABLE } from "./backends";
import { DiskHost, whyUnread } from "./host";
import { type Io, UnreadableError, UsageError } from "./io";
import { readProjectConfig } from "./project-config";
import { explained, locator, reporter } from "./reported";
import { ControlLines } from "./run/control-lines";
import { diskFiles } from "./run/disk-files";
import type { Ground } from "./run/ground";
import { parseRunOptions, type RunOptions } from "./run/options";
import { startScripts } from "./run/scripts";
import { runSession, type SessionEnd, type SessionParts } from "./run/session";
import type { SpareEnvironment } from "./run/spare-environment";
import { PipedInput, type StandardInput, TerminalInput } from "./run/terminal-input";

/** `run FILE[:LINE]`: the env block at the line with what it needs, or the whole file. */
export async function run(args: string[], io: Io): Promise<number> {
  return runOn(createGround(io.env), args, io);
}

/** A run on ground that is laid already. `control` and `spare` come from a process that waited for it. */
export async function runOn(
  ground: Ground,
  args: string[],
  io: Io,
  ahead: { control?: ControlLines; spare?: SpareEnvironment } = {},
): Promise<number> {
  const options = parseRunOptions(args, io.cwd);
  if (options.spec !== null)
    return (await import("./run/spec")).runSpecFile(ground, { ...options, spec: options.spec }, io);
  if (options.provider !== null && !ground.registry.knows(options.provider, dirname(options.file))) {
    throw new UsageError(
      `there is no provider '${options.provider}': it is local, docker, sprites, or the path of a provider written in mlld`,
    );
  }
  const program = await readProgram(options, io);
  const control = options.control ? (ahead.control ?? new ControlLines(io.stdin)) : null;
  const input = control ? null : commandInput(program.surroundings.settings.input, options, io);
  return runSession(io, { run: options, ground, control, input, spare: ahead.spare }, async parts => {
    const services: RunServices = { ...program.surroundings, ...parts };
    ground.module = async (ref, path) => moduleProvider(ref, path, providerServices(services, parts));
    return runProgram(program, options, services, parts);
  });
}

/** What a provider written in mlld runs with. It is what was asked for: its own blocks are not put into it again. */
function providerServices(services: RunServices, { aside }: SessionParts): RunServices {
  return { ...services, ...aside, settings: { ...services.settings, provider: null }, input: null };
}

interface Program {
  analysis: Analysis;
  findings: Finding[];
  report: (finding: Finding) => ReportedFinding;
  locate: ReturnType<typeof locator>;
  surroundings: Pick<RunServices, "files" | "scripts" | "settings">;
}

/** Reads the file and all that it imports, and what it can ask for. Throws a `UsageError` for a file that cannot be read. */
async function readProgram(options: RunOptions, io: Io): Promise<Program> {
  const host = new DiskHost({
    languageVersion: "auto",
    severities: {},
    ...(options.provider !== null && { provider: options.provider }),
  });
  const uri = pathToFileURL(options.file).href;
  const text = host.text(uri);
  if (text === null) throw new UnreadableError(options.file, whyUnread(uri));
  const analysis = analyse(uri, host);
  const root = fileURLToPath(host.root(uri));
  return {
    analysis,
    findings: check(analysis, host),
    report: reporter(host),
    locate: locator(host),
    surroundings: {
      files: diskFiles,
      scripts: startScripts,
      settings: {
        root,
        config: readProjectConfig(root),
        home: homeFolder(),
        variables: io.env,
        input: options.control ? null : await readInput(text, io),
        payload: options.input,
        image: io.env[IMAGE_VARIABLE] ?? "",
        provider: options.provider,
        keep: options.keep,
        evaluate: options.evaluate,
      },
    },
  };
}

async function runProgram(
  program: Program,
  options: RunOptions,
  services: RunServices,
  { emit, signal }: SessionParts,
): Promise<SessionEnd> {
  const { analysis, findings, report, locate } = program;
  const planned = plan(analysis, {
    line: options.line,
    image: services.settings.image,
    findings,
  });
  if (planned.kind === "no-block") {
    await emit({
      event: "error",
      message: noBlock(analysis, options),
      code: "run/no-block",
    });
    return "usage";
  }
  if (planned.kind === "refused") {
    await emit({ event: "refused", findings: planned.findings.map(report) });
    return "refused";
  }
  const { block, target, steps, slice, entered } = planned;
  const environment = planned.environment && explained(explain(planned.environment), locate);
  const environments = entered.map(({ place, label, target, facts }) => ({
    ...locate(place),
    label,
    target,
    allows: Object.fromEntries(describe(facts).rows.map(({ title, allows }) => [title, allows])),
  }));
  await emit({ event: "plan", file: options.file, block, target, steps, environment, environments });
  const unused = options.provider === null ? null : unusedProvider(options.provider, planned, analysis);
  if (unused) await emit({ event: "warning", message: unused });
  if (options.dryRun) return { ok: true };
  const outcome = await evaluate({ path: options.file, file: analysis.file, slice }, services, signal);
  if (outcome.value !== undefined) await emit({ event: "result", value: outcome.value, labels: outcome.labels });
  return { ok: outcome.ok, document: outcome.document };
}

/** Says that there is nothing for `--provider` to change; null where there is, or where only the run knows. */
function unusedProvider(provider: string, { target, entered }: Plan, { sites }: Analysis): string | null {
  if (entered.length > 0 || sites.some(({ kind }) => kind === "block" || kind === "guard")) return null;
  return `--provider ${provider} is for env blocks, and there is none here: this runs in ${target}`;
}

/** Says where the blocks of the file are. */
function noBlock({ file, sites }: Analysis, options: RunOptions): string {
  const map = new LineMap(file.text);
  const lines = sites.flatMap(site =>
    site.node.kind === "EnvExpression" ? [map.positionAt(site.place.start).line + 1] : [],
  );
  const others = [...new Set(lines)].sort((a, b) => a - b);
  const some = others.slice(0, 10).join(", ") + (others.length > 10 ? ", …" : "");
  const where =
    others.length === 0 ? "The file has none." : `Its blocks begin at line${others.length === 1 ? "" : "s"} ${some}.`;
  return `There is no env block at line ${options.line! + 1} of ${options.file}. ${where}`;
}

/**
 * Standard input for commands: a terminal, or what `--interactive` hands to them. Otherwise it is left alone, so that a run in a script or
 * in CI takes nothing that is meant for others. What the program read itself (`@input`) is gone.
 */
function commandInput(read: string | null, { interactive }: RunOptions, { stdin }: Io): StandardInput | null {
  if (read !== null) return null;
  if (stdin.isTTY) return process.platform === "win32" ? new PipedInput(stdin) : new TerminalInput();
  return interactive ? new PipedInput(stdin) : null;
}

/**
 * Standard input, for programs that ask for it: a pipe that nobody writes to or closes would hold up every other program for ever.
 */
async function readInput(program: string, { stdin }: Io): Promise<string | null> {
  if (!/@(?:input|stdin)\b/.test(program) || stdin.isTTY) return null;
  return (await readAll(stdin)) || null;
}
