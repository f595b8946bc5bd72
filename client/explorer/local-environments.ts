import { dirname } from "node:path";
import * as vscode from "vscode";
import type { ExplorerEnvironment, FileChange } from "../../protocol/explorer";
import type { RunRecord } from "../run/runs";

/** Files that change together are told together. Milliseconds. */
const SETTLE_MS = 300;
/** What tools keep for themselves. */
const OWN_FOLDERS = /[\\/](\.git|node_modules)[\\/]/;

interface Local {
  environment: ExplorerEnvironment;
  changes: Map<string, FileChange["kind"]>;
  watcher: vscode.FileSystemWatcher;
}

/** Environments that are processes of this machine, while their run lives, with the files that change in their folder meanwhile. */
export class LocalEnvironments implements vscode.Disposable {
  private readonly live = new Map<string, Local>();

  /** `changed` is told the name of an environment in whose folder files have changed. */
  constructor(private readonly changed: (name: string) => void) {}

  get environments(): ExplorerEnvironment[] {
    return [...this.live.values()].map(({ environment }) => environment);
  }

  /** Undefined for an environment that is none of these. */
  changes(name: string): FileChange[] | undefined {
    const local = this.live.get(name);
    return local && [...local.changes].sort().map(([path, kind]) => ({ path, kind }));
  }

  begin(name: string, run: RunRecord): void {
    const folder = vscode.Uri.file(dirname(run.request.file));
    const watcher = vscode.workspace.createFileSystemWatcher(new vscode.RelativePattern(folder, "**/*"));
    const changes: Local["changes"] = new Map();
    let timer: NodeJS.Timeout | undefined;
    const seen = (uri: vscode.Uri, kind: FileChange["kind"]) => {
      if (OWN_FOLDERS.test(uri.fsPath)) return;
      const before = changes.get(uri.fsPath);
      if (kind === "deleted" && before === "added") changes.delete(uri.fsPath);
      else if (kind !== "changed" || before !== "added") changes.set(uri.fsPath, kind);
      if (timer) return;
      timer = setTimeout(() => {
        timer = undefined;
        if (this.live.has(name)) this.changed(name);
      }, SETTLE_MS);
    };
    watcher.onDidCreate(uri => seen(uri, "added"));
    watcher.onDidChange(uri => seen(uri, "changed"));
    watcher.onDidDelete(uri => seen(uri, "deleted"));
    this.live.set(name, { environment: localEnvironment(name, run), changes, watcher });
  }

  /** False when it is none of these. */
  end(name: string): boolean {
    this.live.get(name)?.watcher.dispose();
    return this.live.delete(name);
  }

  dispose(): void {
    for (const name of [...this.live.keys()]) this.end(name);
  }
}

function localEnvironment(name: string, { request, started }: RunRecord): ExplorerEnvironment {
  return {
    name,
    provider: "local",
    state: "running",
    image: "",
    engine: vscode.l10n.t("this machine"),
    workspace: vscode.workspace.getWorkspaceFolder(vscode.Uri.file(request.file))?.uri.fsPath ?? "",
    file: request.file,
    ...(request.line === undefined ? {} : { line: request.line }),
    createdAt: started.toISOString(),
    abilities: ["changes"],
  };
}
