import { existsSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { UsageError } from "../io";

export interface RunOptions {
  /** Absolute path. */
  file: string;
  /** Zero-based; null runs the whole file. */
  line: number | null;
  json: boolean;
  dryRun: boolean;
  provider: string | null;
  keep: boolean;
  /** For the whole run, milliseconds. */
  timeoutMs: number | null;
  evaluate: boolean;
  input: Record<string, unknown>;
  /** Commands may read standard input also where it is no terminal. */
  interactive: boolean;
  /** The editor speaks on standard input. */
  control: boolean;
  /** An environment spec, absolute; its fields that `--set` overrides. */
  spec: string | null;
  set: [path: string, text: string][];
  /** What `commands` of the spec runs, as it was written. */
  entry: string;
  /** With a spec: the name of the environment, which is kept; the archive whose files are worked on, absolute; variables, as text. */
  name: string | null;
  from: string | null;
  variables: Record<string, string>;
}

/** Reads the arguments of `run`. Throws a `UsageError`, or what `parseArgs` throws for an unknown option. */
export function parseRunOptions(args: string[], cwd: string): RunOptions {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: {
      json: { type: "boolean", default: false },
      "dry-run": { type: "boolean", default: false },
      provider: { type: "string" },
      keep: { type: "boolean", default: false },
      timeout: { type: "string" },
      evaluate: { type: "boolean", default: false },
      input: { type: "string", multiple: true, default: [] },
      interactive: { type: "boolean", short: "i", default: false },
      control: { type: "boolean", default: false },
      spec: { type: "string" },
      set: { type: "string", multiple: true, default: [] },
      name: { type: "string" },
      from: { type: "string" },
    },
  });
  const [target, ...more] = positionals;
  if (target === undefined)
    throw new UsageError(values.spec === undefined ? "name a file to run" : "name the entry to run");
  if (more.length > 0) throw new UsageError(`run takes one file, not ${positionals.length}`);
  const stray = (["set", "name", "from"] as const).find(name => values[name] !== undefined && values[name].length > 0);
  if (values.spec === undefined && stray) throw new UsageError(`--${stray} belongs to --spec`);
  if (values.spec !== undefined && values.provider !== undefined)
    throw new UsageError("--provider belongs to a file; the backend of a spec is its `type` (--set type=local)");
  if (values.name?.trim() === "") throw new UsageError("--name takes a name");
  const variables = Object.fromEntries(values.input.map(pair => splitPair("--input", pair)));
  const odd = Object.keys(variables).find(name => !/^[A-Za-z_]\w*$/.test(name));
  if (values.spec !== undefined && odd !== undefined)
    throw new UsageError(`'${odd}' cannot be the name of a variable: letters, digits and '_' can`);
  if (values.control && !values.json) throw new UsageError("--control needs --json");
  return {
    ...(values.spec === undefined ? parseTarget(target, cwd) : { file: resolve(cwd, values.spec), line: null }),
    json: values.json,
    dryRun: values["dry-run"],
    provider: values.provider ?? null,
    keep: values.keep,
    timeoutMs: values.timeout === undefined ? null : parseTimeout(values.timeout),
    evaluate: values.evaluate,
    input: parseInputs(values.input),
    interactive: values.interactive,
    control: values.control,
    spec: values.spec === undefined ? null : resolve(cwd, values.spec),
    set: values.set.map(pair => splitPair("--set", pair)),
    entry: target,
    name: values.name ?? null,
    from: values.from === undefined ? null : resolve(cwd, values.from),
    variables,
  };
}

/** `FILE` or `FILE:LINE` (1-based). A file whose own name ends like that is itself. */
function parseTarget(target: string, cwd: string): { file: string; line: number | null } {
  const match = /^(.+):(\d+)$/.exec(target);
  if (!match || existsSync(resolve(cwd, target))) return { file: resolve(cwd, target), line: null };
  const line = Number(match[2]);
  if (line < 1) throw new UsageError("lines count from 1");
  return { file: resolve(cwd, match[1]!), line: line - 1 };
}

function parseTimeout(text: string): number {
  const seconds = Number(text);
  // Beyond this a timer of Node would fire at once.
  if (!(seconds > 0) || seconds > 2_147_483) throw new UsageError(`--timeout takes seconds, not '${text}'`);
  return seconds * 1000;
}

/** `k=v`: JSON values (`n=3`, `xs=[1,2]`) are taken as such, everything else is text. */
function parseInputs(pairs: string[]): Record<string, unknown> {
  const inputs: Record<string, unknown> = Object.create(null);
  for (const pair of pairs) {
    const [key, text] = splitPair("--input", pair);
    inputs[key] = parseValue(text);
  }
  return inputs;
}

function splitPair(option: string, pair: string): [string, string] {
  const at = pair.indexOf("=");
  if (at < 1) throw new UsageError(`${option} takes KEY=VALUE, not '${pair}'`);
  return [pair.slice(0, at), pair.slice(at + 1)];
}

function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
