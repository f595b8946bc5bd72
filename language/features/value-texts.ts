import type { AbstractValue } from "../values/abstract";

const MAX_LENGTH = 400;
const MAX_ITEMS = 12;
const MAX_DEPTH = 3;

/** A value for hover, as far as it is known before the run: a fenced block, or a sentence where nothing is known. */
export function summaryOf(value: AbstractValue): string {
  if (value.kind === "unknown") return `Known only when it runs: ${value.reason}.`;
  const text = textOf(value, 0);
  return `\`\`\`mlld\n${text.length > MAX_LENGTH ? `${text.slice(0, MAX_LENGTH)}…` : text}\n\`\`\``;
}

function textOf(value: AbstractValue, depth: number): string {
  switch (value.kind) {
    case "known":
      return JSON.stringify(value.value);
    case "unknown":
      return "?";
    case "executable":
      return `@${value.name}`;
    case "oneOf":
      return value.options.map(option => textOf(option, depth)).join(" or ");
    case "array":
      return depth >= MAX_DEPTH
        ? "[…]"
        : `[${listed(
            value.items.map(item => textOf(item, depth + 1)),
            value.open,
          )}]`;
    case "object": {
      if (depth >= MAX_DEPTH) return "{ … }";
      const entries = value.entries.map(
        ({ key, maybe, value: inner }) => `${key}${maybe ? "?" : ""}: ${textOf(inner, depth + 1)}`,
      );
      const body = listed(entries, value.open);
      return body ? `{ ${body} }` : "{}";
    }
  }
}

function listed(items: string[], open: boolean): string {
  const shown = items.slice(0, MAX_ITEMS);
  if (open || items.length > MAX_ITEMS) shown.push("…");
  return shown.join(", ");
}
