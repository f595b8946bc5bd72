import { inlineText } from "./format";
import { isPlainObject } from "./truth";

/** The `csv` transformer: a list of objects, one object, or the tables of a markdown text. */
export function toCsv(text: string): string {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return markdownTables(text);
  }
  if (Array.isArray(value)) return value.length === 0 ? "" : rows(value);
  return isPlainObject(value) ? rows([value]) : field(inlineText(value));
}

/** The rows of a CSV text, each a list of fields. */
export function csvRows(text: string): string[][] {
  const table: string[][] = [];
  let row: string[] = [];
  const field = /"((?:[^"]|"")*)"|([^,\r\n]*)/y;
  for (let at = 0; at <= text.length; ) {
    field.lastIndex = at;
    const [whole = "", quoted, bare] = field.exec(text) ?? [];
    row.push(quoted === undefined ? (bare ?? "") : quoted.replaceAll('""', '"'));
    at += whole.length;
    if (text[at] === ",") {
      at++;
      continue;
    }
    table.push(row);
    row = [];
    at += text.startsWith("\r\n", at) ? 2 : 1;
    if (at === text.length) break;
  }
  return table;
}

function rows(items: unknown[]): string {
  if (!isPlainObject(items[0])) return items.map(item => field(cell(item))).join("\n");
  // Columns of the first object, then those that only later ones have: nothing is left out.
  const columns = [...new Set(items.flatMap(item => (isPlainObject(item) ? Object.keys(item) : [])))];
  const lines = items.map(item => columns.map(column => (isPlainObject(item) ? cell(item[column]) : "")));
  return [columns, ...lines].map(line => line.map(field).join(",")).join("\n");
}

function cell(value: unknown): string {
  return value === null || value === undefined ? "" : inlineText(value);
}

function markdownTables(text: string): string {
  const lines = text.split("\n").map(line => line.trim());
  const result: string[] = [];
  let inside = false;
  for (let at = 0; at < lines.length; at++) {
    const line = lines[at]!;
    if (!line.includes("|")) inside = false;
    else if (inside) result.push(tableRow(line));
    else if (lines[at + 1]?.includes("---")) {
      result.push(tableRow(line));
      inside = true;
      at++;
    }
  }
  return result.length > 0 ? result.join("\n") : field(text);
}

function tableRow(line: string): string {
  return line
    .replace(/^\||\|$/g, "")
    .split("|")
    .map(part => field(part.trim()))
    .join(",");
}

function field(value: string): string {
  return /[",\n]/.test(value) ? `"${value.replaceAll('"', '""')}"` : value;
}
