/** Values at run time: plain data with what is known about its origin. */
import { inlineText, isPlainObject, json, typeName } from "../../language/values";
import { Executable } from "./executable";
import { mergeSecurity, NO_SECURITY, type Security } from "./security";

/** A loaded file. */
export interface FileFacts {
  path: string;
  filename: string;
  relative: string;
  text: string;
  readonly frontmatter: unknown;
  /** Of an HTML page: title, description, its source, its markdown and its words. */
  page?: Record<string, unknown>;
}

export interface Facts {
  /** The text that a list or object was read from, or prints as. */
  text?: string;
  /** True when templates print `text` and not JSON (the files of a glob). */
  printsText?: boolean;
  file?: FileFacts;
  /** What `.mx` says besides, of a definition in source code. */
  mx?: Value;
  /** Where an element stood in the list or object that was iterated. */
  index?: number;
  key?: string;
  /** `.keep`: code gets the value with its facts. */
  kept?: boolean;
  /** An argument that the caller left out: templates print its name. */
  missing?: boolean;
  /** The undefined of a block without a return: it prints `undefined`, where a missing field prints `null`. */
  noReturn?: boolean;
  /** The data of `.mx.data`, without what is known about it. */
  raw?: boolean;
  /** The inputs of a guard, which know `any`, `all` and `none`. */
  quantified?: boolean;
  /** The value that a pipeline hands to a stage: code sees its text as well. */
  staged?: boolean;
  /** The output of a command that was printed as it came. */
  printed?: boolean;
  /** Text straight from a command or code: `var` reads it as a value. */
  output?: "command" | "code";
}

const NO_FACTS: Facts = {};

/** `data` is JSON-like; elements of lists and objects are plain, or `Value`s where they have an origin of their own. */
export class Value {
  private all: Security | undefined;

  constructor(
    readonly data: unknown,
    /** Said of this value itself; what its elements add is in `security`. */
    readonly own: Security = NO_SECURITY,
    readonly facts: Facts = NO_FACTS,
  ) {}

  /** What is said of the value and of everything in it. */
  get security(): Security {
    this.all ??=
      typeof this.data === "object" && this.data !== null ? mergeSecurity(this.own, nested(this.data)) : this.own;
    return this.all;
  }

  with(security: Security): Value {
    return security === this.own ? this : new Value(this.data, security, this.facts);
  }

  adding(security: Security): Value {
    return this.with(mergeSecurity(this.own, security));
  }

  stating(facts: Facts): Value {
    return new Value(this.data, this.own, { ...this.facts, ...facts });
  }
}

export const UNDEFINED = new Value(undefined);
export const NULL = new Value(null);

export function makeValue(data: unknown, security: Security = NO_SECURITY, facts?: Facts): Value {
  if (data instanceof Value) return data.adding(security);
  return new Value(data, security, facts);
}

/** The element of a list or object: it keeps what is said of the container itself. */
export function elementOf(container: Value, item: unknown): Value {
  return makeValue(item, container.own);
}

/** The items of a list, each with its origin. */
export function itemsOf(value: Value): Value[] {
  return Array.isArray(value.data) ? value.data.map(item => elementOf(value, item)) : [];
}

/** Plain data without origins, for code, JSON and comparison. */
export function plain(value: unknown): unknown {
  if (value instanceof Value) return plain(value.data);
  if (Array.isArray(value)) return value.map(plain);
  if (isPlainObject(value)) {
    const result: Record<string, unknown> = {};
    for (const [key, item] of Object.entries(value)) define(result, key, plain(item));
    return result;
  }
  return value;
}

/** Sets a key as data, also `__proto__`. */
export function define(target: Record<string, unknown>, key: string, value: unknown): void {
  if (key === "__proto__")
    Object.defineProperty(target, key, { value, enumerable: true, configurable: true, writable: true });
  else target[key] = value;
}

/** The text of a value where a text is asked for: in templates and commands. */
export function textOf(value: Value): string {
  if (value.facts.printsText && value.facts.text !== undefined) return value.facts.text;
  return inlineText(plain(value));
}

/** The text that a pipeline stage and `.mx.text` see: what it was read from, else its JSON. */
export function sourceTextOf(value: Value): string {
  if (value.data === null || value.data === undefined) return "";
  if (typeof value.data === "string") return value.data;
  return value.facts.text ?? (typeof value.data === "object" ? json(plain(value)) : String(value.data));
}

/** The type that `.mx.type` and `@typeof` name. */
export function typeOf(value: Value): string {
  return typeName(value.data);
}

function nested(data: object): Security {
  if (data instanceof Executable || data instanceof RegExp) return NO_SECURITY;
  let merged = NO_SECURITY;
  for (const item of Array.isArray(data) ? data : Object.values(data)) {
    if (item instanceof Value) merged = mergeSecurity(merged, item.security);
    else if (typeof item === "object" && item !== null) merged = mergeSecurity(merged, nested(item));
  }
  return merged;
}
