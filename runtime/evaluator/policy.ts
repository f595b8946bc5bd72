/** Policy at run time: capabilities, the danger list, and where labels may flow. */
import picomatch from "picomatch";
import {
  CAPABILITY_ALIASES,
  type CommandPolicy,
  codeRefusal,
  commandPolicyOf,
  commandRefusal,
  composed,
  firstProgram,
  strings,
} from "../../language/environment";
import { isPlainObject } from "../../language/values";
import type { AuthDefinition } from "./auth";
import { DeniedError, denialFor } from "./errors";
import { type Security, withLabels } from "./security";

const RULE_LABELS: Record<string, { labels: string[]; operations: string[] }> = {
  "no-secret-exfil": { labels: ["secret"], operations: ["exfil", "net:w", "network"] },
  "no-sensitive-exfil": { labels: ["sensitive"], operations: ["exfil", "net:w", "network"] },
  "no-untrusted-destructive": { labels: ["untrusted"], operations: ["destructive"] },
  "no-untrusted-privileged": { labels: ["untrusted"], operations: ["privileged"] },
};

export interface PolicyProfiles {
  name: string;
  requires: readonly string[];
}

export class PolicyState {
  readonly auth = new Map<string, AuthDefinition>();
  readonly names: string[] = [];
  /** Executables that were called, for `@mx.tools.calls`. */
  readonly calls: string[] = [];
  /** `@mx.profile` outside every block. */
  profile: string | null = null;
  /** `env.default`: the provider of commands that nothing else gives one. */
  defaultProvider: string | null = null;
  private capabilities: CommandPolicy | null = null;
  private readonly labelRules: { label: string; deny: string[]; allow: string[] }[] = [];
  private readonly operations = new Map<string, string[]>();
  private rules = new Set<string>();
  private unlabelled: string | null = null;
  private root = "";

  get active(): boolean {
    return this.names.length > 0;
  }

  /** Adds a policy: several hold together, the stricter one wins. */
  add(name: string, value: Record<string, unknown>, root: string): void {
    this.names.push(name);
    this.root = root;
    this.capabilities = composed(this.capabilities, commandPolicyOf(value));
    if (isPlainObject(value.labels)) {
      for (const [label, rule] of Object.entries(value.labels)) {
        if (isPlainObject(rule)) this.labelRules.push({ label, deny: strings(rule.deny), allow: strings(rule.allow) });
      }
    }
    if (isPlainObject(value.operations)) {
      for (const [category, labels] of Object.entries(value.operations)) {
        this.operations.set(category, [...(this.operations.get(category) ?? []), ...strings(labels)]);
      }
    }
    if (isPlainObject(value.env) && typeof value.env.default === "string")
      this.defaultProvider = value.env.default.trim() || null;
    const { defaults } = value;
    if (isPlainObject(defaults)) {
      this.rules = new Set([...this.rules, ...strings(defaults.rules)]);
      if (typeof defaults.unlabeled === "string" && this.unlabelled !== "untrusted")
        this.unlabelled = defaults.unlabeled;
    }
  }

  /** Marks what comes from outside and has no label, under `defaults.unlabeled`. */
  labelled(security: Security): Security {
    return this.unlabelled === null || security.labels.length > 0 ? security : withLabels(security, [this.unlabelled]);
  }

  /** What calling an executable with `llm` adds to a result of untrusted input. */
  influences(labels: readonly string[], security: Security): boolean {
    return (
      this.rules.has("untrusted-llms-get-influenced") && labels.includes("llm") && security.taint.includes("untrusted")
    );
  }

  /** Whether a profile's needs are denied: only denials count. */
  denies(capability: string): boolean {
    const denied = this.capabilities?.deny ?? [];
    const name = CAPABILITY_ALIASES[capability] ?? capability;
    return denied.some(entry => entry === name || (name === "cmd" && (entry === "cmd" || entry === "cmd:*")));
  }

  /**
   * A command: its words are compared with the patterns, the most specific one decides, denial wins a tie. `labels` are those of the
   * executable that it stands in: what goes into the command goes into that operation.
   */
  checkCommand(command: string, security: Security, labels: readonly string[]): void {
    if (!this.active) return;
    const refusal = this.capabilities && commandRefusal(this.capabilities, command);
    if (refusal) throw this.denied(refusal, command);
    this.checkFlow("cmd", security.taint, "run", firstProgram(command), ...labels);
  }

  /** A code block: with an allow list its language must be listed. */
  checkCode(language: string, body: string, security: Security): void {
    const { capabilities } = this;
    if (capabilities === null) return;
    const refusal = codeRefusal(capabilities, language, body);
    if (refusal) throw this.denied(refusal, body);
    if (language === "sh" || language === "bash") this.checkFlow("sh", security.taint, "run");
  }

  /** The script's own reading and writing of files. */
  checkFile(path: string, access: "read" | "write"): void {
    const { capabilities } = this;
    if (capabilities === null) return;
    const deny = capabilities.deny.some(entry => grantsFile(entry, path, access, this.root));
    const allow =
      capabilities.allow === null || capabilities.allow.some(entry => grantsFile(entry, path, access, this.root));
    if (deny || !allow) throw this.denied(`Filesystem ${access} denied by policy`, path);
  }

  /** Whether values with these labels may go into an operation with these labels. */
  checkFlow(channel: string, taint: readonly string[], operation: string, ...operationLabels: (string | null)[]): void {
    if (!this.active || taint.length === 0) return;
    const targets = [channel, `op:${operation}`, `op:${channel}`, ...operationLabels.filter(label => label !== null)];
    for (const [category, labels] of this.operations)
      if (targets.some(target => labels.includes(target))) targets.push(category);
    for (const { label, deny, allow } of this.labelRules) {
      if (!taint.includes(label)) continue;
      const hit = deny.find(entry => targets.some(target => target === entry || target.startsWith(`${entry}:`)));
      if (hit === undefined || allow.some(entry => targets.includes(entry))) continue;
      throw flowDenied(label, hit);
    }
    for (const rule of this.rules) {
      const facts = RULE_LABELS[rule];
      if (facts === undefined) continue;
      const label = facts.labels.find(name => taint.includes(name));
      const hit = facts.operations.find(name => targets.includes(name));
      if (label !== undefined && hit !== undefined) throw flowDenied(label, hit, rule);
    }
  }

  /** `policy.auth` with the keychain needs `danger: ["@keychain"]`. */
  requireDanger(capability: string): void {
    if (this.capabilities?.danger?.includes(capability)) return;
    throw new DeniedError(`Dangerous capability requires allow.danger: ${capability}`, "POLICY_CAPABILITY_DENIED");
  }

  private denied(message: string, subject: string): DeniedError {
    return new DeniedError(message, "POLICY_CAPABILITY_DENIED", {
      ...denialFor(message),
      guard: `Policy ${this.names.join(", ")}`,
      filter: subject,
    });
  }
}

function flowDenied(label: string, target: string, rule?: string): DeniedError {
  const why = rule === undefined ? "" : ` (rule ${rule})`;
  const message = `Label '${label}' cannot flow to '${target}'${why}`;
  return new DeniedError(message, "POLICY_LABEL_FLOW_DENIED");
}

/** `fs`, `filesystem`, `fs:r:GLOB`, `fs:w:GLOB`, `fs:rw:GLOB`; writing implies reading. */
function grantsFile(entry: string, path: string, access: "read" | "write", root: string): boolean {
  if (entry === "fs" || entry === "filesystem" || entry === "fs:*") return true;
  const found = /^fs:(r|w|rw):(.+)$/.exec(entry);
  if (found === null) return false;
  if (access === "write" && found[1] === "r") return false;
  const glob = found[2]!.replace(/^@(?:base|root)/, root);
  return (
    picomatch(glob.startsWith("/") || glob.startsWith("*") ? glob : `${root}/${glob}`, { dot: true })(path) ||
    glob === path
  );
}
