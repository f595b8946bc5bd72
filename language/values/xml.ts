/** The `xml` transformer: JSON and markdown sections become elements named in SCREAMING_SNAKE_CASE. */

/** A JSON value as XML. */
export function jsonToXml(value: unknown, name = "ROOT"): string {
  if (typeof value !== "object" || value === null) return value === null ? "" : escapeText(String(value));
  return entries(value, name)
    .map(([key, item]) => element(elementName(key), item))
    .join("\n");
}

function entries(value: object, name: string): [string, unknown][] {
  return Array.isArray(value) ? value.map(item => [singular(name), item]) : Object.entries(value);
}

function element(name: string, value: unknown): string {
  if (value === null || value === undefined) return `<${name}/>`;
  if (typeof value !== "object") return `<${name}>${escapeText(String(value))}</${name}>`;
  const inner = entries(value, name).map(([key, item]) => element(elementName(key), item));
  if (inner.length === 0) return `<${name}/>`;
  return `<${name}>\n${indent(inner.join("\n"))}\n</${name}>`;
}

interface Section {
  level: number;
  title: string;
  body: string[];
  children: Section[];
}

const HEADING = /^(#{1,6})\s+(.+?)\s*#*\s*$/;

/** Markdown as XML: each heading an element around its section; a text without headings becomes a `DOCUMENT`. */
export function markdownToXml(text: string): string {
  const root: Section = { level: 0, title: "DOCUMENT", body: [], children: [] };
  const open = [root];
  for (const line of text.split("\n")) {
    const heading = HEADING.exec(line);
    if (heading === null) {
      open.at(-1)!.body.push(line);
      continue;
    }
    const section: Section = { level: heading[1]!.length, title: heading[2]!, body: [], children: [] };
    while (open.at(-1)!.level >= section.level) open.pop();
    open.at(-1)!.children.push(section);
    open.push(section);
  }
  if (root.children.length === 0) return `<DOCUMENT>\n${text}\n</DOCUMENT>`;
  return content(root);
}

function content(section: Section): string {
  const body = section.body.join("\n").trim();
  return [...(body === "" ? [] : [body]), ...section.children.map(sectionElement)].join("\n");
}

function sectionElement(section: Section): string {
  const name = elementName(section.title);
  return `<${name}>\n${content(section)}\n</${name}>`;
}

function elementName(key: string): string {
  const name = key
    .replace(/([a-z0-9])([A-Z])/g, "$1_$2")
    .replace(/[^\p{L}\p{N}]+/gu, "_")
    .replace(/^_+|_+$/g, "")
    .toUpperCase();
  return name === "" ? "ITEM" : /^\d/.test(name) ? `_${name}` : name;
}

function singular(name: string): string {
  return /[^S]S$/.test(name) ? name.slice(0, -1) : "ITEM";
}

function indent(text: string): string {
  return text.replace(/^/gm, "  ");
}

function escapeText(text: string): string {
  return text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");
}
