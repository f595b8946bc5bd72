import * as vscode from "vscode";
import { COMMANDS, type CommandId } from "../protocol/commands";
import { issueFacts, reportIssue, showDoctor } from "./doctor";
import { Documents } from "./documents";
import { openExample } from "./examples";
import { explain } from "./explain";
import { Activity } from "./explorer/activity";
import { explorerCommands } from "./explorer/commands";
import { EnvironmentsView } from "./explorer/environments-view";
import { Inspections } from "./explorer/inspections";
import { noticeMended } from "./first-steps";
import type { Language } from "./language";
import { keepPathOfTerminals } from "./path-of-terminals";
import type { Program } from "./program";
import { runCommands } from "./run/commands";
import { showFailures } from "./run/failures";
import { offerMissingCredentials } from "./run/missing-credentials";
import { Runs } from "./run/runs";
import { showRunning } from "./run/status-bar";
import { stopLenses } from "./run/stop-lens";
import { taskProvider } from "./run/tasks";
import { Secrets } from "./secrets";
import { engineVariables } from "./settings";

type Handler = (...args: unknown[]) => unknown;

/** What the tests of the extension look into. */
export interface Inside {
  runs: Runs;
  view: EnvironmentsView;
  secrets: Secrets;
  language: () => Promise<Language>;
  issueFacts: () => Promise<string>;
}

let language: Promise<Language> | undefined;

/** Registers everything and starts the language server; runner, explorer and engine code load on first use. */
export function activate(context: vscode.ExtensionContext): Inside {
  const log = vscode.window.createOutputChannel("mlld Environments", { log: true });
  const cli = vscode.Uri.joinPath(context.extensionUri, "dist", "cli.js").fsPath;
  const documents = new Documents();
  const secrets = new Secrets(context);
  const program: Program = { cli, variables: engineVariables, credentials: secrets.ofBackends };
  const runs = new Runs(program, () => secrets.values());
  const activity = new Activity(runs);
  const view = new EnvironmentsView(program, activity, context.workspaceState, log);
  const inspections = new Inspections(view, documents, log);
  const server = () => (language ??= startServer(context.extensionUri, log));
  const version = String(context.extension.packageJSON.version);
  const facts = async () => issueFacts(program, Object.values(await secrets.values()), version);

  const handlers: Record<CommandId, Handler> = {
    ...runCommands(runs, server, documents),
    ...explorerCommands(view, program, documents, inspections, server),
    "mlldEnv.explain": explain(server, documents),
    "mlldEnv.secrets.set": name => secrets.askToSet(name),
    "mlldEnv.secrets.list": () => secrets.list(),
    "mlldEnv.secrets.remove": () => secrets.askToRemove(),
    "mlldEnv.doctor": () => showDoctor(program, documents, version),
    "mlldEnv.reportIssue": async () => reportIssue(await facts(), context.extension.id),
    "mlldEnv.openExample": name => openExample(context, name),
    "mlldEnv.openWalkthrough": () =>
      vscode.commands.executeCommand("workbench.action.openWalkthrough", `${context.extension.id}#start`, false),
    "mlldEnv.showLog": () => log.show(),
    "mlldEnv.restartServer": async () => (await server()).restart(),
  };
  context.subscriptions.push(
    log,
    documents,
    runs,
    view,
    inspections,
    activity,
    showFailures(runs),
    showRunning(runs),
    offerMissingCredentials(runs),
    noticeMended(),
    stopLenses(runs),
    taskProvider(runs),
    keepPathOfTerminals(context, cli, log),
    ...(Object.keys(COMMANDS) as CommandId[]).map(id => vscode.commands.registerCommand(id, handlers[id])),
  );
  // After activation, which the editor waits for: loading the language client takes longer than all the rest.
  const soon = setImmediate(() => {
    server().catch(error => tellStartFailure(error, log));
  });
  context.subscriptions.push({ dispose: () => clearImmediate(soon) });
  return { runs, view, secrets, language: server, issueFacts: facts };
}

export async function deactivate(): Promise<void> {
  const started = language;
  language = undefined;
  // A server that never started has nothing to stop; its failure is in the log.
  await started?.then(
    running => running.stop(),
    () => undefined,
  );
}

async function startServer(extension: vscode.Uri, log: vscode.LogOutputChannel): Promise<Language> {
  const { startLanguage } = await import("./language-client");
  return startLanguage(extension, log);
}

function tellStartFailure(error: unknown, log: vscode.LogOutputChannel): void {
  log.error(`The language server could not be started: ${String(error)}`);
  const show = vscode.l10n.t("Show Log");
  void vscode.window
    .showErrorMessage(vscode.l10n.t("The language server of mlld Environments could not be started."), show)
    .then(choice => choice === show && log.show());
}
