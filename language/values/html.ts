/** A web page as markdown: its article without navigation, advertisements and scripts. */

interface Element {
  tag: string;
  attributes: Record<string, string>;
  children: (Element | string)[];
}

export interface Page {
  markdown: string;
  /** The article's words without marks. */
  text: string;
  /** `title`, `description`, where the page says them. */
  page: Record<string, string>;
}

const VOID = new Set([
  "area",
  "base",
  "br",
  "col",
  "embed",
  "hr",
  "img",
  "input",
  "link",
  "meta",
  "source",
  "track",
  "wbr",
]);
const RAW = new Set(["script", "style", "template", "noscript", "svg"]);
const CHROME = new Set(["nav", "aside", "footer", "form", "button", "iframe", "head", ...RAW]);
const CLUTTER =
  /(?:^|[-_\s])(?:ad|ads|advert|banner|cookie|menu|nav|newsletter|popup|promo|related|share|sidebar|social|sponsor|subscribe|comments?)(?:$|[-_\s])/i;
const ENTITIES: Record<string, string> = {
  amp: "&",
  lt: "<",
  gt: ">",
  quot: '"',
  apos: "'",
  nbsp: " ",
  mdash: "—",
  ndash: "–",
  hellip: "…",
  copy: "©",
};

export function pageToMarkdown(html: string): Page {
  const root = parseHtml(html);
  const article =
    find(root, e => e.tag === "article") ??
    find(root, e => e.tag === "main") ??
    find(root, e => e.tag === "body") ??
    root;
  const title = textOf(find(root, e => e.tag === "title")).trim();
  const page: Record<string, string> = {};
  if (title !== "") page.title = title;
  const description = meta(root, "description") ?? meta(root, "og:description");
  if (description !== undefined) page.description = description;
  const heading = meta(root, "og:title") ?? title;
  const text = wordsOf(article).replace(/\s+/g, " ").trim();
  return { markdown: `${titled(blocks(article).join("\n\n"), heading)}\n`, text, page };
}

/** The page's title is the first heading; a first heading of the article that says the same goes, others move down a level. */
function titled(body: string, title: string): string {
  if (title === "") return body;
  const first = /^#\s+([^\n]*)\n*/.exec(body);
  const rest =
    first !== null && first[1]!.trim() === title.trim() ? body.slice(first[0].length) : body.replace(/^#\s/gm, "## ");
  return `# ${title}\n\n${rest}`;
}

function meta(root: Element, name: string): string | undefined {
  return find(root, e => e.tag === "meta" && (e.attributes.name === name || e.attributes.property === name))?.attributes
    .content;
}

function parseHtml(html: string): Element {
  const root: Element = { tag: "#root", attributes: {}, children: [] };
  const open = [root];
  const token =
    /<!--[\s\S]*?-->|<!?\/?([A-Za-z][\w:-]*)((?:\s+[^\s=>/]+(?:\s*=\s*(?:"[^"]*"|'[^']*'|[^\s>]*))?)*)\s*(\/?)>|[^<]+|</g;
  for (let found = token.exec(html); found !== null; found = token.exec(html)) {
    const [whole, name, attributes = "", selfClosing] = found;
    const parent = open.at(-1)!;
    if (whole.startsWith("<!")) continue;
    if (name === undefined) {
      parent.children.push(decode(whole));
      continue;
    }
    const tag = name.toLowerCase();
    if (whole.startsWith("</")) {
      const at = open.findLastIndex(element => element.tag === tag);
      if (at > 0) open.length = at;
      continue;
    }
    const element: Element = { tag, attributes: parseAttributes(attributes), children: [] };
    parent.children.push(element);
    if (RAW.has(tag)) {
      const end = html.toLowerCase().indexOf(`</${tag}`, token.lastIndex);
      token.lastIndex = end < 0 ? html.length : end;
    }
    if (!VOID.has(tag) && selfClosing !== "/") open.push(element);
  }
  return root;
}

function parseAttributes(text: string): Record<string, string> {
  const result: Record<string, string> = {};
  for (const [, name, double, single, bare] of text.matchAll(/([^\s=]+)(?:\s*=\s*(?:"([^"]*)"|'([^']*)'|(\S+)))?/g)) {
    result[name!.toLowerCase()] = decode(double ?? single ?? bare ?? "");
  }
  return result;
}

function decode(text: string): string {
  return text.replace(/&(#x[0-9a-f]+|#\d+|\w+);/gi, (whole, name: string) => {
    if (name.startsWith("#")) {
      const code = name[1] === "x" || name[1] === "X" ? Number.parseInt(name.slice(2), 16) : Number(name.slice(1));
      return code > 0 && code <= 0x10ffff ? String.fromCodePoint(code) : whole;
    }
    return ENTITIES[name] ?? whole;
  });
}

function find(element: Element, wanted: (element: Element) => boolean): Element | undefined {
  for (const child of element.children) {
    if (typeof child === "string") continue;
    if (wanted(child)) return child;
    const inner = find(child, wanted);
    if (inner !== undefined) return inner;
  }
  return undefined;
}

function textOf(element: Element | undefined): string {
  return (element?.children ?? []).map(child => (typeof child === "string" ? child : textOf(child))).join("");
}

/** The text of an element, with a space between its blocks. */
function wordsOf(element: Element): string {
  if (isClutter(element)) return "";
  const words = element.children.map(child => (typeof child === "string" ? child : wordsOf(child))).join("");
  return BLOCKS.has(element.tag) ? ` ${words} ` : words;
}

function isClutter(element: Element): boolean {
  return CHROME.has(element.tag) || CLUTTER.test(`${element.attributes.class ?? ""} ${element.attributes.id ?? ""}`);
}

const BLOCKS = new Set([
  "p",
  "div",
  "section",
  "article",
  "main",
  "header",
  "body",
  "h1",
  "h2",
  "h3",
  "h4",
  "h5",
  "h6",
  "ul",
  "ol",
  "blockquote",
  "pre",
  "table",
  "hr",
  "figure",
  "dl",
]);

/** The blocks of an element as markdown; runs of inline content make paragraphs. */
function blocks(element: Element): string[] {
  const result: string[] = [];
  let line = "";
  const flush = () => {
    const text = line.replace(/[ \t\n]+/g, " ").trim();
    if (text !== "") result.push(text);
    line = "";
  };
  for (const child of element.children) {
    if (typeof child === "string") line += child;
    else if (isClutter(child)) continue;
    else if (BLOCKS.has(child.tag)) {
      flush();
      result.push(...block(child));
    } else line += inline(child);
  }
  flush();
  return result;
}

function block(element: Element): string[] {
  const { tag } = element;
  if (/^h[1-6]$/.test(tag)) return [`${"#".repeat(Number(tag[1]))} ${inlineText(element)}`];
  switch (tag) {
    case "ul":
    case "ol":
      return [list(element, tag === "ol")];
    case "blockquote":
      return [blocks(element).join("\n\n").replace(/^/gm, "> ")];
    case "pre":
      return [`\`\`\`\n${textOf(element).replace(/\n$/, "")}\n\`\`\``];
    case "hr":
      return ["* * *"];
    case "table":
      return [table(element)];
    default:
      return blocks(element);
  }
}

function list(element: Element, ordered: boolean): string {
  const items = element.children.filter((child): child is Element => typeof child !== "string" && child.tag === "li");
  return items
    .map((item, index) => {
      const mark = ordered ? `${index + 1}.  ` : "-   ";
      return mark + blocks(item).join("\n").replace(/\n/g, "\n    ");
    })
    .join("\n");
}

function table(element: Element): string {
  const rows: Element[] = [];
  const collect = (at: Element) => {
    for (const child of at.children) {
      if (typeof child === "string") continue;
      if (child.tag === "tr") rows.push(child);
      else collect(child);
    }
  };
  collect(element);
  const lines = rows.map(row => {
    const cells = row.children.filter((child): child is Element => typeof child !== "string");
    return `| ${cells.map(inlineText).join(" | ")} |`;
  });
  if (lines.length === 0) return "";
  const columns = (lines[0]!.match(/\|/g)?.length ?? 2) - 1;
  return [lines[0], `|${" --- |".repeat(columns)}`, ...lines.slice(1)].join("\n");
}

function inlineText(element: Element): string {
  return element.children
    .map(child => (typeof child === "string" ? child : isClutter(child) ? "" : inline(child)))
    .join("")
    .replace(/[ \t\n]+/g, " ")
    .trim();
}

function inline(element: Element): string {
  const text = inlineText(element);
  switch (element.tag) {
    case "strong":
    case "b":
      return text === "" ? "" : `**${text}**`;
    case "em":
    case "i":
      return text === "" ? "" : `*${text}*`;
    case "code":
      return `\`${textOf(element)}\``;
    case "a":
      return element.attributes.href ? `[${text}](${element.attributes.href})` : text;
    case "img":
      return `![${element.attributes.alt ?? ""}](${element.attributes.src ?? ""})`;
    case "br":
      return "\n";
    default:
      return text;
  }
}
