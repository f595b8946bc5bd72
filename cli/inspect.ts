import { parseArgs } from "node:util";
import type { EnvironmentDetails, FileChange } from "../protocol/explorer";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { changes as changesOf, inspect as detailsOf, faultText } from "./live";
import { oneLine } from "./one-line";

/** `inspect [--json] NAME`: all that is known about an environment; with `--json` also the engine's own answer. */
export function inspect(args: string[], io: Io): Promise<number> {
  return about("inspect", args, io, detailsOf, detailsText);
}

/** `changes [--json] NAME`: what its files differ in from where it started. */
export function changes(args: string[], io: Io): Promise<number> {
  return about("changes", args, io, changesOf, changesText);
}

async function about<T>(
  command: string,
  args: string[],
  io: Io,
  ask: (registry: ReturnType<typeof createRegistry>, name: string) => Promise<T>,
  words: (answer: T) => string,
): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false } },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("name one environment");
  try {
    const answer = await ask(createRegistry(io.env), name);
    io.stdout.write(values.json ? `${JSON.stringify(answer)}\n` : words(answer));
    return EXIT.ok;
  } catch (error) {
    io.stderr.write(`mlld-env ${command}: ${faultText(error)}\n`);
    return EXIT.failed;
  }
}

/** A line a fact; what is unset or unknown is left out. */
function detailsText({ engineAnswer: _, abilities: __, ...details }: EnvironmentDetails): string {
  const facts = Object.entries(details).flatMap(([name, value]) => {
    const text = factText(name, value);
    return text === "" ? [] : [[name, text] as const];
  });
  const width = Math.max(...facts.map(([name]) => name.length));
  return facts.map(([name, text]) => `${name.padEnd(width)}  ${text}\n`).join("");
}

function factText(name: string, value: unknown): string {
  if (name === "tools" && value === null) return "all";
  if (name === "mounts")
    return (value as EnvironmentDetails["mounts"])!
      .map(({ host, container, mode }) => `${host} at ${container} (${mode})`)
      .join(", ");
  if (name === "ports")
    return (value as EnvironmentDetails["ports"])!.map(({ host, container }) => `${host} → ${container}`).join(", ");
  if (Array.isArray(value)) return value.join(", ");
  if (typeof value === "object" && value !== null)
    return Object.entries(value)
      .map(([key, entry]) => `${key} ${entry}`)
      .join(", ");
  return value === undefined ? "" : String(value);
}

const SIGNS: Record<FileChange["kind"], string> = { added: "A", changed: "C", deleted: "D" };

function changesText(changed: FileChange[]): string {
  return changed.length
    ? changed.map(({ path, kind }) => `${SIGNS[kind]} ${oneLine(path)}\n`).join("")
    : "No file differs from where it started.\n";
}
