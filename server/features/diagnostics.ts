import {
  type CancellationToken,
  type DocumentDiagnosticParams,
  type DocumentDiagnosticReport,
  DocumentDiagnosticReportKind,
  type WorkspaceDiagnosticParams,
  type WorkspaceDiagnosticReport,
  type WorkspaceDocumentDiagnosticReport,
} from "vscode-languageserver";
import { type Context, type Feature, guarded } from "../context";
import { fingerprint } from "../fingerprint";
import { Refresh } from "../refresh";
import { type Report, Reports } from "../reports";
import { inSlices } from "../slices";
import { canonicalUri } from "../uris";
import type { Change } from "../workspace";

/** How long the author must rest before files that depend on an edited one are checked again. */
const REST_MS = 150;

/** After a check of so many files memory is tidied. */
const MANY_FILES = 50;

/**
 * Diagnostics are pulled where the client can, else pushed; never both. A keystroke is answered at once; what depends on the edited
 * file follows, open files first.
 */
export const diagnostics: Feature = {
  capabilities: client =>
    client.pullsDiagnostics
      ? { diagnosticProvider: { identifier: "mlld-env", interFileDependencies: true, workspaceDiagnostics: true } }
      : {},

  register(context) {
    const reports = new Reports(context);
    if (context.client.pullsDiagnostics) new Pull(context, reports).register();
    else new Push(context, reports).register();
  },
};

/** Follows changes through the files that depend on them; both ways of delivery build on it. */
abstract class Delivery {
  /** Changed files whose importers have not been looked at yet. */
  private readonly sources = new Set<string>();
  /** Changed files that are not open. */
  private readonly pending = new Set<string>();
  /** What the importers of a file last saw of it. */
  private readonly seen = new Map<string, number>();
  private timer: ReturnType<typeof setTimeout> | undefined;
  private readonly views: Refresh;

  constructor(
    protected readonly context: Context,
    protected readonly reports: Reports,
  ) {
    this.views = new Refresh(context);
  }

  register(): void {
    this.context.workspace.onDidChange.event(change => this.changed(change));
  }

  /** Called for every file whose diagnostics may be others now: `direct` ones were changed themselves. */
  protected abstract deliver(uri: string, direct: boolean): Promise<void>;

  private changed({ uris, typed }: Change): void {
    const open = new Set(this.context.workspace.openUris());
    for (const uri of uris) {
      this.sources.add(uri);
      if (open.has(uri)) this.run(uri);
      else this.pending.add(uri);
    }
    // Settings and folders change what stands beside the text of open files.
    if (!typed && uris.some(uri => open.has(uri))) this.views.soon();
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.follow(), typed ? REST_MS : 0);
  }

  private run(uri: string): void {
    this.deliver(uri, true).catch(error => this.context.log(`Diagnostics of ${uri} failed: ${String(error)}`));
  }

  /** Checks changed files that are not open, and importers of what changed in a way that importers can see. */
  private follow(): void {
    const { workspace } = this.context;
    const sources = [...this.sources].filter(uri => workspace.dependents([uri]).length > 0 && this.showsChange(uri));
    const uris = new Set([...this.pending, ...workspace.dependents(sources)]);
    this.sources.clear();
    this.pending.clear();
    const open = new Set(workspace.openUris());
    // Lenses and hints of open files show what they import.
    if ([...uris].some(uri => open.has(uri))) this.views.soon();
    const ordered = [...uris].sort((a, b) => Number(open.has(b)) - Number(open.has(a)));
    const work = inSlices(ordered, { isCancellationRequested: false }, async uri => {
      await this.deliver(uri, false);
      workspace.release(uri);
    });
    work
      .then(() => this.rest(ordered.length))
      .catch(error => this.context.log(`Checking the files that depend on an edit failed: ${String(error)}`));
  }

  protected rest(checked: number): void {
    if (checked >= MANY_FILES) this.context.rested();
  }

  private showsChange(uri: string): boolean {
    // A closed file was changed as a whole: comparing would cost more than checking its importers.
    const summary = this.context.workspace.document(uri) && this.context.workspace.result(uri)?.analysis.summary;
    if (!summary) {
      this.seen.delete(uri);
      return true;
    }
    const now = fingerprint(summary);
    const before = this.seen.get(uri);
    this.seen.set(uri, now);
    return now !== before;
  }
}

class Push extends Delivery {
  /** What each file was last published with. */
  private readonly published = new Map<string, string>();

  protected async deliver(uri: string): Promise<void> {
    const { workspace } = this.context;
    // Without anything to load the answer goes out in the turn that read the edit.
    let checked = workspace.configuring ? null : workspace.result(uri);
    if (!checked || checked.analysis.wanted.length > 0 || workspace.disk.root(uri) === undefined)
      checked = await workspace.settled(uri);
    if (!checked || !(workspace.document(uri) || workspace.files.has(uri))) {
      if (this.reports.forget(uri)) this.send(uri, { id: "", version: null, diagnostics: [] });
      return;
    }
    this.send(uri, this.reports.update(checked).report);
  }

  private send(uri: string, report: Report): void {
    // An open document gets every version answered, so that the client can tell old from new.
    const stamp = `${report.id} ${report.version}`;
    if (this.published.get(uri) === stamp) return;
    if (!this.published.has(uri) && report.version === null && report.diagnostics.length === 0) return;
    this.published.set(uri, stamp);
    this.context.connection
      .sendDiagnostics({
        uri: this.context.workspace.clientUri(uri),
        ...(report.version !== null && { version: report.version }),
        diagnostics: report.diagnostics,
      })
      .catch(error => this.context.log(`Diagnostics of ${uri} could not be sent: ${String(error)}`));
  }
}

class Pull extends Delivery {
  private refreshing: ReturnType<typeof setTimeout> | undefined;

  override register(): void {
    super.register();
    const { connection } = this.context;
    connection.languages.diagnostics.on(
      guarded(this.context, "textDocument/diagnostic", params => this.document(params)),
    );
    connection.languages.diagnostics.onWorkspace((params, token, _progress, partial) =>
      guarded<WorkspaceDiagnosticParams, WorkspaceDiagnosticReport>(
        this.context,
        "workspace/diagnostic",
        async params => {
          const items: WorkspaceDocumentDiagnosticReport[] = [];
          await this.workspace(params, token, item => (partial ? partial.report({ items: [item] }) : items.push(item)));
          return { items };
        },
      )(params, token),
    );
  }

  /** The client asks for the edited document by itself; others must be pointed out to it. */
  protected async deliver(uri: string, direct: boolean): Promise<void> {
    if (direct) return;
    const before = this.reports.get(uri);
    const checked = await this.context.workspace.settled(uri);
    const changed = checked ? this.reports.update(checked).changed : this.reports.forget(uri);
    if (changed && before && this.context.client.refreshesDiagnostics) this.refresh();
  }

  private refresh(): void {
    clearTimeout(this.refreshing);
    this.refreshing = setTimeout(() => {
      this.context.connection.languages.diagnostics
        .refresh()
        .catch(error => this.context.log(`The client refused to refresh: ${String(error)}`));
    }, REST_MS);
  }

  private async document(params: DocumentDiagnosticParams): Promise<DocumentDiagnosticReport> {
    const checked = await this.context.workspace.settled(canonicalUri(params.textDocument.uri));
    if (!checked) return { kind: DocumentDiagnosticReportKind.Full, items: [] };
    const { report } = this.reports.update(checked);
    return report.id === params.previousResultId
      ? { kind: DocumentDiagnosticReportKind.Unchanged, resultId: report.id }
      : { kind: DocumentDiagnosticReportKind.Full, resultId: report.id, items: report.diagnostics };
  }

  private async report(uri: string): Promise<Report | null> {
    const checked = await this.context.workspace.settled(uri);
    this.context.workspace.release(uri);
    return checked && this.reports.update(checked).report;
  }

  private async workspace(
    params: WorkspaceDiagnosticParams,
    token: CancellationToken,
    give: (item: WorkspaceDocumentDiagnosticReport) => void,
  ): Promise<void> {
    const { workspace } = this.context;
    await this.context.ready();
    const previous = new Map(params.previousResultIds.map(({ uri, value }) => [canonicalUri(uri), value]));
    let checked = 0;
    await inSlices([...workspace.files], token, async uri => {
      const current = this.reports.current(uri);
      if (!current) checked++;
      const report = current ?? (await this.report(uri));
      if (!report) return;
      const about = { uri: workspace.clientUri(uri), version: report.version, resultId: report.id };
      if (previous.get(uri) === report.id) give({ ...about, kind: DocumentDiagnosticReportKind.Unchanged });
      else give({ ...about, kind: DocumentDiagnosticReportKind.Full, items: report.diagnostics });
    });
    this.rest(checked);
    // Files that are gone must not keep what was said of them.
    for (const uri of previous.keys()) {
      if (!workspace.files.has(uri) && !workspace.document(uri))
        give({ uri: workspace.clientUri(uri), version: null, kind: DocumentDiagnosticReportKind.Full, items: [] });
    }
  }
}
