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

  type(what: string, wanted: string, value: AbstractValue): void {
    // A field is named as it is written, a description begins the sentence.
    const subject = /^[A-Za-z.]+$/.test(what) ? `\`${what}\`` : capital(what);
    this.report("env/field-type", `${subject} must be ${wanted}, not ${kindOf(value)}.`, value.place);
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
