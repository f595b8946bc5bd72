import { modeOf } from "../../language/syntax";
import type { RunEventBody } from "../../protocol/events";
import { messageOf } from "../../protocol/message-of";
import { createCredentialStore } from "../../runtime/environments/credentials";
import { EnvironmentLogs } from "../../runtime/environments/environment-log";
import { readKeychain } from "../../runtime/environments/keychain";
import {
  createRunEnvironments,
  type OpenEnvironments,
  type SpareSeed,
} from "../../runtime/environments/open-environments";
import { sweep } from "../../runtime/environments/recovery";
import { redactEvents } from "../../runtime/environments/redacted-events";
import { MIN_SECRET_LENGTH, Redactor } from "../../runtime/environments/redactor";
import type { CredentialStore, RunServices } from "../../runtime/evaluator";
import { spritesToken } from "../backends";
import { EXIT, type Io } from "../io";
import { Cancellation, type CancelReason } from "./cancellation";
import { EditorControl } from "./control";
import type { ControlLines } from "./control-lines";
import type { Ground } from "./ground";
import { jsonOutput } from "./json-output";
import type { RunOptions } from "./options";
import { OutputStream } from "./output-stream";
import { Refusal } from "./refusal";
import type { SpareEnvironment } from "./spare-environment";
import type { StandardInput } from "./terminal-input";
import { textOutput } from "./text-output";

/** What the program of a run gets to work with. */
export interface SessionParts {
  emit: (event: RunEventBody) => void | Promise<void>;
  environments: OpenEnvironments;
  /** For providers written in mlld: what their own commands say is not the program's, and they still release when the run has ended. */
  aside: Pick<SessionParts, "emit" | "environments">;
  credentials: CredentialStore;
  input: RunServices["input"];
  terminal: RunServices["terminal"];
  signal: AbortSignal;
}

/**
 * How the program of a run ended. `refused`: before anything ran, and it said so in a `refused` event; `usage`: there is nothing to run.
 * The document of a markdown program is printed in place of what its parts print.
 */
export type SessionEnd = { ok: boolean; document?: string | null } | "refused" | "usage";

export interface SessionOptions {
  run: Pick<RunOptions, "json" | "control" | "keep" | "timeoutMs" | "file" | "dryRun">;
  ground: Ground;
  /** What the editor says; set where `run.control` is. */
  control: ControlLines | null;
  /** Standard input, where commands read it. */
  input?: StandardInput | null;
  /** An environment that was made ahead. */
  spare?: SpareEnvironment;
}

/** How long a reader may take for the last of the output. Milliseconds. */
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
  const out = new OutputStream(io.stdout, cause => unwritable(cause));
  const err = new OutputStream(io.stderr, () => {});
  const { ground } = options;
  const control = options.control ? new EditorControl(options.control, () => cancellation.cancel("user")) : null;
  const write = options.run.json
    ? jsonOutput(out, control)
    : textOutput(out, err, {
        cwd: io.cwd,
        silent: modeOf(options.run.file) === "markdown",
        dryRun: options.run.dryRun,
      });
  const redactor = new Redactor();
  const logs = new EnvironmentLogs(ground.folder, ground.runId, cause => {
    ground.warn(`What runs in kept environments cannot be logged: ${cause.message}`);
  });
  const refusal = new Refusal(options.run.file);
  const emit = redactEvents(redactor, said => {
    if (said.event === "stdout" || said.event === "stderr" || said.event === "show") options.input?.printed(said.text);
    const event = refusal.told(said);
    logs.take(event);
    return write(event);
  });

  ground.warn = message => void emit({ event: "warning", message });
  const keepSecret = (value: string) => {
    // A shorter one cannot be told from ordinary text.
    if (value.trim().length >= MIN_SECRET_LENGTH) redactor.add("typed", value);
  };
  if (options.input) options.input.onSecret = keepSecret;
  if (control) {
    control.onSecret = keepSecret;
    control.onOverflow = () => ground.warn("No command reads what was typed: it is too long to wait, and was dropped.");
  }
  const terminal = () => {
    if (control) return control.terminal;
    return out.isTerminal ? { columns: io.stdout.columns || 80, rows: io.stdout.rows || 24 } : null;
  };
  const shared = { registry: ground.registry, journal: () => ground.journal(), redactor };
  const kept = (name: string, created: boolean) => logs.keep(name, created);
  const environments = createRunEnvironments({ ...shared, emit, kept, keep: options.run.keep, spare: options.spare });
  const quietly = (event: RunEventBody) => (ASIDE.has(event.event) ? emit(event) : undefined);
  const aside = { emit: quietly, environments: createRunEnvironments({ ...shared, emit: quietly }) };

  let crash: unknown;
  const finish = (end: SessionEnd | undefined) => {
    const { reason } = cancellation;
    const ok = typeof end === "object" && end.ok && !environments.lost;
    const refused = end === "refused" || refusal.holds;
    const code = exitCodeOf({ reason, crashed: crash !== undefined, usage: end === "usage", refused, ok });
    if (reason !== null && crash === undefined) void emit({ event: "cancelled", reason });
    const spare = control && seedOf(environments, redactor);
    void emit({
      event: "done",
      ok: code === EXIT.ok,
      exitCode: code,
      durationMs: Date.now() - started,
      ...(spare && { spare }),
    });
    return code;
  };

  const crashed = (error: unknown) => {
    crash ??= error;
    void emit({ event: "error", message: `The runner failed: ${messageOf(error)}`, code: "run/internal" });
    cancellation.cancel("signal");
  };
  const unwritable = ({ code = "", message }: NodeJS.ErrnoException) => {
    if (!DISK_FAULTS.has(code)) return cancellation.cancel("signal");
    crash ??= code;
    void err.writeOwn(`mlld-env run: standard output cannot be written: ${message}\n`);
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
  let end: SessionEnd | undefined;
  try {
    await control?.started;
    cancellation.signal.throwIfAborted();
    ground.stored = control?.secrets ?? ground.stored;
    const token = spritesToken(io.env, ground.stored);
    if (token !== null && token.trim().length >= MIN_SECRET_LENGTH) redactor.add("the token of Sprites", token);
    const credentials = createCredentialStore({
      variables: io.env,
      stored: control?.secrets ?? new Map(),
      redactor,
      keychain: readKeychain,
    });
    const input = control?.input ?? options.input ?? null;
    const work = body({ emit, environments, aside, credentials, input, terminal, signal: cancellation.signal });
    // Once the program has said how modules are loaded: a dead run may have had one for a provider.
    void sweep(ground.folder, ground.registry, sweeping.signal).catch(error => {
      ground.warn(`Looking for what earlier runs left failed: ${messageOf(error)}`);
    });
    end = await cancellation.until(work);
  } catch (error) {
    if (!cancellation.signal.aborted) crashed(error);
  }
  if (typeof end === "object" && end.document && !options.run.json) {
    void out.write(redactor.text(end.document));
    // A file that takes no more says so in the next turn.
    await new Promise(resolve => setImmediate(resolve));
  }
  await Promise.all([environments.closeAll(), options.spare?.release()]);
  await aside.environments.closeAll();
  sweeping.abort();
  logs.close();
  const code = finish(end);
  cancellation.onLast = () => process.exit(code);
  ground.close();
  await Promise.all([out.flush(FLUSH_MS), err.flush(FLUSH_MS)]);
  cancellation.dispose();
  clearInterval(alive);
  process.off("uncaughtException", crashed).off("unhandledRejection", crashed);
  control?.stop();
  options.input?.dispose();
  return code;
}

/** Why a run was ended counts before how its program ended. */
function exitCodeOf(run: {
  reason: CancelReason | null;
  crashed: boolean;
  usage: boolean;
  refused: boolean;
  ok: boolean;
}): number {
  if (run.reason === "timeout") return EXIT.timeout;
  if (run.crashed) return EXIT.failed;
  if (run.reason !== null) return EXIT.cancelled;
  if (run.usage) return EXIT.usage;
  if (run.refused) return EXIT.refused;
  return run.ok ? EXIT.ok : EXIT.failed;
}

/** What a provider written in mlld may say in the middle of a run. */
const ASIDE = new Set<RunEventBody["event"]>(["warning", "progress", "denied"]);

/** What the editor hands to a spare process. A spec with a secret in it stays here. */
function seedOf({ seed }: OpenEnvironments, redactor: Redactor): SpareSeed | null {
  return seed && JSON.stringify(redactor.value(seed)) === JSON.stringify(seed) ? seed : null;
}

/** Standard output is a file that takes no more: a fault. Every other one means that nobody reads any more. */
const DISK_FAULTS: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);
