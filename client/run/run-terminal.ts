import type { ChildProcessWithoutNullStreams } from "node:child_process";
import * as vscode from "vscode";
import { INITIAL_CREDIT, type TerminalSize } from "../../protocol/control";
import type { RunEvent } from "../../protocol/events";
import { LineEditor } from "../../protocol/line-editor";
import { SecretPrompt } from "../../protocol/secret-prompt";
import { EventText } from "./event-text";
import { PacedOutput } from "./paced-output";
import { type RunEnd, RunProcess, type RunTrouble } from "./run-process";
import { type RunRequest, runTitle } from "./run-request";

/** Credit goes back to the run in parts of this size, in bytes. */
const CREDIT_PART = INITIAL_CREDIT / 8;
/** Exit code of a run that cannot begin: its file is gone, say. */
const USAGE = 2;
/** After a run its last Enter may still be on its way: it must not start another one. Milliseconds. */
const REST_MS = 400;

export interface RunObserver {
  event(event: RunEvent): void;
  /** Text as the terminal got it, for the history. */
  text(text: string): void;
  end(end: RunEnd): void;
}

export interface RunContext {
  child: ChildProcessWithoutNullStreams;
  secrets: Record<string, string>;
  /** Starts the same request again. */
  again: () => void;
}

/** A terminal that shows runs, one after the other, and stops the one that runs when it is closed. */
export class RunTerminal implements vscode.Pseudoterminal {
  private readonly written = new vscode.EventEmitter<string>();
  private readonly closed = new vscode.EventEmitter<number>();
  private readonly renamed = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.written.event;
  readonly onDidClose = this.closed.event;
  readonly onDidChangeName = this.renamed.event;

  private readonly output = new PacedOutput(
    text => this.written.fire(text),
    bytes => this.credit(bytes),
  );
  private process: RunProcess | undefined;
  private observer: RunObserver | undefined;
  private begin: (() => void) | undefined;
  private opened = false;
  private again: (() => void) | undefined;
  private endedAt = 0;
  private owed = 0;
  private size: TerminalSize | undefined;
  private text: EventText | undefined;
  private prompt = new SecretPrompt();
  private readonly editor = new LineEditor(() => this.prompt.asks);

  /** `closeAtEnd`: the terminal of a task ends with its run. */
  constructor(private readonly options: { closeAtEnd: boolean; shortPath: (file: string) => string }) {}

  get busy(): boolean {
    return this.process !== undefined;
  }

  /** Starts a run; the terminal must be idle. Its process loads at once, its first command waits until the terminal is open. */
  run(request: RunRequest, context: RunContext, observer: RunObserver): void {
    const text = new EventText({
      t: (message, ...places) => vscode.l10n.t(message, ...places),
      shortPath: this.options.shortPath,
      dryRun: request.dryRun ?? false,
    });
    this.observer = observer;
    this.text = text;
    this.prompt = new SecretPrompt();
    this.editor.clear();
    this.again = undefined;
    this.renamed.fire(runTitle(request));
    this.show(text.opening(runTitle(request)));
    const process = new RunProcess(context.child, {
      event: event => {
        const bytes = event.event === "stdout" || event.event === "stderr" ? Buffer.byteLength(event.text) : 0;
        if (event.event === "stdout" || event.event === "stderr" || event.event === "show")
          this.prompt.push(event.text);
        else if (event.event === "exit") this.prompt.push("\n");
        this.show(text.of(event), bytes);
        observer.event(event);
      },
      end: end => {
        if (end.trouble) this.show(text.failure(troubleText(end.trouble)));
        this.process = undefined;
        this.observer = undefined;
        if (this.options.closeAtEnd) void this.closeWith(end.exitCode ?? 1);
        else {
          this.again = context.again;
          this.endedAt = Date.now();
          this.show(text.notice(vscode.l10n.t("Press Enter to run it again.")));
        }
        observer.end(end);
      },
    });
    this.process = process;
    this.owed = 0;
    this.begin = () => process.send({ type: "start", secrets: context.secrets, terminal: this.size });
    if (this.opened) this.start();
  }

  /** Asks the run to stop; does nothing when none runs. */
  cancel(): void {
    if (!this.process || this.process.stopping) return;
    this.show(`\r\n\x1b[33m${vscode.l10n.t("Stopping…")}\x1b[0m\r\n`);
    this.process.cancel();
  }

  /** Ends the terminal of a task that may not run. */
  refuse(): void {
    this.output.write(`\x1b[31m${vscode.l10n.t("This workspace is not trusted: nothing runs in it.")}\x1b[0m\r\n`);
    void this.closeWith(3);
  }

  open(size: vscode.TerminalDimensions | undefined): void {
    this.opened = true;
    this.size = size;
    this.output.open();
    this.start();
  }

  close(): void {
    this.output.close();
    this.process?.cancel();
  }

  setDimensions({ columns, rows }: vscode.TerminalDimensions): void {
    this.size = { columns, rows };
    this.process?.send({ type: "resize", terminal: this.size });
  }

  handleInput(raw: string): void {
    const data = this.output.input(raw);
    if (!data) return;
    if (!this.process) {
      if (data === "\r" && Date.now() - this.endedAt > REST_MS) this.again?.();
      return;
    }
    for (const typed of this.editor.type(data)) {
      if (typed.kind === "interrupt") this.cancel();
      else if (typed.kind === "end") this.process?.send({ type: "input-end" });
      else if (typed.kind === "input")
        this.process?.send({ type: "input", text: typed.text, ...(typed.secret && { secret: true }) });
      else {
        // Of the echo only the line end counts: what is typed ahead stands before the question.
        if (typed.text.includes("\n")) this.prompt.push("\n");
        this.show(this.text!.typed(typed.text));
      }
    }
  }

  private start(): void {
    this.begin?.();
    this.begin = undefined;
  }

  private show(text: string, bytes = 0): void {
    this.output.write(text, bytes);
    if (text) this.observer?.text(text);
  }

  private credit(bytes: number): void {
    this.owed += bytes;
    if (this.owed < CREDIT_PART) return;
    this.process?.send({ type: "credit", bytes: this.owed });
    this.owed = 0;
  }

  private async closeWith(code: number): Promise<void> {
    await this.output.flushed();
    this.closed.fire(code);
  }
}

function troubleText(trouble: RunTrouble): string {
  const { t } = vscode.l10n;
  if (trouble.kind === "not-started") return t("The runner could not be started: {0}", trouble.cause);
  // The command line has said why it could not even begin.
  if (trouble.exitCode === USAGE && trouble.said) return trouble.said.replace(/^mlld-env: /, "");
  const how = trouble.signal
    ? t("The run was ended by {0}.", trouble.signal)
    : t("The run ended with exit code {0} without a result.", trouble.exitCode ?? "?");
  return trouble.said ? `${how}\n${trouble.said}` : how;
}
