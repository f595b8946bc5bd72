import { isAbsolute } from "node:path";
import * as vscode from "vscode";
import { TASK_TYPE } from "../../protocol/commands";
import type { RunRequest } from "./run-request";
import { runTitle } from "./run-request";
import { RunTerminal } from "./run-terminal";
import { type Runs, shortPath } from "./runs";

interface RunTaskDefinition extends vscode.TaskDefinition {
  file?: unknown;
  line?: unknown;
  provider?: unknown;
  input?: unknown;
}

/** Tasks of type `mlld-env`, as people write them in tasks.json. */
export function taskProvider(runs: Runs): vscode.Disposable {
  return vscode.tasks.registerTaskProvider(TASK_TYPE, {
    // Blocks have lenses and a command: no task is made up for each of them.
    provideTasks: () => [],
    resolveTask: task => {
      const scope = task.scope;
      const folder = typeof scope === "object" ? scope : vscode.workspace.workspaceFolders?.[0];
      const request = requestOf(task.definition as RunTaskDefinition, folder?.uri);
      if (!request) return undefined;
      const execution = new vscode.CustomExecution(async () => {
        const pty = new RunTerminal({ closeAtEnd: true, shortPath });
        return new TaskTerminal(pty, () => void runs.startTask(pty, request).then(run => run ?? pty.refuse()));
      });
      const resolved = new vscode.Task(
        task.definition,
        scope ?? vscode.TaskScope.Workspace,
        runTitle(request),
        TASK_TYPE,
        execution,
        [],
      );
      resolved.detail = task.detail;
      return resolved;
    },
  });
}

/** The request of a task; undefined when the definition is not one that can run. */
function requestOf(definition: RunTaskDefinition, folder: vscode.Uri | undefined): RunRequest | undefined {
  const { file, line, provider, input } = definition;
  if (typeof file !== "string" || !file) return undefined;
  if (!isAbsolute(file) && !folder) return undefined;
  if (line !== undefined && !(Number.isInteger(line) && (line as number) > 0)) return undefined;
  const values =
    input && typeof input === "object" ? Object.entries(input).filter(([, value]) => typeof value === "string") : [];
  return {
    file: isAbsolute(file) ? file : vscode.Uri.joinPath(folder!, file).fsPath,
    ...(line === undefined ? {} : { line: line as number }),
    ...(typeof provider === "string" ? { provider } : {}),
    ...(values.length ? { input: Object.fromEntries(values) as Record<string, string> } : {}),
  };
}

/** Starts its run when VS Code opens it: before that nobody would see the output. */
class TaskTerminal implements vscode.Pseudoterminal {
  readonly onDidWrite;
  readonly onDidClose;
  readonly onDidChangeName;
  constructor(
    private readonly pty: RunTerminal,
    private readonly begin: () => void,
  ) {
    this.onDidWrite = pty.onDidWrite;
    this.onDidClose = pty.onDidClose;
    this.onDidChangeName = pty.onDidChangeName;
  }
  open(size: vscode.TerminalDimensions | undefined): void {
    this.pty.open(size);
    this.begin();
  }
  close(): void {
    this.pty.close();
  }
  setDimensions(size: vscode.TerminalDimensions): void {
    this.pty.setDimensions(size);
  }
  handleInput(data: string): void {
    this.pty.handleInput(data);
  }
}
