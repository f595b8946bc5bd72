import { randomBytes } from "node:crypto";
import { modeOf } from "../../language/syntax";
import type { RunEventBody } from "../../protocol/events";
import { createCredentialStore } from "../../runtime/environments/credentials";
import { Journal, stateFolder } from "../../runtime/environments/journal";
import { readKeychain } from "../../runtime/environments/keychain";
import { createRunEnvironments, type OpenEnvironments } from "../../runtime/environments/open-environments";
import { sweep } from "../../runtime/environments/recovery";
import { redactEvents } from "../../runtime/environments/redacted-events";
import { Redactor } from "../../runtime/environments/redactor";
import type { ProviderRegistry } from "../../runtime/environments/registry";
import { startWatchdog } from "../../runtime/environments/watchdog";
import type { CredentialStore } from "../../runtime/evaluator";
import { createLocalProvider } from "../../runtime/providers/local";
import { type Provider, ProviderError } from "../../runtime/providers/provider";
import { EXIT, type Io } from "../io";
import { Cancellation } from "./cancellation";
import { EditorControl } from "./control";
import { jsonOutput } from "./json-output";
import type { RunOptions } from "./options";
import { OutputStream } from "./output-stream";
import { textOutput } from "./text-output";

/** What the program of a run gets to work with. */
export interface SessionParts {
  emit: (event: RunEventBody) => void | Promise<void>;
  environments: OpenEnvironments;
  credentials: CredentialStore;
  signal: AbortSignal;
}

/**
 * How the program of a run ended. `refused`: before anything ran, and it said so in a `refused` event; `usage`: there is nothing to run.
 * The document of a markdown program is printed in place of what its parts print.
 */
export type SessionEnd = { ok: boolean; document?: string | null } | "refused" | "usage";

export interface SessionOptions {
  run: Pick<RunOptions, "json" | "control" | "keep" | "timeoutMs" | "file" | "dryRun">;
  /** The command line of ours, for the watchdog. */
  program: string[];
  registry: (local: Provider) => ProviderRegistry;
}

/** After cancelling, how long a program may take to notice before its environments are ended under it. Milliseconds. */
const NOTICE_MS = 800;
const FLUSH_MS = 200;

/**
 * One run, from its first event to its last. Whatever way it ends — done, failed, refused, cancelled, timed out, crashed, its reader
 * gone — what it opened is released, by this process or else by its watchdog. Answers with the exit code.
 */
export async function runSession(
  io: Io,
  options: SessionOptions,
  body: (parts: SessionParts) => Promise<SessionEnd>,
): Promise<number> {
  const started = Date.now();
  const cancellation = new Cancellation();
  const readerGone = () => cancellation.cancel("signal");
  const out = new OutputStream(io.stdout, readerGone);
  const err = new OutputStream(io.stderr, () => {});
  const control = options.run.control ? new EditorControl(io.stdin, () => cancellation.cancel("user")) : null;
  const write = options.run.json
    ? jsonOutput(out, control)
    : textOutput(out, err, {
        cwd: io.cwd,
        silent: modeOf(options.run.file) === "markdown",
        dryRun: options.run.dryRun,
      });
  const redactor = new Redactor();
  const facts = { refused: false, ran: false };
  const emit = redactEvents(redactor, event => {
    if (event.event === "refused") facts.refused = true;
    if (RUNS.has(event.event)) facts.ran = true;
    return write(event);
  });

  const runId = randomBytes(6).toString("hex");
  const folder = stateFolder(io.env);
  let journal: Journal | undefined;
  let watchdog: ReturnType<typeof startWatchdog> | undefined;
  const openJournal = () => {
    if (journal) return journal;
    try {
      journal = Journal.create(folder, runId, options.run.file);
    } catch (error) {
      throw new ProviderError(
        "run/no-state-folder",
        `The folder '${folder}' cannot be written: ${messageOf(error)}`,
        "Set MLLD_ENV_STATE_DIR to a folder that can be written: what a run makes is noted there, so that it can be given back.",
      );
    }
    watchdog = startWatchdog(options.program, journal.path, error => {
      void emit({ event: "warning", message: `The watchdog of this run could not be started: ${error.message}` });
    });
    return journal;
  };
  const groups = {
    started: (group: number) => openJournal().group(group),
    ended: (group: number) => openJournal().groupEnded(group),
  };
  const local = createLocalProvider({ runId, variables: io.env, groups });
  const registry = options.registry(local);
  const environments = createRunEnvironments({
    registry,
    journal: openJournal,
    redactor,
    emit,
    keep: options.run.keep,
  });

  let crash: unknown;
  const exitCode = (end: SessionEnd | undefined) => {
    if (cancellation.reason === "timeout") return EXIT.timeout;
    if (cancellation.reason !== null && crash === undefined) return EXIT.cancelled;
    if (end === "usage") return EXIT.usage;
    if (end === "refused" || (facts.refused && !facts.ran)) return EXIT.refused;
    return end?.ok && !environments.lost ? EXIT.ok : EXIT.failed;
  };
  const finish = (end: SessionEnd | undefined) => {
    const code = exitCode(end);
    if (cancellation.reason !== null && crash === undefined)
      void emit({ event: "cancelled", reason: cancellation.reason });
    void emit({ event: "done", ok: code === EXIT.ok, exitCode: code, durationMs: Date.now() - started });
    return code;
  };

  const crashed = (error: unknown) => {
    crash ??= error;
    void emit({ event: "error", message: `The runner failed: ${messageOf(error)}`, code: "run/internal" });
    cancellation.cancel("signal");
  };
  process.on("uncaughtException", crashed);
  process.on("unhandledRejection", crashed);
  // The watchdog goes on where this process stops.
  cancellation.onLast = () => process.exit(finish(undefined));
  // A program may wait for something that never comes; the process must not end over it as if it were done.
  const alive = setInterval(() => {}, 60_000);
  cancellation.listen();
  if (options.run.timeoutMs !== null) cancellation.after(options.run.timeoutMs);
  cancellation.signal.addEventListener("abort", () => control?.release());

  const sweeping = new AbortController();
  void sweep(folder, registry, sweeping.signal).catch(error => {
    void emit({ event: "warning", message: `Looking for what earlier runs left failed: ${messageOf(error)}` });
  });

  let end: SessionEnd | undefined;
  try {
    await control?.started;
    const credentials = createCredentialStore({
      variables: io.env,
      stored: control?.secrets ?? new Map(),
      redactor,
      keychain: readKeychain,
    });
    end = await untilCancelled(
      body({ emit, environments, credentials, signal: cancellation.signal }),
      cancellation.signal,
    );
  } catch (error) {
    if (!cancellation.signal.aborted) crashed(error);
  }
  if (typeof end === "object" && end.document && !options.run.json) void out.write(redactor.text(end.document));
  await environments.closeAll();
  sweeping.abort();
  const code = finish(end);
  cancellation.onLast = () => process.exit(code);
  journal?.close();
  watchdog?.stdin?.destroy();
  await Promise.all([out.flush(FLUSH_MS), err.flush(FLUSH_MS)]);
  cancellation.dispose();
  clearInterval(alive);
  process.off("uncaughtException", crashed).off("unhandledRejection", crashed);
  control?.stop();
  return code;
}

/** Events after which a refusal is a failure: something has happened. */
const RUNS = new Set<RunEventBody["event"]>(["created", "command", "show", "result"]);

/** A program that is cancelled may ignore it: its environments end anyway. */
function untilCancelled<T>(work: Promise<T>, signal: AbortSignal): Promise<T | undefined> {
  return new Promise((resolve, reject) => {
    work.then(resolve, reject);
    signal.addEventListener("abort", () => setTimeout(resolve, NOTICE_MS, undefined), { once: true });
  });
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
