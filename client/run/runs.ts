import { dirname } from "node:path";
import * as vscode from "vscode";
import type { RunEvent } from "../../protocol/events";
import { type Program, startProgram } from "../program";
import { setting } from "../settings";
import { mayRun } from "../trust";
import type { RunEnd } from "./run-process";
import { type RunRequest, runArguments, runKey, runTitle } from "./run-request";
import { RunTerminal } from "./run-terminal";
import { Spare } from "./spare";

/** Runs kept in the history, and the text kept of each, in UTF-16 units. */
const HISTORY_LENGTH = 30;
const HISTORY_TEXT = 256 * 1024;

export interface RunRecord {
  readonly request: RunRequest;
  readonly title: string;
  readonly started: Date;
  state: "running" | "done" | "failed" | "cancelled" | "refused";
  durationMs?: number;
  /** What the terminal showed, its end when it was long. */
  text: string;
  readonly terminal: RunTerminal;
}

interface Slot {
  key: string;
  pty: RunTerminal;
  terminal: vscode.Terminal;
}

/** The runs of this window: which run now, which have been, and the terminals they use. */
export class Runs implements vscode.Disposable {
  private readonly changed = new vscode.EventEmitter<void>();
  private readonly events = new vscode.EventEmitter<{ run: RunRecord; event: RunEvent }>();
  private readonly started = new vscode.EventEmitter<RunRecord>();
  /** A run has started or ended. */
  readonly onDidChange = this.changed.event;
  readonly onDidStart = this.started.event;
  readonly onEvent = this.events.event;
  /** Newest first. */
  readonly history: RunRecord[] = [];
  private slots: Slot[] = [];
  private readonly closing: vscode.Disposable;
  private readonly spare: Spare;
  private disposed = false;

  constructor(
    private readonly program: Program,
    private readonly secrets: () => Promise<Record<string, string>>,
  ) {
    this.spare = new Spare(program);
    this.closing = vscode.window.onDidCloseTerminal(terminal => {
      this.slots = this.slots.filter(slot => slot.terminal !== terminal);
    });
  }

  get running(): RunRecord[] {
    return this.history.filter(run => run.state === "running");
  }

  get last(): RunRecord | undefined {
    return this.history[0];
  }

  /** Runs a request in a terminal. Resolves when it has started; undefined when the workspace is not trusted. */
  async start(request: RunRequest): Promise<RunRecord | undefined> {
    if (!(await mayRun())) return undefined;
    const secrets = await this.secrets();
    const slot = this.slotFor(request);
    slot.terminal.show(setting("terminal.focus") !== "always");
    return this.runIn(slot.pty, request, secrets);
  }

  /** Runs a request in a terminal that a task brings along. */
  async startTask(pty: RunTerminal, request: RunRequest): Promise<RunRecord | undefined> {
    if (!(await mayRun())) return undefined;
    return this.runIn(pty, request, await this.secrets());
  }

  stop(run: RunRecord): void {
    run.terminal.cancel();
  }

  /** Shows the terminal of a run where it still lives; false when it is gone. */
  reveal(run: RunRecord): boolean {
    const slot = this.slots.find(candidate => candidate.pty === run.terminal);
    slot?.terminal.show();
    return slot !== undefined;
  }

  dispose(): void {
    for (const run of this.running) run.terminal.close();
    this.disposed = true;
    this.spare.dispose();
    this.closing.dispose();
    this.changed.dispose();
    this.events.dispose();
    this.started.dispose();
  }

  private runIn(pty: RunTerminal, request: RunRequest, secrets: Record<string, string>): RunRecord {
    const run: RunRecord = {
      request,
      title: runTitle(request),
      started: new Date(),
      state: "running",
      text: "",
      terminal: pty,
    };
    this.history.unshift(run);
    // What still runs stays in the list however long it is.
    for (let i = this.history.length - 1; i >= HISTORY_LENGTH; i--)
      if (this.history[i]!.state !== "running") this.history.splice(i, 1);
    this.started.fire(run);
    let spare: unknown;
    const folder =
      vscode.workspace.getWorkspaceFolder(vscode.Uri.file(request.file))?.uri.fsPath ?? dirname(request.file);
    const args = runArguments(request);
    const child = this.spare.take(args, folder) ?? startProgram(this.program, args, folder);
    pty.run(
      request,
      { child, secrets, again: () => void this.again(pty, request) },
      {
        event: event => {
          if (event.event === "done") spare = event.spare;
          if (event.event === "cancelled") run.state = event.reason === "timeout" ? "failed" : "cancelled";
          else if (event.event === "refused") run.state = "refused";
          this.events.fire({ run, event });
        },
        text: text => {
          run.text = (run.text + text).slice(-HISTORY_TEXT);
        },
        end: end => {
          this.ended(run, end);
          if (this.running.length === 0 && !this.disposed) this.spare.prepare(spare, folder);
        },
      },
    );
    this.changed.fire();
    return run;
  }

  private async again(pty: RunTerminal, request: RunRequest): Promise<void> {
    if (pty.busy || !(await mayRun())) return;
    this.runIn(pty, request, await this.secrets());
  }

  private ended(run: RunRecord, end: RunEnd): void {
    if (run.state === "running") run.state = end.exitCode === 0 ? "done" : "failed";
    run.durationMs = Date.now() - run.started.getTime();
    if (run.state !== "done" && run.state !== "cancelled" && setting("terminal.focus") === "onFailure")
      this.slots.find(slot => slot.pty === run.terminal)?.terminal.show(false);
    this.changed.fire();
  }

  /** An idle terminal as the setting asks for it, or a new one. */
  private slotFor(request: RunRequest): Slot {
    const reuse = setting("terminal.reuse");
    const key = reuse === "always" ? "" : runKey(request);
    const found = reuse === "never" ? undefined : this.slots.find(slot => slot.key === key && !slot.pty.busy);
    if (found) return found;
    const pty = new RunTerminal({ closeAtEnd: false, shortPath });
    const terminal = vscode.window.createTerminal({
      name: runTitle(request),
      pty,
      iconPath: new vscode.ThemeIcon("play"),
      isTransient: true,
    });
    const slot = { key, pty, terminal };
    this.slots.push(slot);
    return slot;
  }
}

/** Relative to the workspace folder, as the terminal resolves links; it does not where folders stand side by side. */
export function shortPath(file: string): string {
  const folders = vscode.workspace.workspaceFolders ?? [];
  return folders.length > 1 ? file : vscode.workspace.asRelativePath(file);
}
