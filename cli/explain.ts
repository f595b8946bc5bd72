import { isAbsolute } from "node:path";
import { parseArgs } from "node:util";
import { check as diagnose, type Finding } from "../language/diagnostics";
import { type Description, describe, explain as explainEnvironment } from "../language/environment";
import type { Place } from "../language/place";
import { type Analysis, analyse, type Site } from "../language/semantics";
import { LineMap } from "../language/syntax";
import { blockAt } from "../runtime/plan/slice";
import { DiskHost, whyUnread } from "./host";
import { EXIT, type Io, UnreadableError, UsageError } from "./io";
import { displayPath, uriOf } from "./paths";
import { explained, findingText, locator, reporter } from "./reported";
import { table } from "./table";

/** `explain [--json] FILE:LINE`: the effective environment of the env block at a line (1-based). */
export async function explain(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { json: { type: "boolean", default: false } },
    allowPositionals: true,
  });
  const [target, ...rest] = positionals;
  const match = target === undefined ? null : /^(.+):([1-9]\d*)$/s.exec(target);
  if (!match || rest.length > 0) throw new UsageError("name a file and a line, as in agents.mld:12");
  const [, path, line] = match as unknown as [string, string, string];

  const host = new DiskHost();
  const uri = uriOf(path, io.cwd);
  const text = host.text(uri);
  if (text === null) throw new UnreadableError(path, whyUnread(uri));
  const analysis = analyse(uri, host);
  const site = siteAt(analysis, new LineMap(text), Number(line) - 1);
  if (!site) {
    io.stderr.write(`mlld-env explain: there is no env block at line ${line} of ${path}\n`);
    return EXIT.failed;
  }

  const { environment } = analysis.factsOf(site);
  const fileOf = (of: string) => displayPath(of, io.cwd, isAbsolute(path));
  const report = reporter(host, fileOf);
  const locate = locator(host, fileOf);
  const findings = diagnose(analysis, host)
    .filter(finding => concerns(finding, site))
    .map(report);
  if (!values.json) {
    const placed = ({ note, place }: { note: string; place?: Place }): string => {
      if (!place) return note;
      const { file, range } = locate(place);
      return `${note} (${file}:${range.start.line + 1})`;
    };
    const told = findings.map(finding => `\n${findingText(finding)}\n`).join("");
    io.stdout.write(`${inColumns(describe(environment, placed))}\n${told}`);
    return EXIT.ok;
  }
  const { file, range: block } = locate(site.place);
  io.stdout.write(
    `${JSON.stringify({
      file,
      block,
      ...explained(explainEnvironment(environment), locate),
      findings,
    })}\n`,
  );
  return EXIT.ok;
}

function inColumns({ label, rows }: Description): string {
  const cells = [["", "allows", "from"], ...rows.map(({ title, allows, from }) => [title, allows, from])];
  return `Environment${label && ` ${label}`}\n\n${table(cells.map(row => row.map(cell => cell.replaceAll("\n", " ")))).trimEnd()}`;
}

function siteAt(analysis: Analysis, lines: LineMap, line: number): Site | undefined {
  const path = blockAt(analysis.file, offset => lines.positionAt(offset).line, line);
  const node = path?.at(-1);
  return analysis.sites.find(site => site.node === node);
}

/** Findings in the block, or about what it was made from. */
function concerns({ place, related }: Finding, site: Site): boolean {
  const within = (one: Place): boolean =>
    one.uri === site.place.uri && site.place.start <= one.start && one.end <= site.place.end;
  return within(place) || related.some(more => within(more.place));
}
