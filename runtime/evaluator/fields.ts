/** Field access, indexes, slices, filters, and `.mx`. */
import { callMethod, infer, isPlainObject, looseEquals, MOVING_METHODS, typeName } from "../../language/values";
import { RunError } from "./errors";
import { Executable } from "./executable";
import { repeats, withinTime } from "./patterns";
import { mergeSecurity, type Security } from "./security";
import {
  elementOf,
  type FileFacts,
  itemsOf,
  makeValue,
  plain,
  sourceTextOf,
  textOf,
  typeOf,
  UNDEFINED,
  Value,
} from "./value";

/** `value.name`: missing fields and indexes are undefined; a simple value has no fields. */
export function fieldOf(value: Value, name: string): Value {
  if (name === "mx" && !hasOwnMx(value)) return metadataOf(value);
  if (name === "keep") return value.stating({ kept: true });
  const { data } = value;
  if (data === undefined || data === null) return UNDEFINED.with(value.own);
  if (data instanceof Executable) return executableField(value, data, name);
  if (Array.isArray(data)) return listField(value, data, name);
  if (isPlainObject(data)) return objectField(value, data, name);
  if (value.facts.file !== undefined) return textFileField(value, value.facts.file, name);
  if (typeof data === "string" && name === "length") return makeValue(data.length, value.own);
  throw fieldError(value, name);
}

/** Below `.mx.data` a field that the data calls `mx` is meant. */
function hasOwnMx(value: Value): boolean {
  return value.facts.raw === true && isPlainObject(value.data) && Object.hasOwn(value.data, "mx");
}

function objectField(value: Value, data: Record<string, unknown>, name: string): Value {
  return Object.hasOwn(data, name) ? elementOf(value, data[name]) : UNDEFINED.with(value.own);
}

/** The text of a file also has what is known of the file: `<a.md>.fm.title`, `<>.relative`. */
function textFileField(value: Value, file: FileFacts, name: string): Value {
  if (name === "text" || name === "data" || name === "content") return new Value(value.data, value.own);
  if (name === "length") return makeValue(String(value.data).length, value.own);
  const fields = fileFields(file);
  if (Object.hasOwn(fields, name)) return makeValue(fields[name], value.own);
  throw fieldError(value, name);
}

function listField(value: Value, data: unknown[], name: string): Value {
  if (/^\d+$/.test(name)) return elementOf(value, data[Number(name)]);
  if (name === "length") return makeValue(data.length, value.own);
  if (name === "text" && value.facts.printsText) return makeValue(value.facts.text, value.own);
  if (value.facts.quantified && (name === "any" || name === "all" || name === "none")) return quantified(value, name);
  return UNDEFINED.with(value.own);
}

function executableField(value: Value, executable: Executable, name: string): Value {
  // A function of a Node.js module may itself have functions: `@posix.dirname`.
  if (executable.body.kind === "node") {
    const { module, path } = executable.body;
    return makeValue(new Executable(name, [], [], { kind: "node", module, path: [...path, name] }), value.own);
  }
  if (name === "type") return makeValue("executable", value.own);
  if (name === "name") return makeValue(executable.name, value.own);
  return UNDEFINED;
}

function fieldError(value: Value, name: string): RunError {
  const type = typeName(value.data);
  const trimmed = typeof value.data === "string" ? value.data.trim() : "";
  const hint = /^[{[]/.test(trimmed) ? "; the text is JSON: read it first with | @parse" : "";
  return new RunError(`Cannot access field "${name}" on non-object value (${type})${hint}`, "FieldAccess");
}

/** `value[index]`: no negative indexes. */
export function indexOf(value: Value, index: unknown): Value {
  if (typeof index === "number" || (typeof index === "string" && /^\d+$/.test(index) && Array.isArray(value.data))) {
    if (Array.isArray(value.data)) return elementOf(value, value.data[Number(index)]);
    if (typeof value.data === "string") return makeValue(value.data[Number(index)], value.own);
    return fieldOf(value, String(index));
  }
  if (typeof index !== "string") return UNDEFINED;
  return isPlainObject(value.data) ? objectField(value, value.data, index) : fieldOf(value, index);
}

/** `value[from:to]` of a list or text. */
export function sliceOf(value: Value, from: number | undefined, to: number | undefined): Value {
  if (Array.isArray(value.data) || typeof value.data === "string")
    return makeValue(value.data.slice(from, to), value.own);
  if (value.data === null || value.data === undefined) return UNDEFINED;
  throw new RunError(`Cannot slice a value of type ${typeOf(value)}: only lists and texts have slices`, "FieldAccess");
}

/** `value[?field op wanted]`. */
export function filterOf(value: Value, field: string, operator: string | null, wanted: unknown): Value {
  const kept = itemsOf(value).filter(item => {
    const found = field
      .split(".")
      .reduce<Value>((at, name) => (isPlainObject(at.data) ? fieldOf(at, name) : UNDEFINED), item);
    return matches(plain(found), operator, wanted);
  });
  return makeValue(kept, value.own);
}

function matches(found: unknown, operator: string | null, wanted: unknown): boolean {
  switch (operator) {
    case null:
      return found !== undefined && found !== null && found !== false && found !== "";
    case "==":
      return looseEquals(found, wanted);
    case "!=":
      return !looseEquals(found, wanted);
    case "~":
      return String(found ?? "").includes(String(wanted));
    case "<":
      return ordered(found) < ordered(wanted);
    case "<=":
      return ordered(found) <= ordered(wanted);
    case ">":
      return ordered(found) > ordered(wanted);
    case ">=":
      return ordered(found) >= ordered(wanted);
    default:
      throw new RunError(`Unknown operator ${operator} in a filter`);
  }
}

/** Dates compare as points in time. */
function ordered(value: unknown): number {
  if (typeof value === "number") return value;
  const number = Number(value);
  return Number.isNaN(number) ? Date.parse(String(value)) : number;
}

/** `.mx`: what is known about a value. */
export function metadataOf(value: Value): Value {
  const { data, facts, security } = value;
  const text = facts.printsText ? (facts.text ?? "") : textForMetadata(value);
  const fields: Record<string, unknown> = {
    text,
    data: new Value(dataForMetadata(value), value.own, { raw: true }),
    type:
      facts.file && typeof data === "string"
        ? "text"
        : data === undefined
          ? "undefined"
          : typeOf(value) === "string"
            ? "text"
            : typeOf(value),
    labels: [...security.labels],
    taint: [...security.taint],
    sources: [...security.sources],
    tokens: Math.ceil(text.length / 4),
    length: text.length,
  };
  if (facts.index !== undefined) fields.index = facts.index;
  if (facts.key !== undefined) fields.key = facts.key;
  if (facts.file) Object.defineProperties(fields, Object.getOwnPropertyDescriptors(fileFields(facts.file)));
  if (facts.mx) Object.assign(fields, facts.mx.data);
  if (isPlainObject(data)) {
    fields.keys = Object.keys(data);
    fields.values = Object.values(data);
    fields.entries = Object.entries(data);
  }
  if (Array.isArray(data) && facts.printsText) fields.length = data.length;
  return new Value(fields);
}

/** A text that is JSON (the result of `run`, say) has the value that it stands for as its data. */
function dataForMetadata({ data, facts }: Value): unknown {
  return typeof data === "string" && facts.file === undefined ? infer(data, "structures") : data;
}

function textForMetadata(value: Value): string {
  return value.data === null || value.data === undefined ? "" : sourceTextOf(value);
}

function fileFields(file: FileFacts): Record<string, unknown> {
  return {
    filename: file.filename,
    relative: file.relative,
    absolute: file.path,
    path: file.path,
    // Only a program that asks for it learns that it is no YAML.
    get fm() {
      return file.frontmatter;
    },
    ext: /\.([^.]+)$/.exec(file.filename)?.[1] ?? "",
    ...file.page,
  };
}

/** `@input.any`, `.all`, `.none` in a guard: what holds of any, every or none of the inputs. */
function quantified(value: Value, quantifier: "any" | "all" | "none"): Value {
  const items = itemsOf(value);
  const lists = (pick: (security: Security) => readonly string[]) => {
    const each = items.map(item => pick(item.security));
    const union = [...new Set(each.flat())];
    return quantifier === "all" ? union.filter(name => each.every(list => list.includes(name))) : union;
  };
  const mx = { labels: lists(s => s.labels), taint: lists(s => s.taint), sources: lists(s => s.sources) };
  return new Value(
    { text: items.map(textOf).join("\n"), mx: new Value(mx) },
    mergeSecurity(...items.map(item => item.security)),
  );
}

/** Methods whose result consists of the receiver's own elements, with their origins. */
export function callValueMethod(receiver: Value, name: string, args: readonly Value[]): Value | null {
  const security = mergeSecurity(receiver.security, ...args.map(arg => arg.security));
  if (Array.isArray(receiver.data) && MOVING_METHODS.has(name)) {
    const data = args.map(arg => arg.data);
    const moved = callMethod(itemsOf(receiver).map(unwrapNestedList), name, data);
    return moved.found ? makeValue(moved.value, receiver.own) : null;
  }
  const subject =
    receiver.facts.text !== undefined && typeof receiver.data === "object" && !hasMethod(receiver, name)
      ? sourceTextOf(receiver)
      : plain(receiver);
  const data = args.map(arg => plain(arg));
  const searches = data.some(arg => (arg instanceof RegExp || name === "match") && repeats(arg));
  const call = () => callMethod(subject, name, data);
  const result = searches ? withinTime(call) : call();
  return result.found ? makeValue(result.value, security) : null;
}

/** `flat` looks into nested lists. */
function unwrapNestedList(item: Value): unknown {
  return Array.isArray(item.data) ? itemsOf(item).map(unwrapNestedList) : item;
}

/** A structured value that was read from a text has the methods of texts, too; its own come first. */
function hasMethod(receiver: Value, name: string): boolean {
  return callMethodExists(plain(receiver), name);
}

function callMethodExists(subject: unknown, name: string): boolean {
  try {
    return callMethod(Array.isArray(subject) ? [] : subject, name, []).found;
  } catch {
    // The method is there; it only disliked the trial arguments.
    return true;
  }
}
