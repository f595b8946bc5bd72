/** What an editor asks of programs that are being typed: cut off, with signs put in or taken out, at any place. Nothing throws or hangs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { check } from "../../../language/diagnostics";
import { complete } from "../../../language/features/completion";
import { suppression } from "../../../language/features/fixes";
import { folds } from "../../../language/features/folding";
import { format } from "../../../language/features/format";
import { hoverAt } from "../../../language/features/hover";
import { links } from "../../../language/features/links";
import { RenameRefused, renameIn, renamingAt } from "../../../language/features/navigation/rename";
import { targetAt } from "../../../language/features/navigation/target";
import { outline } from "../../../language/features/outline";
import { signatureAt } from "../../../language/features/signature";
import { tokens } from "../../../language/features/tokens";
import { analyse } from "../../../language/semantics";
import type { Mode } from "../../../language/syntax/tree";
import { CORPUS, corpusFiles } from "../../support/corpus";
import { FOLDER, memoryHost } from "../../support/program";

const NAMES: Record<Mode, string> = { strict: "a.mld", markdown: "a.mld.md", att: "a.att", mtt: "a.mtt" };
const SIGNS = [
  "@",
  "env ",
  "{",
  "[",
  "(",
  '"',
  "`",
  "<",
  "| ",
  "op:",
  "...",
  "with { tools: [",
  "\n",
  "\n/env @x with {",
  "👍",
];
const WORLD = {
  languageVersion: "auto" as const,
  tools: ["Foo"],
  providers: ["./x.mld"],
  modules: [],
  narrowable: () => true,
  exportsOf: () => [{ name: "a", kind: "exe" }],
};

function askEverything(text: string, mode: Mode, offset: number): void {
  const name = NAMES[mode];
  const analysis = analyse(`${FOLDER}/${name}`, memoryHost({ [name]: text }));
  const inText = (start: number, end: number) => expect(0 <= start && start <= end && end <= text.length).toBe(true);
  const atCursor = (start: number, end: number) => expect(start <= offset && offset <= end).toBe(true);
  for (const finding of check(analysis, memoryHost({ [name]: text }))) {
    inText(finding.place.start, finding.place.end);
    for (const { place } of finding.fixes.flatMap(({ edits }) => edits)) inText(place.start, place.end);
    suppression(analysis.file, finding);
  }
  for (const { replace } of complete(analysis, offset, WORLD).entries) {
    atCursor(replace.start, Math.max(replace.end, offset));
    expect(text.slice(replace.start, replace.end)).not.toContain("\n");
  }
  const hover = hoverAt(analysis, offset);
  if (hover) atCursor(hover.start, hover.end);
  const target = targetAt(analysis, offset);
  if (target) atCursor(target.span.start, target.span.end);
  try {
    renameIn(analysis, renamingAt(analysis, offset), "fresh");
  } catch (error) {
    if (!(error instanceof RenameRefused)) throw error;
  }
  signatureAt(analysis, offset);
  for (const { start, end } of links(analysis, FOLDER)) inText(start, end);
  for (const { start, end } of tokens(analysis)) inText(start, end);
  outline(analysis.file);
  folds(analysis.file);
  format(analysis.file, { tabSize: 2, insertSpaces: true });
}

describe("programs that are being typed", () => {
  it.each(["\n", "\n\n", "\n@", "\nen", "\nvar", " \n{"])("%j is asked about at every place", text => {
    for (const mode of Object.keys(NAMES) as Mode[])
      for (let offset = 0; offset <= text.length; offset++) askEverything(text, mode, offset);
  });

  it.skipIf(!CORPUS)(
    "are answered in the corpus, wherever they are cut or changed",
    () => {
      const files = corpusFiles(
        "strict/valid",
        "markdown/valid",
        "template/valid",
        "mutations/valid",
        "mutations/invalid",
      );
      const change = fc.oneof(
        fc.constant((text: string, at: number) => text.slice(0, at)),
        fc.constantFrom(...SIGNS).map(sign => (text: string, at: number) => text.slice(0, at) + sign + text.slice(at)),
        fc
          .integer({ min: 1, max: 8 })
          .map(count => (text: string, at: number) => text.slice(0, at) + text.slice(at + count)),
      );
      const unit = fc.double({ min: 0, max: 1, noNaN: true });
      fc.assert(
        fc.property(fc.constantFrom(...files), change, unit, unit, fc.boolean(), (file, edit, where, cursor, crlf) => {
          const source = file.text.slice(0, 4000);
          const at = Math.floor(where * source.length);
          const edited = edit(crlf ? source.replaceAll("\n", "\r\n") : source, at);
          for (const offset of [Math.min(at, edited.length), Math.floor(cursor * edited.length)])
            askEverything(edited, file.mode, offset);
        }),
        { numRuns: 800 },
      );
    },
    60_000,
  );
});
