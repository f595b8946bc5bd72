/** Commands and code that a policy denies, as far as it is known before the run. */
import {
  type CommandPolicy,
  codeRefusal,
  commandPolicyOf,
  commandRefusal,
  composed,
  type Problem,
  toValue,
} from "../environment";
import type { Place } from "../place";
import type { Effect, HeldPolicy } from "../semantics";
import type { AbstractObject, AbstractValue } from "../values/abstract";

type Command = Extract<Effect, { kind: "command" }>;

export class DeniedCommands {
  /** By how many of the policies hold. */
  private readonly known = new Map<number, CommandPolicy | null>();

  constructor(private readonly textOf: (uri: string) => string | null | undefined) {}

  /** `held`: the policies that are there when the command runs. */
  problem({ language, place }: Command, held: readonly HeldPolicy[]): Problem | null {
    const policy = this.united(held);
    if (policy === null) return null;
    const code = codeIn(this.textOf(place.uri)?.slice(place.start, place.end) ?? "");
    const refusal = language === "cmd" ? refusedCommand(policy, code) : codeRefusal(policy, language, code);
    if (refusal === null) return null;
    const labels = [...new Set(held.map(({ label }) => label))].join(", ");
    return {
      code: "env/policy-denied",
      severity: "error",
      message: `${refusal} (${labels}). Change the policy, or remove this.`,
      place,
      related: held.flatMap(({ value }): { place: Place; message: string }[] =>
        value.place ? [{ place: value.place, message: "the policy" }] : [],
      ),
      fixes: [],
    };
  }

  private united(held: readonly HeldPolicy[]): CommandPolicy | null {
    let policy = this.known.get(held.length);
    if (policy === undefined) {
      policy = null;
      for (const { value } of held) policy = composed(policy, knownPolicy(value));
      this.known.set(held.length, policy);
    }
    return policy;
  }
}

/** What is not known of a policy denies nothing before the run. */
function knownPolicy(value: AbstractValue): CommandPolicy {
  const nothing: CommandPolicy = { allow: null, deny: [], danger: null };
  if (value.kind !== "object" || value.open) return nothing;
  const known = (entries: AbstractObject["entries"]) =>
    entries.flatMap(({ key, value: item, maybe }): [string, unknown][] => {
      const data = maybe ? undefined : toValue(item);
      return data === undefined ? [] : [[key, data]];
    });
  const parts = value.entries.filter(({ key }) => SECTIONS.has(key));
  const entries = known(parts);
  const policy = commandPolicyOf(Object.fromEntries(entries));
  const lacks = (...keys: string[]) =>
    parts.length > entries.length &&
    keys.some(key => !entries.some(([name]) => name === key) && parts.some(part => part.key === key));
  return {
    allow: lacks("allow", "capabilities") ? null : policy.allow,
    deny: policy.deny,
    danger: lacks("allow", "danger", "capabilities") ? null : policy.danger,
  };
}

const SECTIONS = new Set(["allow", "deny", "danger", "deny_cmd", "capabilities"]);

/** What stands between the braces or quotes. */
function codeIn(text: string): string {
  return /^[^{"'`]*[{"'`]([\s\S]*)[}"'`]$/.exec(text)?.[1] ?? "";
}

/** Of a command that values are put into only the words in front of the first one are known. */
function refusedCommand(policy: CommandPolicy, text: string): string | null {
  const value = /(?<![\\@])@(?!@)|<|\{\{/.exec(text);
  return value
    ? commandRefusal(policy, text.slice(0, value.index).replace(/\S+$/, ""), true)
    : commandRefusal(policy, text);
}
