import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import type { RunEvent } from "../../protocol/events";
import type { Runs } from "./runs";

/** Errors of a run that a credential in the editor's secret storage mends. */
const MISSING = new Set(["AUTH_NOT_CONFIGURED", "ENV_AUTH_MISSING", "KEYCHAIN_ENTRY_MISSING", "auth/undefined"]);

/** Offers to set a credential that a run did not find; once for each name, until the window is closed. */
export function offerMissingCredentials(runs: Runs): vscode.Disposable {
  const offered = new Set<string>();
  return runs.onEvent(({ event }) => {
    for (const name of missingNames(event)) {
      if (offered.has(name)) continue;
      offered.add(name);
      const set = vscode.l10n.t("Set Credential…");
      void vscode.window
        .showInformationMessage(vscode.l10n.t("The run found no credential {0}. It can be kept here.", name), set)
        .then(choice => {
          if (choice === set) return vscode.commands.executeCommand("mlldEnv.secrets.set" satisfies CommandId, name);
        });
    }
  });
}

function missingNames(event: RunEvent): string[] {
  const told =
    event.event === "error"
      ? [{ code: event.code ?? "", message: event.message }]
      : event.event === "refused"
        ? event.findings
        : [];
  return told.flatMap(({ code, message }) =>
    MISSING.has(code) ? (/auth '([\w-]+)'/.exec(message)?.slice(1) ?? []) : [],
  );
}
