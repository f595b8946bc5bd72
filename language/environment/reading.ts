/** What reading a config leaves behind: its problems, and the places in the environment that are taken. */
import type { Place } from "../place";
import type { AbstractValue } from "../values/abstract";
import { closest } from "./spelling";
import type { ConfigRole, EnvironmentCode, PathContext, PathItem, Problem } from "./types";

export class Reading {
  readonly problems: Problem[] = [];
  /** What lies at a path of the environment. */
  readonly targets = new Map<string, PathItem>();

  constructor(
    readonly role: ConfigRole,
    readonly paths: PathContext,
  ) {}

  report(code: EnvironmentCode, message: string, place: Place | undefined, related: Problem["related"] = []): void {
    this.problems.push({ code, severity: "error", message, place, related, fixes: [] });
  }

  /** @param asWanted the value as it was probably meant, where that is known */
  type(what: string, wanted: string, value: AbstractValue, asWanted?: string): void {
    // A field is named as it is written, a description begins the sentence.
    const subject = /^[A-Za-z.]+$/.test(what) ? `\`${what}\`` : capital(what);
    this.problems.push({
      code: "env/field-type",
      severity: "error",
      message: `${subject} must be ${wanted}, not ${kindOf(value)}.`,
      place: value.place,
      related: [],
      fixes:
        asWanted && value.place
          ? [{ kind: "replace", title: `Write ${asWanted}`, place: value.place, newText: asWanted, preferred: true }]
          : [],
    });
  }

  unknownKey(key: string, place: Place | undefined, of: string, known: readonly string[]): void {
    const suggestion = closest(key, known);
    this.problems.push({
      code: "env/unknown-field",
      severity: "warning",
      message: `'${key}' is no field of ${of}${suggestion ? `: did you mean '${suggestion}'?` : `, which has ${known.join(", ")}.`}`,
      place,
      related: [],
      fixes:
        suggestion && place
          ? [{ kind: "replace", title: `Change to '${suggestion}'`, place, newText: suggestion, preferred: true }]
          : [],
    });
  }

  /** Runs `read` without keeping its problems. */
  quietly<T>(read: () => T): T {
    const before = this.problems.length;
    const result = read();
    this.problems.length = before;
    return result;
  }
}

/** A list of texts as it is written; undefined for what is no such list, or not known as a whole. */
export function listSource(value: AbstractValue): string | undefined {
  if (value.kind !== "array" || value.open) return undefined;
  const texts = value.items.map(item => (item.kind === "known" && typeof item.value === "string" ? item.value : null));
  return texts.includes(null) ? undefined : `[${texts.map(text => JSON.stringify(text)).join(", ")}]`;
}

export function kindOf(value: AbstractValue): string {
  switch (value.kind) {
    case "known":
      return value.value === null
        ? "null"
        : typeof value.value === "string"
          ? `the text ${JSON.stringify(value.value.slice(0, 40))}`
          : String(value.value);
    case "array":
      return "a list";
    case "object":
      return "an object";
    case "executable":
      return `the executable @${value.name}`;
    default:
      return "unknown";
  }
}

export function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
