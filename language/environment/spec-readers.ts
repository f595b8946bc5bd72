/** How the values of a spec are read: no coercion, unknown keys refused at every level, each mistake at its place. */
import type { Place } from "../place";
import type { AbstractEntry, AbstractObject, AbstractValue } from "../values/abstract";
import { kindOf } from "./reading";
import { closest } from "./spelling";
import type { FixData } from "./types";

/** A mistake in a spec; `place` is missing for what was given on the command line. */
export interface SpecProblem {
  code: "run/spec";
  severity: "error";
  message: string;
  place?: Place;
  related: { place: Place; message: string }[];
  fixes: FixData[];
}

/** Gives undefined for a mistake, which it has told. */
export type Read<T> = (value: AbstractValue, at: string, problems: SpecProblem[]) => T | undefined;

interface SpecField {
  read: Read<unknown>;
  /** undefined is required. */
  fallback?: unknown;
  aliases?: string[];
}

export type Model = Record<string, SpecField>;

export const text: Read<string> = (value, at, problems) => {
  if (value.kind === "known" && typeof value.value === "string") return value.value;
  if (value.kind !== "known" || value.value === null) return wrong(value, at, "a text", problems);
  // YAML takes it for a number, or for true or false. `0755` and `1e3` are written otherwise than they are printed.
  const { place } = value;
  const quoted = `"${value.value}"`;
  const asWritten = place !== undefined && place.end - place.start === quoted.length - 2;
  problems.push({
    ...problem(
      `\`${at}\` must be a text, not ${value.value}: write it in quotes${asWritten ? `, ${quoted}` : ""}.`,
      place,
    ),
    fixes: asWritten ? replacing(place, quoted, `Write ${quoted}`) : [],
  });
  return undefined;
};

export const flag: Read<boolean> = (value, at, problems) =>
  value.kind === "known" && typeof value.value === "boolean"
    ? value.value
    : wrong(value, at, "true or false", problems);

export const optional =
  <T>(read: Read<T>): Read<T | null> =>
  (value, at, problems) =>
    value.kind === "known" && value.value === null ? null : read(value, at, problems);

/** A text in which something is looked for; `wanted` ends the sentence when it is not there. */
export const textLike =
  (test: (text: string) => boolean, wanted: string): Read<string> =>
  (value, at, problems) => {
    const read = text(value, at, problems);
    return read === undefined || test(read) ? read : wrong(value, at, wanted, problems);
  };

export const listOf =
  <T>(read: Read<T>, wanted: string): Read<T[]> =>
  (value, at, problems) => {
    if (value.kind === "known" && typeof value.value === "string") {
      const list = `[${JSON.stringify(value.value)}]`;
      problems.push({
        ...problem(`\`${at}\` must be ${wanted}, not one text: write ${list}.`, value.place),
        fixes: replacing(value.place, list, `Write ${list}`),
      });
      return undefined;
    }
    if (value.kind !== "array") return wrong(value, at, wanted, problems);
    return value.items.flatMap((item, index) => read(item, `${at}[${index}]`, problems) ?? []);
  };

/** An object with keys of the author's own. */
export const mapOf =
  <T>(
    read: (
      key: string,
      value: AbstractValue,
      at: string,
      problems: SpecProblem[],
      keyPlace: Place | undefined,
    ) => T | undefined,
    wanted: string,
  ): Read<[string, T][]> =>
  (value, at, problems) => {
    if (value.kind !== "object") return wrong(value, at, wanted, problems);
    return value.entries.flatMap(({ key, keyPlace, value: item }) => {
      const found = read(key, item, below(at, key), problems, keyPlace);
      return found === undefined ? [] : [[key, found] as [string, T]];
    });
  };

export const oneOf =
  <T extends string>(...words: T[]): Read<T> =>
  (value, at, problems) => {
    if (value.kind === "known" && words.includes(value.value as T)) return value.value as T;
    return wrong(value, at, `one of ${words.join(", ")}`, problems);
  };

export const model =
  (fields: Model): Read<Record<string, unknown>> =>
  (value, at, problems) =>
    value.kind === "object"
      ? readModel(value, fields, at, problems)
      : wrong(value, at, `an object with ${Object.keys(fields).map(snakeCase).join(", ")}`, problems);

export function readModel(
  value: AbstractObject,
  fields: Model,
  at: string,
  problems: SpecProblem[],
): Record<string, unknown> {
  const result: Record<string, unknown> = {};
  const seen = new Map<string, AbstractEntry>();
  for (const entry of value.entries) {
    const name = fieldOf(fields, entry.key);
    if (name === undefined) problems.push(unknownKey(entry, fields, at));
    else if (seen.has(name))
      problems.push(
        problem(
          `'${entry.key}' says \`${snakeCase(name)}\` a second time, after '${seen.get(name)!.key}': keep one of them.`,
          entry.keyPlace,
        ),
      );
    else seen.set(name, entry);
  }
  for (const [name, { read, fallback }] of Object.entries(fields)) {
    const entry = seen.get(name);
    const path = at === "" ? snakeCase(name) : `${at}.${snakeCase(name)}`;
    if (entry) result[name] = read(entry.value, path, problems);
    else if (fallback !== undefined) result[name] = fallback;
    else problems.push(problem(`The spec has no \`${path}\`, which it needs.`, headOf(value)));
  }
  return result;
}

/** Where something is missing from an object: its first key, or all of it when it has none. */
export function headOf(value: AbstractValue): Place | undefined {
  return (value.kind === "object" && value.entries[0]?.keyPlace) || value.place;
}

/** The part of a spec that a path of camelCase names leads to. */
export function partAt(value: AbstractValue | undefined, ...path: string[]): AbstractValue | undefined {
  let at = value;
  for (const name of path) {
    if (at?.kind !== "object") return undefined;
    at = at.entries.find(entry => camelCase(entry.key) === name)?.value;
  }
  return at;
}

export function wrong(value: AbstractValue, at: string, wanted: string, problems: SpecProblem[]): undefined {
  problems.push(problem(`\`${at}\` must be ${wanted}, not ${kindOf(value)}.`, value.place));
}

export function problem(message: string, place: Place | undefined): SpecProblem {
  return { code: "run/spec", severity: "error", message, place, related: [], fixes: [] };
}

/** A quick fix, where there is something to replace. */
export function replacing(place: Place | undefined, newText: string, title: string): FixData[] {
  return place ? [{ kind: "replace", title, place, newText, preferred: true }] : [];
}

/** The path of a part whose name is the author's own. */
function below(at: string, key: string): string {
  return /^[A-Za-z_][\w-]*$/.test(key) ? `${at}.${key}` : `${at}[${JSON.stringify(key)}]`;
}

export function isField(fields: Model, key: string): boolean {
  return fieldOf(fields, key) !== undefined;
}

function fieldOf(fields: Model, key: string): string | undefined {
  const name = camelCase(key);
  return Object.keys(fields).find(field => field === name || fields[field]!.aliases?.includes(name));
}

/** A field's name as configs spell it. */
export function camelCase(key: string): string {
  return key.replace(/_([a-z])/g, (_, letter: string) => letter.toUpperCase());
}

function snakeCase(name: string): string {
  return name.replace(/[A-Z]/g, letter => `_${letter.toLowerCase()}`);
}

export function unknownKey({ key, keyPlace }: AbstractEntry, fields: Model, at: string): SpecProblem {
  const known = Object.keys(fields).map(snakeCase);
  const suggestion = closest(key, known);
  const where = at === "" ? "a spec" : `\`${at}\``;
  if (key === "<<")
    return problem(`\`<<\` (a merge of YAML) is not read here: write the fields of ${where} out.`, keyPlace);
  return {
    ...problem(
      `'${key}' is no field of ${where}: ${suggestion ? `did you mean '${suggestion}'?` : `it has ${known.join(", ")}.`}`,
      keyPlace,
    ),
    fixes: suggestion ? replacing(keyPlace, suggestion, `Change to '${suggestion}'`) : [],
  };
}
