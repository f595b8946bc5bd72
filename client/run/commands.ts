import * as vscode from "vscode";
import type { CommandId } from "../../protocol/commands";
import { withoutSequences } from "../../protocol/plain-text";
import { type BlockPlace, blockAt, mlldEditor, pickBlock, placeOf } from "../blocks";
import type { Documents } from "../documents";
import type { Language } from "../language";
import { setting } from "../settings";
import { mayRun } from "../trust";
import type { RunRequest } from "./run-request";
import { RUN_ICONS, runId, runOutcome } from "./run-words";
import type { RunRecord, Runs } from "./runs";

type Handler = (...args: unknown[]) => unknown;
type Change = (request: RunRequest) => Promise<RunRequest | undefined> | RunRequest | undefined;

/** The commands that start, stop and list runs. */
export function runCommands(runs: Runs, language: () => Promise<Language>, documents: Documents) {
  const { l10n, window } = vscode;

  /** Runs the block of a lens, or the one that the person chooses; `change` adds what else was asked. */
  const block = (choose: () => Promise<BlockPlace | undefined>, change: Change = request => request): Handler => {
    return async (uri, line) => {
      if (!(await mayRun())) return undefined;
      const place = placeOf(uri, line) ?? (await choose());
      const file = place && (await fileOnDisk(place.uri));
      if (!place || !file) return undefined;
      const request = await change({ file, line: place.line + 1, ...timeout(place.uri) });
      return request && (await runs.start(request)) !== undefined ? request : undefined;
    };
  };
  const pick = (title: string) => async () => pickBlock(await language(), title);
  const atCursor = async (): Promise<BlockPlace | undefined> => {
    const editor = mlldEditor();
    if (!editor) return undefined;
    const found = blockAt(await (await language()).blocks(editor.document.uri), editor.selection.active.line);
    if (found) return { uri: editor.document.uri, line: found.range.start.line };
    void window.showInformationMessage(l10n.t("This file has no env block."));
    return undefined;
  };

  /** The terminal of a run, or what it showed once that is closed. */
  const show = async (run: RunRecord | undefined) => {
    if (run && !runs.reveal(run))
      await documents.show("run", `${run.title}.txt`, withoutSequences(run.text), "plaintext");
  };

  return {
    "mlldEnv.runBlock": block(pick(l10n.t("Run Env Block"))),
    "mlldEnv.runAtCursor": block(atCursor),
    "mlldEnv.runWithInput": block(pick(l10n.t("Run with Input")), askInput),
    "mlldEnv.runElsewhere": block(pick(l10n.t("Run in Another Environment")), askProvider),
    "mlldEnv.dryRun": block(atCursor, request => ({ ...request, dryRun: true })),
    "mlldEnv.runFile": async given => {
      if (!(await mayRun())) return;
      const uri = given instanceof vscode.Uri ? given : mlldEditor()?.document.uri;
      const file = uri && (await fileOnDisk(uri));
      if (file) await runs.start({ file, ...timeout(uri) });
    },
    "mlldEnv.runAgain": async () => {
      if (!(await mayRun())) return;
      const last = runs.last;
      if (!last) return void window.showInformationMessage(l10n.t("Nothing has run yet in this window."));
      await fileOnDisk(vscode.Uri.file(last.request.file));
      await runs.start(last.request);
    },
    "mlldEnv.stop": async (uri, line) => {
      const place = placeOf(uri, line);
      const of = ({ request }: RunRecord) => request.file === place?.uri.fsPath && request.line === place.line + 1;
      const running = place ? runs.running.filter(of) : runs.running;
      const run = running.length > 1 ? await pickRun(running, l10n.t("Stop Run")) : running[0];
      if (run) runs.stop(run);
    },
    "mlldEnv.history": async () => {
      if (!runs.history.length)
        return void window.showInformationMessage(l10n.t("Nothing has run yet in this window."));
      await show(await pickRun(runs.history, l10n.t("Runs of this window")));
    },
    "mlldEnv.environments.openRun": async node => {
      const run = runs.history.find(candidate => runId(candidate) === (node as { run?: unknown } | undefined)?.run);
      if (!run) return void window.showInformationMessage(l10n.t("The output of this run is no longer kept."));
      await show(run);
    },
  } satisfies Partial<Record<CommandId, Handler>>;
}

function timeout(uri: vscode.Uri): Pick<RunRequest, "timeout"> {
  const seconds = setting("run.timeout", uri);
  return seconds > 0 ? { timeout: seconds } : {};
}

/** Saves the document as the setting asks, and gives its path; undefined with a word to the person when it has none. */
async function fileOnDisk(uri: vscode.Uri): Promise<string | undefined> {
  if (uri.scheme !== "file") {
    void vscode.window.showInformationMessage(vscode.l10n.t("Only files on a disk can run: save this one first."));
    return undefined;
  }
  const document = vscode.workspace.textDocuments.find(open => open.uri.toString() === uri.toString());
  if (document?.isDirty && setting("run.saveBeforeRun", uri) && !(await document.save())) {
    void vscode.window.showErrorMessage(
      vscode.l10n.t("{0} could not be saved, so it was not run.", vscode.workspace.asRelativePath(uri)),
    );
    return undefined;
  }
  return uri.fsPath;
}

/** Asks for `name=value` pairs until an empty one. */
async function askInput(request: RunRequest): Promise<RunRequest | undefined> {
  const input: Record<string, string> = {};
  for (;;) {
    const given = Object.entries(input).map(([name, value]) => `${name}=${value}`);
    const text = await vscode.window.showInputBox({
      title: vscode.l10n.t("Run with Input"),
      prompt: given.length
        ? vscode.l10n.t("Given: {0}. Another name=value, or empty to run", given.join(", "))
        : vscode.l10n.t("An input as name=value; empty runs without"),
      validateInput: entry =>
        entry === "" || /^[A-Za-z_][\w-]*=/.test(entry) ? undefined : vscode.l10n.t("name=value"),
      ignoreFocusOut: true,
    });
    if (text === undefined) return undefined;
    if (text === "") return { ...request, input };
    const at = text.indexOf("=");
    input[text.slice(0, at)] = text.slice(at + 1);
  }
}

/** Asks in which provider a block runs instead of its own. */
async function askProvider(request: RunRequest): Promise<RunRequest | undefined> {
  const other = vscode.l10n.t("Another…");
  const chosen = await vscode.window.showQuickPick(
    [
      { label: "@mlld/env-docker", description: vscode.l10n.t("a Docker container") },
      { label: "@mlld/env-sprites", description: vscode.l10n.t("a Sprites machine") },
      { label: other, description: vscode.l10n.t("a provider written in mlld") },
    ],
    {
      title: vscode.l10n.t("Run in Another Environment"),
      placeHolder: vscode.l10n.t(
        "Whatever its config names: all else that it says stays, and what cannot be kept is refused",
      ),
    },
  );
  if (!chosen) return undefined;
  const provider =
    chosen.label === other
      ? await vscode.window.showInputBox({
          title: vscode.l10n.t("Run in Another Environment"),
          prompt: vscode.l10n.t("Path of the provider from the file that runs, such as ./my-provider.mld"),
        })
      : chosen.label;
  return provider ? { ...request, provider } : undefined;
}

async function pickRun(runs: readonly RunRecord[], title: string): Promise<RunRecord | undefined> {
  const items = runs.map(run => ({
    label: `$(${RUN_ICONS[run.state]}) ${run.title}`,
    description: runOutcome(run),
    run,
  }));
  return (await vscode.window.showQuickPick(items, { title, matchOnDescription: true }))?.run;
}
