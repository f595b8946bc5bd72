import type { Host } from "../host";
import { modeOf, parse, reparse } from "../syntax";
import type { File } from "../syntax/tree";
import type { Analysis } from "./analysis";
import { bind } from "./bind";
import type { Bound } from "./bound";
import { FileAnalysis } from "./file-analysis";
import type { ModuleSummary } from "./summary";

/** What is kept of a file. The tree goes when the file is only imported. */
interface Entry {
  text: string;
  tree: { file: File; bound: Bound } | null;
  analysis: FileAnalysis | null;
  /** null until an importer asks, and again when others were asked for since. */
  summary: ModuleSummary | null;
  /** Stands for the summary in the entries of importers; null until one asks. */
  stamp: object | null;
  /** What importers may still hold, where a newer text has made another summary that nobody has asked for. */
  earlier: { summary: ModuleSummary | null; stamp: object } | null;
  /** Texts of other files that were looked at. */
  looked: Map<string, string | null | undefined>;
  /** The stamps of summaries that were used; null for a file that is not there. */
  used: Map<string, object | null>;
  /** True when an import led back to a file that was being made: good for that one question only. */
  cut: boolean;
}

/** So many summaries of files that are not open are kept; others are made again when they are asked for. */
const KEPT_SUMMARIES = 64;

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
  /** Closed files with a summary, the one that was asked for last at the end. */
  private readonly kept = new Set<string>();

  /** The facts of a file over a snapshot. A missing file counts as empty. */
  analyse(uri: string, host: Host): Analysis {
    const pass: Pass = { host, valid: new Set(), active: new Set() };
    const text = host.text(uri) ?? "";
    const entry = this.entries.get(uri);
    const holds = entry !== undefined && this.holds(uri, entry, pass);
    if (holds && entry.text === text && entry.analysis) return entry.analysis;
    return this.make(uri, text, entry, pass, holds).analysis!;
  }

  /** Drops the tree of a file that is no longer open. */
  release(uri: string): void {
    const entry = this.entries.get(uri);
    if (!entry?.analysis) return;
    // Whoever imports the file asks soon, and all that the summary says has been found out already.
    entry.summary ??= entry.analysis.summary;
    entry.tree = null;
    entry.analysis = null;
    this.keep(uri);
  }

  private keep(uri: string): void {
    this.kept.delete(uri);
    this.kept.add(uri);
    if (this.kept.size <= KEPT_SUMMARIES) return;
    const [oldest] = this.kept;
    this.kept.delete(oldest!);
    const entry = this.entries.get(oldest!);
    if (entry && !entry.analysis) entry.summary = null;
  }

  /** @param holds what the analysis before saw of other files is still the same */
  private make(uri: string, text: string, before: Entry | undefined, pass: Pass, holds: boolean): Entry {
    const known = before?.tree?.file;
    const file = known && before.text === text ? known : ((known && reparse(known, text)) ?? parse(text, modeOf(uri)));
    const bound = before?.tree?.file === file ? before.tree.bound : bind(file);
    const same = holds && before?.text === text ? before : null;
    const entry: Entry = {
      text,
      tree: { file, bound },
      analysis: null,
      summary: same?.summary ?? null,
      stamp: same?.stamp ?? null,
      earlier:
        before && !same && before.stamp ? { summary: before.summary, stamp: before.stamp } : (before?.earlier ?? null),
      looked: new Map(),
      used: new Map(),
      cut: false,
    };
    // What units that are taken over saw of other files counts for them still.
    const remains = holds && before?.analysis ? before.analysis.remains : null;
    if (remains && before) {
      for (const [other, seen] of before.looked) entry.looked.set(other, seen);
      for (const [other, stamp] of before.used) entry.used.set(other, stamp);
    }
    entry.analysis = new FileAnalysis(
      uri,
      bound,
      { host: recording(pass.host, entry.looked), summary: asked => this.use(uri, entry, asked, pass) },
      remains,
    );
    this.entries.set(uri, entry);
    pass.valid.add(uri);
    return entry;
  }

  /** The summary of another file, for the analysis of `uri`. */
  private use(uri: string, entry: Entry, asked: string, pass: Pass): ModuleSummary | "cycle" | null {
    if (asked === uri || pass.active.has(asked)) {
      entry.cut = true;
      return "cycle";
    }
    const outer = pass.active.has(uri);
    pass.active.add(uri);
    const found = this.entryIn(asked, pass, true);
    if (!outer) pass.active.delete(uri);
    if (found?.cut) entry.cut = true;
    entry.used.set(asked, found && stampOf(found));
    return found?.summary ?? null;
  }

  /** The entry of an imported file, as it is now; null when there is no such file. */
  private entryIn(uri: string, pass: Pass, withSummary: boolean): Entry | null {
    const text = pass.host.text(uri);
    if (typeof text !== "string") return null;
    let entry = this.entries.get(uri);
    const holds = entry !== undefined && this.holds(uri, entry, pass);
    const current = holds && entry?.text === text;
    if (!entry || !current || (withSummary && !entry.summary && !entry.analysis)) {
      const open = Boolean(entry?.analysis);
      entry = this.make(uri, text, entry, pass, holds);
      stampOf(entry);
      if (!open) this.release(uri);
    }
    if (withSummary && entry.analysis) entry.summary ??= entry.analysis.summary;
    else if (withSummary) this.keep(uri);
    return entry;
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
    const same = [...entry.used].every(([other, stamp]) => {
      if (pass.active.has(other)) return false;
      const found = this.entryIn(other, pass, false);
      return (found && stampOf(found)) === stamp;
    });
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

/** A newer text may say the same to importers: then its stamp is the same. */
function stampOf(entry: Entry): object {
  if (entry.stamp) return entry.stamp;
  const { earlier, analysis } = entry;
  entry.earlier = null;
  if (analysis) entry.summary ??= analysis.summary;
  const same = earlier?.summary && entry.summary && printOf(earlier.summary) === printOf(entry.summary);
  if (same) entry.summary = earlier.summary;
  entry.stamp = same ? earlier.stamp : {};
  return entry.stamp;
}

function printOf(summary: ModuleSummary): string {
  return JSON.stringify(summary, (_key, value: unknown) => (value instanceof Map ? [...value] : value));
}
