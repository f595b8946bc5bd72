import { check, type Finding } from "../../language/diagnostics";
import type { Host, LanguageSettings } from "../../language/host";
import { type Analysis, analyse } from "../../language/semantics";

export const FOLDER = "file:///project";

/** A world of a few files in `/project`; what is not among them does not exist. */
export function memoryHost(files: Record<string, string>, settings: Partial<LanguageSettings> = {}): Host {
  const text = (uri: string): string | null => files[uri.slice(FOLDER.length + 1)] ?? null;
  return {
    text,
    exists: uri => text(uri) !== null,
    root: () => FOLDER,
    home: "file:///home/someone",
    settings: { languageVersion: "auto", severities: {}, ...settings },
  };
}

export function analyseText(text: string, files: Record<string, string> = {}, name = "main.mld"): Analysis {
  return analyse(`${FOLDER}/${name}`, memoryHost({ ...files, [name]: text }));
}

export function checkText(
  text: string,
  files: Record<string, string> = {},
  name = "main.mld",
  settings: Partial<LanguageSettings> = {},
): Finding[] {
  const host = memoryHost({ ...files, [name]: text }, settings);
  return check(analyse(`${FOLDER}/${name}`, host), host);
}

/** `code «text it stands at»`, one a finding. */
export function told(text: string, files: Record<string, string> = {}, name = "main.mld"): string[] {
  return checkText(text, files, name).map(({ code, place }) => `${code} «${text.slice(place.start, place.end)}»`);
}

/** The text after the edits of a finding's fix. */
export function fixed(text: string, finding: Finding, title: string): string {
  const fix = finding.fixes.find(candidate => candidate.title.includes(title));
  if (!fix) throw new Error(`no fix "${title}" among ${finding.fixes.map(candidate => candidate.title).join(", ")}`);
  const edits = fix.edits.slice().sort((a, b) => b.place.start - a.place.start);
  return edits.reduce((done, { place, newText }) => done.slice(0, place.start) + newText + done.slice(place.end), text);
}
