import { existsSync, readdirSync, readFileSync } from "node:fs";
import { dirname, join, relative, resolve } from "node:path";
import { describe, expect, it } from "vitest";
import { checkText } from "../support/program";

const ROOT = resolve(__dirname, "../..");
const PAGES = [
  ...readdirSync(ROOT).filter(name => name.endsWith(".md")),
  ...readdirSync(join(ROOT, "docs"), { recursive: true, encoding: "utf8" })
    .filter(name => name.endsWith(".md"))
    .map(name => join("docs", name)),
];
const FENCE = /^( *)```(\w*)\n([\s\S]*?)^\1```$/gm;

const textOf = (page: string) => readFileSync(join(ROOT, page), "utf8");

/** Anchors of a page's headings, as GitHub makes them. */
function anchors(page: string): string[] {
  return [
    ...textOf(page)
      .replace(FENCE, "")
      .matchAll(/^#+ (.*)$/gm),
  ].map(([, heading]) =>
    heading!
      .toLowerCase()
      .replace(/[^\p{L}\p{N}_\- ]/gu, "")
      .replaceAll(" ", "-"),
  );
}

/** The pages of the codes show mistakes on purpose; a test of their own holds them to what they say. */
const programs = PAGES.filter(page => !page.startsWith(join("docs", "diagnostics"))).flatMap(page =>
  [...textOf(page).matchAll(FENCE)].flatMap(([, , language, program]) =>
    language === "mlld" ? [[page, program!] as const] : [],
  ),
);

describe("a page", () => {
  it.each(PAGES)("%s links to what is there", page => {
    const links = [
      ...textOf(page)
        .replace(FENCE, "")
        .matchAll(/\]\((?!\w+:)([^)\s]+)\)/g),
    ].map(([, link]) => link!);
    const broken = links.filter(link => {
      const [path, anchor] = link.split("#");
      const target = path ? relative(ROOT, resolve(ROOT, dirname(page), path)) : page;
      return !existsSync(join(ROOT, target)) || (anchor !== undefined && !anchors(target).includes(anchor));
    });
    expect(broken).toEqual([]);
  });

  it.each(programs)("%s shows a program without mistakes", (_, program) => {
    const findings = checkText(program, { "python.env.yaml": "type: local\nname: Python\n" });
    expect(findings.filter(({ severity }) => severity === "error")).toEqual([]);
  });
});
