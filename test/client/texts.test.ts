/** Texts that people see go through `l10n`, and every one of them is in the bundle. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import ts from "typescript";
import { describe, expect, it } from "vitest";

const ROOT = join(__dirname, "../..");
const BUNDLE = JSON.parse(readFileSync(join(ROOT, "l10n", "bundle.l10n.json"), "utf8")) as Record<string, string>;
const FILES = readdirSync(join(ROOT, "client"), { recursive: true })
  .map(String)
  .filter(name => name.endsWith(".ts"));

/** Names of the product, and what other programs read. */
const NO_TEXTS = new Set(["mlld Environments", "mlld Env", "mlld-env run", "application/javascript"]);
/** What a shell reads. */
const SHELL = /^(@echo off|#!)/;

interface Found {
  translated: string[];
  loose: string[];
}

function textsOf(name: string): Found {
  const found: Found = { translated: [], loose: [] };
  const path = join(ROOT, "client", name);
  const source = ts.createSourceFile(path, readFileSync(path, "utf8"), ts.ScriptTarget.Latest, true);
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isTypeNode(node)) return;
    if (ts.isCallExpression(node)) {
      const called = node.expression.getText();
      if (/(^|\.)t$/.test(called)) {
        const [text, ...places] = node.arguments;
        if (text && ts.isStringLiteralLike(text)) found.translated.push(text.text);
        // `(message, ...places) => l10n.t(message, ...places)` passes on what was counted where it was written.
        else if (text && !ts.isIdentifier(text)) found.loose.push(`t(${text.getText()})`);
        places.forEach(visit);
        return;
      }
      if (/\blog\.(info|warn|error|debug|trace)$/.test(called)) return;
    }
    if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)) {
      const prose = /[A-Za-z]{2,}[,:]? [a-z]{2,}/.test(node.text) || /^[A-Z][a-z]+[.…!?]?$/.test(node.text);
      if (prose && !NO_TEXTS.has(node.text) && !SHELL.test(node.text)) found.loose.push(node.text);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

describe("texts of the client", () => {
  const all = FILES.map(name => [name, textsOf(name)] as const);

  it("are found", () => {
    expect(all.flatMap(([, { translated }]) => translated).length).toBeGreaterThan(100);
  });

  it.each(all)("%s has none that cannot be translated", (_, { loose }) => {
    expect(loose).toEqual([]);
  });

  it("are all in the bundle, and nothing else is", () => {
    const used = new Set(all.flatMap(([, { translated }]) => translated));
    expect(Object.keys(BUNDLE).sort()).toEqual([...used].sort());
  });
});

describe("texts of the manifest", () => {
  const manifest = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as Record<
    "contributes" | "capabilities",
    unknown
  >;
  const texts = JSON.parse(readFileSync(join(ROOT, "package.nls.json"), "utf8")) as Record<string, string>;
  const SHOWN =
    /^(title|description|markdownDescription|category|label|contents|name|displayName|detail|enumDescriptions|markdownEnumDescriptions)$/;

  it("are keys of package.nls.json, and each key is used", () => {
    const loose: string[] = [];
    const used = new Set<string>();
    const visit = (value: unknown, key: string, path: string): void => {
      if (Array.isArray(value)) for (const [i, item] of value.entries()) visit(item, key, `${path}[${i}]`);
      else if (value && typeof value === "object")
        for (const [name, item] of Object.entries(value)) visit(item, name, `${path}.${name}`);
      else if (typeof value === "string") {
        const match = /^%(.+)%$/.exec(value);
        if (match) used.add(match[1]!);
        else if (SHOWN.test(key) && /\s/.test(value) && !NO_TEXTS.has(value)) loose.push(`${path}: ${value}`);
      }
    };
    visit(manifest.contributes, "", "contributes");
    visit(manifest.capabilities, "", "capabilities");
    expect(loose).toEqual([]);
    expect([...used].filter(key => !(key in texts))).toEqual([]);
    expect(Object.keys(texts).filter(key => !used.has(key))).toEqual([]);
  });
});
