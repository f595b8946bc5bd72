import { basename } from "node:path";

/** What a person asked to run. */
export interface RunRequest {
  /** Absolute path. */
  file: string;
  /** One-based line of the env block; without it the whole file runs. */
  line?: number;
  /** Another provider than the block's own. */
  provider?: string;
  input?: Record<string, string>;
  dryRun?: boolean;
  /** Seconds. */
  timeout?: number;
}

/** Arguments of the command line. Values are single words of an argv: no shell reads them. */
export function runArguments(request: RunRequest): string[] {
  const args = ["run", "--json", "--control"];
  if (request.dryRun) args.push("--dry-run");
  // `--name=value`: a value that starts with a dash is no option.
  if (request.provider !== undefined) args.push(`--provider=${request.provider}`);
  if (request.timeout) args.push(`--timeout=${request.timeout}`);
  for (const [name, value] of Object.entries(request.input ?? {})) args.push(`--input=${name}=${value}`);
  args.push(request.line === undefined ? request.file : `${request.file}:${request.line}`);
  return args;
}

/** `03-docker.mld:7`: the name of a run in lists and of its terminal. */
export function runTitle(request: RunRequest): string {
  const place = request.line === undefined ? basename(request.file) : `${basename(request.file)}:${request.line}`;
  return request.provider === undefined ? place : `${place} (${request.provider})`;
}

/** Runs with the same key share a terminal when terminals belong to blocks. */
export function runKey(request: RunRequest): string {
  return `${request.file}:${request.line ?? ""}`;
}
