import type { Diagnostic } from "vscode-languageserver";
import type { Context } from "./context";
import { diagnosticOf } from "./convert";
import type { Basis, Checked } from "./workspace";

/** The diagnostics of a file in the form of LSP, with an id that changes exactly when they do. */
export interface Report {
  id: string;
  version: number | null;
  diagnostics: Diagnostic[];
}

/** Keeps what was reported of every file, so that the same is never sent twice. */
export class Reports {
  private readonly reports = new Map<string, Report & { text: string; basis: Basis }>();
  private counter = 0;

  constructor(private readonly context: Context) {}

  get(uri: string): Report | undefined {
    return this.reports.get(uri);
  }

  /** The report of a file, when nothing that it was made from has changed since. */
  current(uri: string): Report | undefined {
    const report = this.reports.get(uri);
    return report && this.context.workspace.holds(report.basis) ? report : undefined;
  }

  /** Turns a result into a report; the id stays when the diagnostics are the same as before. */
  update(checked: Checked): { report: Report; changed: boolean } {
    const diagnostics = this.diagnostics(checked);
    const text = JSON.stringify(diagnostics);
    const before = this.reports.get(checked.uri);
    const changed = before?.text !== text;
    const report = {
      id: changed ? String(++this.counter) : before.id,
      version: checked.version,
      diagnostics,
      text,
      basis: checked.basis,
    };
    this.reports.set(checked.uri, report);
    return { report, changed };
  }

  /** @returns whether there was something to forget */
  forget(uri: string): boolean {
    const before = this.reports.get(uri);
    this.reports.delete(uri);
    return before !== undefined && before.diagnostics.length > 0;
  }

  private diagnostics(checked: Checked): Diagnostic[] {
    const { workspace, options } = this.context;
    const ceding = cedesSyntax(this.context);
    return checked.findings
      .filter(finding => !(ceding && finding.code.startsWith("syntax/")))
      .map(finding => diagnosticOf(workspace, checked.positions, finding, options.diagnosticPages));
  }
}

/** Whether colours and syntax complaints are left to the official mlld extension. */
export function cedesSyntax({ workspace, options }: Context): boolean {
  const { coexistence } = workspace.settings;
  return coexistence === "always" || (coexistence === "auto" && options.officialExtension === true);
}
