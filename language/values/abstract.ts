/**
 * What is known about a value before the run: known, one of a few, a list or object with an unknown rest, or unknown. The runtime
 * turns concrete values into the same shape (`fromValue`), so that one algebra serves both.
 */
import type { Place } from "../place";

export type AbstractValue = Known | AbstractArray | AbstractObject | AbstractExecutable | OneOf | Unknown;

export interface Known {
  kind: "known";
  value: string | number | boolean | null;
  place?: Place;
}

export interface AbstractArray {
  kind: "array";
  items: AbstractValue[];
  /** True when further items may follow that are not known. */
  open: boolean;
  place?: Place;
}

export interface AbstractObject {
  kind: "object";
  /** Later entries win; a key occurs once. */
  entries: AbstractEntry[];
  /** True when further, unknown keys may be present. */
  open: boolean;
  place?: Place;
  /** A spread of a parameter among the keys: a call puts its argument in. */
  pending?: PendingSpread;
}

export interface PendingSpread {
  value: Unknown;
  /** What stands before the spread and after it, as it is written. */
  before: AbstractEntry[];
  after: AbstractEntry[];
}

export interface AbstractEntry {
  key: string;
  value: AbstractValue;
  /** The range of the key, where it is written. */
  keyPlace?: Place;
  /** The config that a spread or a derivation took it from, as it is called there: `@sandbox`. */
  origin?: string;
  /** True when the entry may be absent (`key?: value`, or one branch only). */
  maybe?: boolean;
  /** The value that this entry replaced in a spread (`{ ...@p, tools: […] }`): the parent of the field. */
  replaced?: AbstractValue;
}

/** An executable, as in a tool collection or `mcpConfig`. */
export interface AbstractExecutable {
  kind: "executable";
  name: string;
  place?: Place;
}

export interface OneOf {
  kind: "oneOf";
  options: AbstractValue[];
  place?: Place;
}

export interface Unknown {
  kind: "unknown";
  /** Why, for hover: `the result of a command`, `an argument of the caller`. */
  reason: string;
  place?: Place;
  /** Set where the value is (a part of) a parameter of an executable, so that a call can put its argument in. */
  parameter?: ParameterPart;
  /** True where the value is made of parameters, so that evaluation with a call's arguments may know it. */
  derived?: boolean;
}

export interface ParameterPart {
  /** `URI#name` of the executable. */
  executable: string;
  name: string;
  /** Fields and indices taken of the parameter. */
  path: string[];
}
