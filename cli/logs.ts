import { existsSync, readFileSync, statSync, watch } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import {
  earlierFile,
  type LogEntry,
  logEntries,
  logFile,
  logFolder,
  readLog,
} from "../runtime/environments/environment-log";
import { makeFolder, stateFolder } from "../runtime/environments/journal";
import { createRegistry } from "./backends";
import { EXIT, type Io, UsageError } from "./io";
import { faultText, liveEnvironments, noEnvironment } from "./live";
import { localTime } from "./local-time";
import { shortPath } from "./paths";
import { OutputStream } from "./run/output-stream";
import { commandText, exitText, painter, seconds } from "./run/text-output";

/** `logs [--json] [--follow] NAME`: what commands wrote in a kept environment, by the runs of this machine. */
export async function logs(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    allowPositionals: true,
    options: { json: { type: "boolean", default: false }, follow: { type: "boolean", short: "f", default: false } },
  });
  const [name, ...more] = positionals;
  if (name === undefined || more.length > 0) throw new UsageError("name one environment");
  const gone = new AbortController();
  const out = new OutputStream(io.stdout, () => gone.abort());
  const print = values.json ? (entry: LogEntry) => out.write(`${JSON.stringify(entry)}\n`) : textLog(out, io.cwd);
  try {
    const state = stateFolder(io.env);
    const found = readLog(state, name);
    if (found === null) {
      await requireLive(io, name);
      io.stderr.write(`No run of this machine has used '${name}' yet.\n`);
    }
    for (const entry of found ?? []) await print(entry);
    if (values.follow) await follow(state, name, print, gone.signal);
    return EXIT.ok;
  } catch (error) {
    io.stderr.write(`mlld-env logs: ${faultText(error)}\n`);
    return EXIT.failed;
  }
}

async function requireLive({ env }: Io, name: string): Promise<void> {
  const { environments, faults } = await liveEnvironments(createRegistry(env));
  if (environments.some(({ info }) => info.name === name)) return;
  throw faults[0] ?? noEnvironment(name);
}

/** Goes on with each new entry until the environment is released or nobody reads any more. */
async function follow(
  state: string,
  name: string,
  print: (entry: LogEntry) => void | Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const folder = logFolder(state);
  const path = join(folder, logFile(name));
  makeFolder(folder);
  let at = existsSync(path) ? statSync(path).size : 0;
  let known = existsSync(path);
  await new Promise<void>((resolve, reject) => {
    const watcher = watch(folder);
    let printing = Promise.resolve();
    const end = () => {
      watcher.close();
      resolve();
    };
    const look = async () => {
      if (!existsSync(path)) {
        // Gone on in a new file, which comes with the next line; or released.
        if (known && !existsSync(earlierFile(path))) end();
        at = 0;
        return;
      }
      known = true;
      const bytes = readFileSync(path);
      if (bytes.length < at) at = 0;
      const whole = bytes.lastIndexOf(0x0a) + 1;
      const fresh = logEntries(bytes.toString("utf8", at, Math.max(at, whole)));
      at = Math.max(at, whole);
      for (const entry of fresh) await print(entry);
    };
    watcher.on("change", () => {
      printing = printing.then(look).catch(reject);
    });
    watcher.on("error", reject);
    signal.addEventListener("abort", end, { once: true });
  });
}

/** A log for people: each command after the run and the place it came from. */
function textLog(out: OutputStream, cwd: string): (entry: LogEntry) => void | Promise<void> {
  const paint = painter(out.isColoured);
  let run: string | null = null;
  let open = false;
  /** What comes next stands on a line of its own. */
  const line = async (text: string) => {
    await out.writeOwn(`${open ? "\n" : ""}${text}\n`);
    open = false;
  };
  return async entry => {
    if (entry.run !== run) {
      run = entry.run;
      await line(paint.dim(`── ${localTime(entry.time)} ──`));
    }
    switch (entry.event) {
      case "command": {
        const place = `${shortPath(entry.file, cwd)}:${entry.range.start.line + 1}`;
        return line(`${paint.bold(`$ ${commandText(entry.argv)}`)} ${paint.dim(place)}`);
      }
      case "stdout":
      case "stderr":
        open = !entry.text.endsWith("\n");
        return out.write(entry.event === "stderr" ? paint.red(entry.text) : entry.text);
      case "omitted":
        return line(paint.dim(`… ${entry.length} characters left out …`));
      case "exit":
        if (entry.outcome === "exited" && entry.exitCode === 0) return;
        return line(paint.red(`${exitText(entry)} (${seconds(entry.durationMs)})`));
      case "denied":
        return line(paint.red(`refused: ${entry.host}:${entry.port} — ${entry.reason}`));
    }
  };
}
