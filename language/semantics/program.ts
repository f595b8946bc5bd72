import type { Host } from "../host";
import { modeOf, parse, reparse } from "../syntax";
import type { File } from "../syntax/tree";
import type { Analysis } from "./analysis";
import { type Bound, bind } from "./bind";
import { FileAnalysis } from "./file-analysis";
import type { ModuleSummary } from "./summary";

/** What is kept of a file. The tree goes when the file is only imported; the summary stays. */
interface Entry {
  text: string;
  tree: { file: File; bound: Bound } | null;
  analysis: FileAnalysis | null;
  /** null until an importer asks. */
  summary: ModuleSummary | null;
  /** The summary that importers may still hold, where a newer text has made another one that nobody has asked for. */
  earlier: ModuleSummary | null;
  /** Texts of other files that were looked at. */
  looked: Map<string, string | null | undefined>;
  /** Summaries that were used. */
  used: Map<string, ModuleSummary | null>;
  /** True when an import led back to a file that was being made: good for that one question only. */
  cut: boolean;
}

/** One question put to the program, over one snapshot. */
interface Pass {
  host: Host;
  valid: Set<string>;
  active: Set<string>;
}

/**
 * The files of a program, each parsed, bound and analysed once for its text and for the summaries that it imports: an edit that
 * leaves a file's summary as it was does not touch its importers.
 */
export class Program {
  private readonly entries = new Map<string, Entry>();

  /** The facts of a file over a snapshot. A missing file counts as empty. */
  analyse(uri: string, host: Host): Analysis {
    return this.analysisIn(uri, { host, valid: new Set(), active: new Set() });
  }

  /** Drops the tree of a file that is no longer open; its summary stays for importers. */
  release(uri: string): void {
    const entry = this.entries.get(uri);
    if (!entry) return;
    entry.summary ??= entry.analysis?.summary ?? null;
    entry.tree = null;
    entry.analysis = null;
  }

  private analysisIn(uri: string, pass: Pass): FileAnalysis {
    const text = pass.host.text(uri) ?? "";
    const entry = this.entries.get(uri);
    const holds = entry !== undefined && this.holds(uri, entry, pass);
    const same = holds && entry.text === text;
    if (same && entry.analysis) return entry.analysis;
    const analysis = this.make(uri, text, entry, pass, holds);
    if (same && entry.summary) {
      // The same text over the same imports: importers keep the summary that they have, without comparing.
      const made = this.entries.get(uri)!;
      made.summary = summaryOf(entry);
      made.earlier = null;
    }
    return analysis;
  }

  /** @param holds what the analysis before saw of other files is still the same */
  private make(uri: string, text: string, before: Entry | undefined, pass: Pass, holds: boolean): FileAnalysis {
    const known = before?.tree?.file;
    const file = known && before.text === text ? known : ((known && reparse(known, text)) ?? parse(text, modeOf(uri)));
    const bound = before?.tree?.file === file ? before.tree.bound : bind(file);
    const entry: Entry = {
      text,
      tree: { file, bound },
      analysis: null,
      summary: null,
      earlier: before ? (before.earlier ?? before.summary) : null,
      looked: new Map(),
      used: new Map(),
      cut: false,
    };
    // What units that are taken over saw of other files counts for them still.
    const remains = holds && before?.analysis ? before.analysis.remains : null;
    if (remains && before) {
      for (const [other, seen] of before.looked) entry.looked.set(other, seen);
      for (const [other, summary] of before.used) entry.used.set(other, summary);
    }
    entry.analysis = new FileAnalysis(
      uri,
      bound,
      { host: recording(pass.host, entry.looked), summary: asked => this.use(uri, entry, asked, pass) },
      remains,
    );
    this.entries.set(uri, entry);
    pass.valid.add(uri);
    return entry.analysis;
  }

  /** The summary of another file, for the analysis of `uri`. */
  private use(uri: string, entry: Entry, asked: string, pass: Pass): ModuleSummary | "cycle" | null {
    if (entry.used.has(asked)) return entry.used.get(asked)!;
    if (asked === uri || pass.active.has(asked)) {
      entry.cut = true;
      return "cycle";
    }
    const outer = pass.active.has(uri);
    pass.active.add(uri);
    const summary = this.summaryIn(asked, pass);
    if (!outer) pass.active.delete(uri);
    if (this.entries.get(asked)?.cut) entry.cut = true;
    entry.used.set(asked, summary);
    return summary;
  }

  private summaryIn(uri: string, pass: Pass): ModuleSummary | null {
    const text = pass.host.text(uri);
    if (typeof text !== "string") return null;
    const entry = this.entries.get(uri);
    const holds = entry !== undefined && this.holds(uri, entry, pass);
    if (entry && holds && entry.text === text && (entry.summary || entry.analysis)) return summaryOf(entry);
    const wasOpen = Boolean(entry?.analysis);
    this.make(uri, text, entry, pass, holds);
    const summary = summaryOf(this.entries.get(uri)!);
    if (!wasOpen) this.release(uri);
    return summary;
  }

  private holds(uri: string, entry: Entry, pass: Pass): boolean {
    if (pass.valid.has(uri)) return true;
    if (entry.cut) return false;
    for (const [other, text] of entry.looked) {
      const now = pass.host.text(other);
      // Of an imported file the summary counts, below; here only that it is there.
      if (now !== text && !(entry.used.get(other) && typeof now === "string")) return false;
    }
    pass.active.add(uri);
    const same = [...entry.used].every(
      ([other, summary]) => !pass.active.has(other) && this.summaryIn(other, pass) === summary,
    );
    pass.active.delete(uri);
    if (same) pass.valid.add(uri);
    return same;
  }
}

/** The facts of a file, for one question; who asks again holds a `Program`. */
export function analyse(uri: string, host: Host): Analysis {
  return new Program().analyse(uri, host);
}

function recording(host: Host, looked: Entry["looked"]): Host {
  return {
    text(uri) {
      const text = host.text(uri);
      looked.set(uri, text);
      return text;
    },
    exists: uri => host.exists(uri),
    root: uri => host.root(uri),
    home: host.home,
    settings: host.settings,
  };
}

/** Importers hold the summary that they used: an equal one must be the same one. */
function summaryOf(entry: Entry): ModuleSummary | null {
  entry.summary ??= entry.analysis?.summary ?? null;
  const { summary, earlier } = entry;
  entry.earlier = null;
  if (earlier && summary && earlier !== summary && printOf(earlier) === printOf(summary)) entry.summary = earlier;
  return entry.summary;
}

function printOf(summary: ModuleSummary): string {
  return JSON.stringify(summary, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
}
