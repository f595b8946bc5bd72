import { readFileSync } from "node:fs";
import { isAbsolute, resolve } from "node:path";
import { parseArgs } from "node:util";
import { check as diagnose, type Finding } from "../language/diagnostics";
import { analyse } from "../language/semantics";
import type { ReportedFinding } from "../protocol/events";
import { DiskHost, whyUnread } from "./host";
import { EXIT, type Io, reasonOf, UsageError } from "./io";
import { displayPath, filesOf, uriOf } from "./paths";
import { findingText, reporter } from "./reported";
import { findingOf, specOf } from "./run/spec-file";

/** Standard input is strict mlld unless a file name says otherwise. */
const STDIN_NAME = "stdin.mld";

/** `check [--json] [--stdin-filename F] PATH…`. Files that can't be read are told, the others checked all the same; then the exit code is 2. */
export async function check(args: string[], io: Io): Promise<number> {
  const { values, positionals } = parseArgs({
    args,
    options: { json: { type: "boolean", default: false }, "stdin-filename": { type: "string" } },
    allowPositionals: true,
  });
  if (positionals.length === 0) throw new UsageError("name the files or folders to check, or - for standard input");

  const host = new DiskHost();
  const absolute = positionals.some(isAbsolute);
  const report = reporter(host, uri => displayPath(uri, io.cwd, absolute));
  let unreadable = false;
  const uris = new Set<string>();
  for (const path of positionals) {
    try {
      if (path === "-") {
        const uri = uriOf(values["stdin-filename"] ?? STDIN_NAME, io.cwd);
        host.overlay(uri, readFileSync(io.stdin.fd, "utf8"));
        uris.add(uri);
      } else {
        for (const file of filesOf(resolve(io.cwd, path))) uris.add(uriOf(file, io.cwd));
      }
    } catch (error) {
      unreadable = true;
      io.stderr.write(`mlld-env check: cannot read ${path}: ${reasonOf(error)}\n`);
    }
  }

  const found: ReportedFinding[] = [];
  for (const uri of uris) {
    if (host.text(uri) === null) {
      unreadable = true;
      io.stderr.write(`mlld-env check: cannot read ${displayPath(uri, io.cwd, absolute)}: ${whyUnread(uri)}\n`);
    } else {
      const findings = isSpec(uri) ? specFindings(host.text(uri)!, uri) : diagnose(analyse(uri, host), host);
      found.push(...findings.map(report));
    }
  }

  io.stdout.write(values.json ? `${JSON.stringify(found)}\n` : text(found, uris.size));
  if (unreadable) return EXIT.usage;
  return found.some(finding => finding.severity === "error") ? EXIT.failed : EXIT.ok;
}

/** Environment specs are checked when they are named. */
function isSpec(uri: string): boolean {
  return /\.(?:ya?ml|json)$/i.test(uri);
}

function specFindings(text: string, uri: string): Finding[] {
  return specOf(text, uri).problems.map(problem => ({ ...findingOf(problem, uri), code: "env/spec-file" }));
}

function text(found: ReportedFinding[], files: number): string {
  const lines = found.map(findingText);
  const counted = (n: number, noun: string): string => `${n} ${noun}${n === 1 ? "" : "s"}`;
  const of = (severity: string): number => found.filter(finding => finding.severity === severity).length;
  lines.push(
    `${counted(files, "file")} checked: ${counted(of("error"), "error")}, ${counted(of("warning"), "warning")}`,
  );
  return `${lines.join("\n")}\n`;
}
