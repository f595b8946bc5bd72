import * as vscode from "vscode";
import type { EventRange, RunEvent } from "../../protocol/events";
import { plainText, withoutSequences } from "../../protocol/plain-text";
import { duration } from "./event-text";
import type { RunRecord, Runs } from "./runs";

/** Lines of standard error that a problem quotes. */
const QUOTED_LINES = 3;

/** Errors that only say again how a command ended. */
const REPEATS = new Set([
  "run/command-failed",
  "run/node-exception",
  "run/timeout",
  "run/out-of-memory",
  "run/environment-lost",
]);

/** Puts a problem on each statement that failed in a run, until its file is edited or the program runs again. */
export function showFailures(runs: Runs): vscode.Disposable {
  const problems = vscode.languages.createDiagnosticCollection("mlld-env run");
  /** Files with problems, by the program whose run put them there. */
  const marked = new Map<string, Set<string>>();
  const commands = new WeakMap<RunRecord, Map<number, { file: string; range: EventRange; stderr: string }>>();
  /** Places where a command of a run failed. */
  const failed = new WeakMap<RunRecord, { file: string; range: EventRange }[]>();

  /** When a file was last edited, moved or deleted, in this window: what a run says of it from before stands nowhere now. */
  const touched = new Map<string, number>();
  const touch = (uri: vscode.Uri) => {
    if (runs.running.length) touched.set(uri.fsPath, Date.now());
    if (problems.has(uri)) problems.delete(uri);
  };

  const add = (run: RunRecord, file: string, range: EventRange, message: string, code?: string) => {
    if ((touched.get(file) ?? 0) > run.started.getTime()) return;
    const uri = vscode.Uri.file(file);
    const program = run.request.file;
    marked.set(program, (marked.get(program) ?? new Set()).add(file));
    const problem = new vscode.Diagnostic(
      new vscode.Range(range.start.line, range.start.character, range.end.line, range.end.character),
      message,
      vscode.DiagnosticSeverity.Error,
    );
    problem.source = "mlld-env";
    if (code) problem.code = code;
    problems.set(uri, [...(problems.get(uri) ?? []), problem]);
  };

  const take = (run: RunRecord, event: RunEvent) => {
    let known = commands.get(run);
    if (!known) commands.set(run, (known = new Map()));
    if (event.event === "command") known.set(event.command, { file: event.file, range: event.range, stderr: "" });
    else if (event.event === "stderr") {
      const command = known.get(event.command);
      if (command) command.stderr = (command.stderr + event.text).slice(-2000);
    } else if (event.event === "exit") {
      const command = known.get(event.command);
      known.delete(event.command);
      const bad = event.outcome === "exited" ? event.exitCode !== 0 : event.outcome !== "cancelled";
      if (!command || !bad) return;
      failed.set(run, [...(failed.get(run) ?? []), command]);
      add(run, command.file, command.range, exitMessage(event, command.stderr), "run/command-failed");
    } else if (event.event === "error" && event.file && event.range) {
      const { file, range, code = "" } = event;
      const isTold = (place: { file: string; range: EventRange }) => place.file === file && meet(place.range, range);
      if (REPEATS.has(code) && failed.get(run)?.some(isTold)) return;
      add(run, file, range, plainText(event.message), event.code);
    }
  };

  return vscode.Disposable.from(
    problems,
    runs.onDidStart(run => {
      for (const file of marked.get(run.request.file) ?? []) problems.delete(vscode.Uri.file(file));
      marked.delete(run.request.file);
    }),
    runs.onEvent(({ run, event }) => take(run, event)),
    vscode.workspace.onDidChangeTextDocument(({ document, contentChanges }) => {
      if (contentChanges.length) touch(document.uri);
    }),
    vscode.workspace.onDidRenameFiles(({ files }) => files.map(({ oldUri }) => oldUri).forEach(touch)),
    vscode.workspace.onDidDeleteFiles(({ files }) => files.forEach(touch)),
  );
}

function meet(one: EventRange, other: EventRange): boolean {
  return one.start.line <= other.end.line && other.start.line <= one.end.line;
}

function exitMessage(event: Extract<RunEvent, { event: "exit" }>, stderr: string): string {
  const time = duration(event.durationMs);
  const words: Record<typeof event.outcome, string> = {
    exited: vscode.l10n.t("The last run ended here with exit code {0} after {1}.", event.exitCode ?? "?", time),
    timeout: vscode.l10n.t("The last run timed out here after {0}.", time),
    cancelled: vscode.l10n.t("The last run was stopped here after {0}.", time),
    memory: vscode.l10n.t("The last run ran out of memory here after {0}.", time),
    lost: vscode.l10n.t("The last run lost its environment here after {0}.", time),
  };
  const quoted = withoutSequences(stderr).trim().split("\n").slice(-QUOTED_LINES).join("\n");
  return quoted ? `${words[event.outcome]}\n${quoted}` : words[event.outcome];
}
