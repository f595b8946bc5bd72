/** `fs`, and the mount options that mean the same. `null` is unset. */
import type { Place } from "../place";
import type { AbstractObject, AbstractValue } from "../values/abstract";
import { NO_FILES, normaliseFiles, UNKNOWN_FILES } from "./path-sets";
import { isWithin, resolveContainerPath, resolveHostPath, splitGrant } from "./paths";
import { listSource, type Reading } from "./reading";
import type { FsSet, PathItem } from "./types";

/** Where relative paths of the environment start. */
export const WORKDIR = "/workspace";

export function readFiles(reading: Reading, value: AbstractValue): FsSet | null {
  const { place } = value;
  if (value.kind === "unknown") return { ...UNKNOWN_FILES, place };
  if (value.kind === "known" && value.value === "*") return null;
  if (value.kind !== "object") {
    const paths = listSource(value);
    reading.type("fs", "an object { read: […], write: […] }", value, paths && `{ read: ${paths} }`);
    return null;
  }
  const set: FsSet = { ...NO_FILES, read: [], write: [], openRead: value.open, openWrite: value.open, place };
  for (const { key, value: list, keyPlace, maybe } of value.entries) {
    if (key !== "read" && key !== "write") {
      reading.unknownKey(key, keyPlace, "fs", ["read", "write"]);
      continue;
    }
    const { read, write, open } = readPaths(reading, list, key);
    set.read.push(...read);
    set.write.push(...write);
    if (open || maybe) set[key === "read" ? "openRead" : "openWrite"] = true;
  }
  return normaliseFiles(set);
}

/** `["./a:/b"]`, or the spec form `{ "./a": "/b", "./c": { bind: "/d", mode: "rw" } }`; read-only unless it says otherwise. */
export function readMounts(reading: Reading, value: AbstractValue): FsSet | null {
  const { place } = value;
  if (value.kind === "unknown") return { ...UNKNOWN_FILES, place };
  // No place: another `fs` value is not written where mounts are.
  const set: FsSet = { ...NO_FILES, read: [], write: [] };
  if (value.kind === "array") {
    set.openRead = set.openWrite = value.open;
    for (const element of value.items) {
      if (element.kind !== "known" || typeof element.value !== "string") {
        if (element.kind === "unknown") set.openRead = set.openWrite = true;
        else reading.type("an entry of mounts", 'a string such as "./data:/data"', element);
      } else
        (splitGrant(element.value).mode === "rw" ? set.write : set.read).push(
          readGrant(reading, element.value, "read", element.place),
        );
    }
  } else if (value.kind === "object") {
    set.openRead = set.openWrite = value.open;
    for (const { key, value: to, keyPlace } of value.entries) {
      const bind =
        to.kind === "known" && typeof to.value === "string"
          ? to.value
          : to.kind === "object"
            ? stringAt(to, "bind")
            : null;
      if (typeof bind !== "string") {
        if (to.kind === "unknown" || bind === null) set.openRead = set.openWrite = true;
        else reading.type(`the mount of '${key}'`, "a path in the environment, or { bind, mode }", to);
        continue;
      }
      const mode = to.kind === "object" ? (stringAt(to, "mode") ?? "rw") : "ro";
      (mode === "rw" ? set.write : set.read).push(hostPath(reading, key, bind, false, keyPlace));
    }
  } else {
    reading.type("mounts", "a list or an object of mounts", value);
    return null;
  }
  return normaliseFiles(set);
}

function readPaths(
  reading: Reading,
  value: AbstractValue,
  mode: "read" | "write",
): { read: PathItem[]; write: PathItem[]; open: boolean } {
  const list = value.kind === "array" ? value.items : [value];
  const found = { read: [] as PathItem[], write: [] as PathItem[] };
  // `:ro` and `:rw` count, whichever list they stand in.
  const add = (item: PathItem, suffix: string | null | undefined): void => {
    found[suffix === "ro" ? "read" : suffix === "rw" ? "write" : mode].push(item);
  };
  let open = value.kind === "array" && value.open;
  for (const element of list) {
    if (element.kind === "unknown" || element.kind === "oneOf") open = true;
    else if (element.kind === "known" && typeof element.value === "string")
      add(readGrant(reading, element.value, mode, element.place), splitGrant(element.value).mode);
    else if (element.kind === "object") {
      const host = stringAt(element, "host");
      const container = stringAt(element, "container");
      if (host === undefined)
        reading.type(`an entry of fs.${mode}`, "a path, or an object with `host` and `container`", element);
      else if (host === null || container === null) open = true;
      else add(hostPath(reading, host, container ?? null, false, element.place), stringAt(element, "mode"));
    } else reading.type(`fs.${mode}`, "a list of paths", element);
  }
  return { ...found, open };
}

function readGrant(reading: Reading, text: string, mode: "read" | "write", place: Place | undefined): PathItem {
  const { host, container, mode: suffix } = splitGrant(text);
  if (suffix !== null && suffix !== "ro" && suffix !== "rw")
    reading.report("env/field-type", `'${suffix}' is no mode of a mount: write :ro or :rw.`, place);
  const temporary = mode === "write" && container === null && isTemporary(reading, host);
  return hostPath(reading, host, container, temporary, place, text);
}

/** `/tmp`, but not a folder of the project, whose absolute path `@base` becomes in a string with double quotes. */
function isTemporary(reading: Reading, host: string): boolean {
  if (!host.startsWith("/")) return false;
  const { base } = resolveHostPath(host, reading.paths);
  const root = resolveHostPath(reading.paths.root, reading.paths).base;
  return root === "/" || !isWithin(base, root);
}

export function hostPath(
  reading: Reading,
  host: string,
  container: string | null,
  temporary: boolean,
  place: Place | undefined,
  text = host,
): PathItem {
  warnOfVariable(reading, host, place, text);
  const resolved = resolveHostPath(host, reading.paths);
  const target = container === null ? null : resolveContainerPath(container, WORKDIR);
  const key = resolved.tail === null ? resolved.base : `${resolved.base}/${resolved.tail}`;
  const item: PathItem = { key, text, place, ...resolved, container: target, temporary };
  if (target !== null) {
    const other = reading.targets.get(target);
    if (other && other.base !== item.base) {
      reading.report(
        "env/fs-target",
        `'${text}' lies at ${target} in the environment, where '${other.text}' lies already: give one of them another place.`,
        place,
        other.place && [{ place: other.place, message: `'${other.text}' is put at ${target} here` }],
      );
    } else reading.targets.set(target, item);
  }
  return item;
}

/** What a shell would replace, as a whole segment: `$HOME`, `${HOME}`, `%USERPROFILE%`, and at the start `~someone`. */
const VARIABLE = /^~[A-Za-z_][\w-]*(?=\/|$)|(?<=^|[\\/])(?:\$[A-Z_][A-Z0-9_]*|\$\{\w+\}|%[A-Za-z_]\w*%)(?=[\\/]|$)/;
const HOME = /^(?:\$HOME|\$\{HOME\}|%(?:USERPROFILE|HOME)%)$/i;

function warnOfVariable(reading: Reading, host: string, place: Place | undefined, text: string): void {
  const found = VARIABLE.exec(host);
  if (!found) return;
  const [word] = found;
  const home = found.index === 0 && HOME.test(word);
  // As long as its text and two quotes: a literal, with the path at its start.
  const literal = place && text.startsWith(host) && place.end - place.start === text.length + 2;
  reading.problems.push({
    code: "env/field-type",
    severity: "warning",
    message: `${word} is not replaced here: the path means a file of that very name. ${home ? "Write ~ for the home folder." : "~ is the home folder, @base the project's root."}`,
    place,
    related: [],
    fixes:
      home && literal
        ? [
            {
              kind: "replace",
              title: "Write ~",
              place: { uri: place.uri, start: place.start + 1, end: place.start + 1 + word.length },
              newText: "~",
              preferred: true,
            },
          ]
        : [],
  });
}

/** A string entry; undefined when it is absent, null when it is not known. */
function stringAt(value: AbstractObject, key: string): string | null | undefined {
  const found = value.entries.find(entry => entry.key === key)?.value;
  if (!found) return undefined;
  return found.kind === "known" && typeof found.value === "string"
    ? found.value
    : found.kind === "unknown" || found.kind === "oneOf"
      ? null
      : undefined;
}
