import * as vscode from "vscode";
import { duration } from "./event-text";
import type { RunRecord } from "./runs";

/** Codicon of each state of a run; the state is always said in words too. */
export const RUN_ICONS: Record<RunRecord["state"], string> = {
  running: "sync~spin",
  done: "pass",
  failed: "error",
  cancelled: "circle-slash",
  refused: "shield",
};

/** Names a run of this window to others. */
export function runId({ started }: RunRecord): string {
  return String(started.getTime());
}

/** `done · 10:15:03 · 1.2 s` */
export function runOutcome(run: RunRecord): string {
  const words: Record<RunRecord["state"], string> = {
    running: vscode.l10n.t("running"),
    done: vscode.l10n.t("done"),
    failed: vscode.l10n.t("failed"),
    cancelled: vscode.l10n.t("stopped"),
    refused: vscode.l10n.t("refused"),
  };
  const time = run.durationMs === undefined ? [] : [duration(run.durationMs)];
  return [words[run.state], run.started.toLocaleTimeString(), ...time].join(" · ");
}
