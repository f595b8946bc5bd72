/** Markdown of this server's own making as plain text, for clients that show none: tables become lines, marks go. */
export function plainText(markdown: string): string {
  const lines: string[] = [];
  let code = false;
  for (const line of markdown.split("\n")) {
    if (line.startsWith("```")) code = !code;
    else if (code) lines.push(line);
    else if (/^\|(\s*-+\s*\|)+$/.test(line)) continue;
    else lines.push(unmarked(line.startsWith("|") ? cells(line) : line));
  }
  return lines
    .join("\n")
    .replace(/\n{3,}/g, "\n\n")
    .trim();
}

/** `| a | b | c |` as `a: b (c)`; a head without a first cell says nothing by itself. */
function cells(row: string): string {
  const [first = "", second = "", ...others] = row
    .slice(1, -1)
    .split(/(?<!\\)\|/)
    .map(cell => cell.trim());
  if (first === "") return "";
  const rest = others.filter(cell => cell !== "").join(", ");
  return `${first}: ${second}${rest && ` (${rest})`}`;
}

function unmarked(line: string): string {
  return line
    .replace(/\*\*(.+?)\*\*|(?<![\w*\\])\*(\S.*?)\*(?![\w*])/g, (_, bold, italic) => bold ?? italic)
    .replace(/\[([^\]]*)\]\([^)]*\)/g, "$1")
    .replace(/(?<!\\)`([^`]*)`/g, "$1")
    .replace(/\\([\\`*_{}[\]()#+.!|<>-])/g, "$1");
}
