import * as vscode from "vscode";
import { type CommandId, LANGUAGE_ID } from "../../protocol/commands";
import { setting } from "../settings";
import type { RunRecord, Runs } from "./runs";

/** An editor that loses the focus at that moment forgets that it was told of a change. Milliseconds. */
const ASK_AGAIN_MS = 800;

/** A run that ends sooner is never stopped by hand: no lens comes and goes for it. Milliseconds. */
const SHORT_MS = 700;

/** A *Stop* beside the lenses of a block while it runs. Those lenses keep the line there, so no text moves; without them there is none. */
export function stopLenses(runs: Runs): vscode.Disposable {
  const changed = new vscode.EventEmitter<void>();
  let later: NodeJS.Timeout | undefined;
  let shown = false;
  const listening = runs.onDidChange(() => {
    if (shown) changed.fire();
    clearTimeout(later);
    later = setTimeout(() => changed.fire(), ASK_AGAIN_MS);
  });
  const provider: vscode.CodeLensProvider = {
    onDidChangeCodeLenses: changed.event,
    provideCodeLenses: document => {
      if (!setting("codeLens.run", document.uri) && !setting("codeLens.explain", document.uri)) return [];
      const old = runs.running.filter(({ started }) => Date.now() - started.getTime() > SHORT_MS);
      shown = old.length > 0;
      return old.flatMap(run => {
        const line = lineIn(run, document);
        if (line === undefined) return [];
        const command = {
          title: `$(debug-stop)\u00a0${vscode.l10n.t("Stop")}`,
          command: "mlldEnv.stop" satisfies CommandId,
          arguments: [document.uri.toString(), line],
        };
        return [new vscode.CodeLens(new vscode.Range(line, 0, line, 0), command)];
      });
    },
  };
  return vscode.Disposable.from(
    vscode.languages.registerCodeLensProvider({ language: LANGUAGE_ID, scheme: "file" }, provider),
    listening,
    changed,
    { dispose: () => clearTimeout(later) },
  );
}

/** Zero-based line of the block that a run runs, when it is in this document. */
function lineIn({ request }: RunRecord, document: vscode.TextDocument): number | undefined {
  if (request.line === undefined || document.uri.fsPath !== request.file) return undefined;
  return request.line <= document.lineCount ? request.line - 1 : undefined;
}
