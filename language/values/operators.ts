import type { BinaryOperator } from "../syntax/tree";
import { inlineText } from "./format";
import { truthy } from "./truth";

type Operator = Exclude<BinaryOperator, "??" | "||" | "&&">;

/** An operation of two values. `??`, `||` and `&&` are not here: they decide whether the right side is evaluated at all. */
export function binary(operator: Operator, left: unknown, right: unknown): unknown {
  return OPERATORS[operator](left, right);
}

const OPERATORS: Record<Operator, (left: unknown, right: unknown) => unknown> = {
  "==": looseEquals,
  "!=": (left, right) => !looseEquals(left, right),
  "~=": contains,
  "!~=": (left, right) => !contains(left, right),
  "<": (left, right) => number(left) < number(right),
  "<=": (left, right) => number(left) <= number(right),
  ">": (left, right) => number(left) > number(right),
  ">=": (left, right) => number(left) >= number(right),
  "+": (left, right) => number(left) + number(right),
  "-": (left, right) => number(left) - number(right),
  "*": (left, right) => number(left) * number(right),
  "/": (left, right) => number(left) / number(right),
  "%": (left, right) => number(left) % number(right),
};

/** `"5" == 5` and `"true" == true`; lists and objects are equal only to themselves. */
export function looseEquals(left: unknown, right: unknown): boolean {
  if (left === right) return true;
  if (left === undefined || left === null || right === undefined || right === null)
    return (left ?? null) === (right ?? null);
  if (typeof left === "boolean" && typeof right === "string") return String(left) === right;
  if (typeof left === "string" && typeof right === "boolean") return left === String(right);
  if (typeof left === "number" && typeof right === "string") return right.trim() !== "" && left === Number(right);
  if (typeof left === "string" && typeof right === "number") return left.trim() !== "" && Number(left) === right;
  if (typeof left === "boolean" && typeof right === "number") return Number(left) === right;
  if (typeof left === "number" && typeof right === "boolean") return left === Number(right);
  return false;
}

/** `left ~= right`: an element of a list, a key of an object, else the text or regular expression `right` in the text `left`. */
function contains(left: unknown, right: unknown): boolean {
  if (Array.isArray(left)) return left.some(item => looseEquals(item, right));
  if (right instanceof RegExp) return right.test(inlineText(left));
  const text = inlineText(left);
  const wanted = inlineText(right);
  if (text.includes(wanted)) return true;
  try {
    return new RegExp(wanted).test(text);
  } catch {
    // Not a regular expression, and the text does not hold it as it stands.
    return false;
  }
}

/** Comparison and arithmetic are numeric: a text that is no number makes NaN, so every comparison with it is false. */
function number(value: unknown): number {
  if (typeof value === "number") return value;
  if (typeof value === "boolean") return Number(value);
  if (typeof value === "string") return value.trim() === "" ? Number.NaN : Number(value);
  return value === null ? 0 : Number.NaN;
}

/** `!x`. */
export function not(value: unknown): boolean {
  return !truthy(value);
}
