/** What is known about where a value comes from. Only the evaluator makes these: neither code nor providers can set or remove them. */
export interface Security {
  /** What the author called it: `secret`, `pii`, `untrusted`. */
  readonly labels: readonly string[];
  /** Labels and sources of everything that went into it: `secret`, `src:cmd`. Only grows. */
  readonly taint: readonly string[];
  /** `command:git`, `auth:prod`, a file. */
  readonly sources: readonly string[];
}

export const NO_SECURITY: Security = { labels: [], taint: [], sources: [] };

/** Everything that any of them says, in order, once. */
export function mergeSecurity(...all: readonly (Security | undefined)[]): Security {
  let merged = NO_SECURITY;
  for (const one of all) {
    if (one === undefined || one === NO_SECURITY || one === merged) continue;
    merged =
      merged === NO_SECURITY
        ? one
        : {
            labels: union(merged.labels, one.labels),
            taint: union(merged.taint, one.taint),
            sources: union(merged.sources, one.sources),
          };
  }
  return merged;
}

/** A label is also taint: what an author calls secret stays marked in what is made of it. */
export function withLabels(security: Security, labels: readonly string[]): Security {
  if (labels.length === 0) return security;
  return { ...security, labels: union(security.labels, labels), taint: union(security.taint, labels) };
}

export function withTaint(security: Security, taint: readonly string[], sources: readonly string[] = []): Security {
  if (taint.length === 0 && sources.length === 0) return security;
  return { ...security, taint: union(security.taint, taint), sources: union(security.sources, sources) };
}

/** Takes labels off, from the taint too; `src:` marks stay. */
export function withoutLabels(security: Security, labels: readonly string[]): Security {
  const gone = new Set(labels.filter(label => !label.startsWith("src:")));
  return {
    ...security,
    labels: security.labels.filter(label => !gone.has(label)),
    taint: security.taint.filter(label => !gone.has(label)),
  };
}

function union(left: readonly string[], right: readonly string[]): readonly string[] {
  const added = right.filter(item => !left.includes(item));
  return added.length === 0 ? left : [...left, ...added];
}
