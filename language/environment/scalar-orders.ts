/** Upper bounds and the provider. */
import { NARROWER, type Order, UNKNOWN } from "./order";
import type { LimitName, LimitSet, ProviderSet } from "./types";

const WIDER = { answer: "wider" as const, items: [] };

export const LIMIT_ORDER: Order<LimitSet> = {
  compare(child, parent) {
    if (parent.kind === "known" && parent.value === null) return NARROWER;
    if (parent.kind === "unknown" || child.kind === "unknown") return UNKNOWN;
    return child.value !== null && child.value <= parent.value! ? NARROWER : WIDER;
  },
  meet(left, right) {
    if (left.kind === "unknown" || right.kind === "unknown") return { kind: "unknown", place: left.place };
    if (left.value === null) return { ...right, place: left.place };
    return right.value === null || left.value <= right.value ? left : { ...right, place: left.place };
  },
};

/** The host contains every provider; one sandbox contains no other. */
export const PROVIDER_ORDER: Order<ProviderSet> = {
  compare(child, parent) {
    if (parent.kind === "known" && parent.ref === null) return NARROWER;
    if (parent.kind === "unknown" || child.kind === "unknown") return UNKNOWN;
    return child.ref === parent.ref ? NARROWER : WIDER;
  },
  meet(left, right) {
    return left.kind === "known" && left.ref === null ? { ...right, place: left.place } : left;
  },
};

const BYTES: Record<string, number> = { "": 1, b: 1, k: 1024, m: 1024 ** 2, g: 1024 ** 3, t: 1024 ** 4 };
const MILLISECONDS: Record<string, number> = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000, "": 1 };

/** `512m`, `0.5g`, `30s`, `1.5`, 2: in bytes, CPUs, processes or milliseconds; null when it is none above 0. */
export function parseLimit(name: LimitName, value: string | number): number | null {
  const match =
    typeof value === "number" ? [null, String(value), ""] : /^\s*(\d+(?:\.\d+)?)\s*([A-Za-z]*)\s*$/.exec(value);
  if (!match) return null;
  const unit = match[2]!.toLowerCase();
  const factor =
    name === "mem"
      ? BYTES[unit.replace(/^([kmgt])(?:ib?|b)$/, "$1")]
      : name === "timeout"
        ? MILLISECONDS[unit]
        : unit === ""
          ? 1
          : undefined;
  if (factor === undefined) return null;
  const amount = Number(match[1]) * factor;
  const result = name === "cpu" ? amount : Math.round(amount);
  return Number.isFinite(result) && result > 0 && (name !== "pids" || Number.isInteger(amount)) ? result : null;
}

/** In the largest unit that gives a short number. */
export function formatLimit(name: LimitName, value: number): string {
  if (name === "mem") {
    for (const unit of ["g", "m", "k"] as const)
      if (value % BYTES[unit]! === 0) return `${value / BYTES[unit]!}${unit}`;
    return `${value} bytes`;
  }
  if (name === "timeout") {
    for (const unit of ["h", "m", "s"] as const)
      if (value % MILLISECONDS[unit]! === 0) return `${value / MILLISECONDS[unit]!}${unit}`;
    return `${value}ms`;
  }
  return String(value);
}
