/** Policy at run time: capabilities, the danger list, and where labels may flow. */
import { basename } from "node:path";
import picomatch from "picomatch";
import { isPlainObject } from "../../language/values";
import type { AuthDefinition } from "./auth";
import { DeniedError, denialFor } from "./errors";
import { type Security, withLabels } from "./security";

/** Programs that reach the network, and shells: `deny: ["network"]` and `deny: ["sh"]` block them as commands. */
const NETWORK_PROGRAMS = new Set(["curl", "wget", "nc", "netcat", "ssh", "scp", "rsync", "ftp", "telnet"]);
const SHELLS = new Set(["sh", "bash", "zsh", "dash", "ksh", "fish"]);
const WRAPPERS = new Set(["env", "nohup", "timeout", "nice", "sudo", "xargs", "exec", "command"]);

/** Commands that need an entry in `danger` once there is a policy. */
const DANGEROUS = [
  "rm:-rf",
  "rm:-fr",
  "sudo",
  "dd",
  "mkfs",
  "shutdown",
  "reboot",
  "git:push:--force",
  "git:push:-f",
  "git:reset:--hard",
];

const RULE_LABELS: Record<string, { labels: string[]; operations: string[] }> = {
  "no-secret-exfil": { labels: ["secret"], operations: ["exfil", "net:w", "network"] },
  "no-sensitive-exfil": { labels: ["sensitive"], operations: ["exfil", "net:w", "network"] },
  "no-untrusted-destructive": { labels: ["untrusted"], operations: ["destructive"] },
  "no-untrusted-privileged": { labels: ["untrusted"], operations: ["privileged"] },
};

interface Capabilities {
  allow: string[] | null;
  deny: string[];
  danger: string[];
}

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
  private capabilities: Capabilities | null = null;
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
    this.compose(capabilitiesOf(value));
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
    for (const part of splitCommands(command)) this.checkWords(part, command);
    this.checkFlow("cmd", security.taint, "run", firstProgram(command), ...labels);
  }

  private checkWords(words: string[], command: string): void {
    const { capabilities } = this;
    if (capabilities === null || words.length === 0) return;
    const program = effectiveProgram(words);
    if (capabilities.deny.includes("cmd") || capabilities.deny.includes("cmd:*"))
      throw this.denied("Command access denied by policy", command);
    const danger = DANGEROUS.find(entry => matchesWords(entry.split(":"), program, true));
    if (danger !== undefined && !capabilities.danger.some(entry => matchesPattern(entry, program, true))) {
      throw new DeniedError(
        `Dangerous capability requires allow.danger: ${danger.replaceAll(":", " ")}`,
        "POLICY_CAPABILITY_DENIED",
      );
    }
    const denied = longest(capabilities.deny.filter(entry => matchesPattern(entry, program, true)));
    const allowed = longest((capabilities.allow ?? []).filter(entry => matchesPattern(entry, program, false)));
    if (denied > 0 && denied >= allowed) throw this.denied(`Command '${program.join(" ")}' denied by policy`, command);
    const name = basename(program[0] ?? "");
    if (capabilities.deny.includes("sh") && SHELLS.has(name))
      throw this.denied("Shell access denied by policy", command);
    if (capabilities.deny.includes("network") && NETWORK_PROGRAMS.has(name))
      throw this.denied("Network access denied by policy", command);
    if (
      capabilities.allow !== null &&
      allowed === 0 &&
      !capabilities.allow.includes("cmd") &&
      !capabilities.allow.includes("cmd:*")
    ) {
      throw this.denied(`Command '${program.join(" ")}' denied by policy: it is not in the allow list`, command);
    }
  }

  /** A code block: with an allow list its language must be listed. */
  checkCode(language: string, body: string, security: Security): void {
    const { capabilities } = this;
    if (capabilities === null) return;
    const capability = language === "bash" ? "sh" : language;
    const title = CODE_TITLES[capability] ?? "Code";
    if (capabilities.deny.includes(capability)) throw this.denied(`${title} access denied by policy`, body);
    if (capabilities.allow !== null && !capabilities.allow.includes(capability))
      throw this.denied(`${title} access denied by policy`, body);
    if (capability !== "sh") return;
    for (const words of splitCommands(body)) {
      const program = effectiveProgram(words);
      const name = basename(program[0] ?? "");
      const network = capabilities.deny.includes("network") && NETWORK_PROGRAMS.has(name);
      if (network || longest(capabilities.deny.filter(entry => matchesPattern(entry, program, true))) > 0) {
        throw this.denied(`Command denied by policy in shell block (matched: ${program.join(" ")})`, body);
      }
    }
    this.checkFlow("sh", security.taint, "run");
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
    if (this.capabilities?.danger.includes(capability)) return;
    throw new DeniedError(`Dangerous capability requires allow.danger: ${capability}`, "POLICY_CAPABILITY_DENIED");
  }

  private compose(added: Capabilities | null): void {
    if (added === null) return;
    const old = this.capabilities;
    if (old === null) {
      this.capabilities = added;
      return;
    }
    const allow =
      old.allow === null
        ? added.allow
        : added.allow === null
          ? old.allow
          : old.allow.filter(entry => added.allow!.includes(entry));
    this.capabilities = {
      allow,
      deny: [...new Set([...old.deny, ...added.deny])],
      danger: old.danger.filter(entry => added.danger.includes(entry)),
    };
  }

  private denied(message: string, subject: string): DeniedError {
    return new DeniedError(message, "POLICY_CAPABILITY_DENIED", {
      ...denialFor(message),
      guard: `Policy ${this.names.join(", ")}`,
      filter: subject,
    });
  }
}

const CAPABILITY_ALIASES: Record<string, string> = { net: "network", fs: "filesystem", bash: "sh", python: "py" };
const CODE_TITLES: Record<string, string> = { js: "JavaScript", node: "Node", py: "Python", sh: "Shell" };

function flowDenied(label: string, target: string, rule?: string): DeniedError {
  const why = rule === undefined ? "" : ` (rule ${rule})`;
  const message = `Label '${label}' cannot flow to '${target}'${why}`;
  return new DeniedError(message, "POLICY_LABEL_FLOW_DENIED");
}

/** Capability lists of a policy; null where it says nothing about capabilities. */
function capabilitiesOf(value: Record<string, unknown>): Capabilities | null {
  const section = isPlainObject(value.capabilities) ? { ...value.capabilities, ...value } : value;
  const { allow, deny, danger, deny_cmd: denyCommand } = section;
  const allowDanger = isPlainObject(allow) ? allow.danger : undefined;
  if (allow === undefined && deny === undefined && danger === undefined && denyCommand === undefined)
    return { allow: null, deny: [], danger: [] };
  return {
    allow: allow === undefined || allow === "*" || allow === true ? null : patterns(allow),
    deny: [...patterns(deny), ...strings(denyCommand).map(command => `cmd:${command.replaceAll(" ", ":")}`)],
    danger: [...strings(danger), ...strings(allowDanger)],
  };
}

/** `["cmd:git:*", "sh"]`, `{ cmd: ["git:*"], sh: true, fs: ["r:**"] }`, `"sh"`. */
function patterns(value: unknown): string[] {
  if (!isPlainObject(value)) return strings(value).map(entry => CAPABILITY_ALIASES[entry] ?? entry);
  return Object.entries(value).flatMap(([name, entry]) => {
    const capability = CAPABILITY_ALIASES[name] ?? name;
    if (name === "danger" || entry === false || entry === null) return [];
    if (entry === true || entry === "*") return [capability];
    return strings(entry).map(item => `${name === "filesystem" ? "fs" : name}:${item}`);
  });
}

function strings(value: unknown): string[] {
  if (typeof value === "string") return [value];
  return Array.isArray(value) ? value.filter((item): item is string => typeof item === "string") : [];
}

/** `cmd:git:status:*` against the words of a command. `open`: without `*` further words may follow (denials, single words). */
function matchesPattern(pattern: string, words: string[], open: boolean): boolean {
  const parts = pattern.split(":");
  if (parts[0] !== "cmd") return false;
  return matchesWords(parts.slice(1), words, open || parts.length === 2);
}

function matchesWords(parts: string[], words: string[], open: boolean): boolean {
  const wild = parts.at(-1) === "*";
  const fixed = wild ? parts.slice(0, -1) : parts;
  if (fixed.length === 0) return wild;
  if (words.length < fixed.length || (!wild && !open && words.length !== fixed.length)) return false;
  return fixed.every((part, at) => (at === 0 ? basename(words[0]!) === part : words[at] === part));
}

function longest(found: string[]): number {
  return found.reduce((most, entry) => Math.max(most, entry.split(":").filter(part => part !== "*").length), 0);
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

/** The commands of a line, each as words; quotes are respected as far as words go. */
function splitCommands(command: string): string[][] {
  const parts: string[][] = [[]];
  for (const token of command.match(/"(?:\\.|[^"])*"|'[^']*'|\|\||&&|[|;&\n]|(?:\\.|[^\s|;&"'])+/g) ?? []) {
    if (/^(?:\|\||&&|[|;&\n])$/.test(token)) parts.push([]);
    else parts.at(-1)!.push(token.replace(/^(["'])([\s\S]*)\1$/, "$2"));
  }
  return parts.filter(words => words.length > 0);
}

/** The words from the program on: `env A=1 timeout 5 curl x` is `curl x`. */
function effectiveProgram(words: string[]): string[] {
  let at = 0;
  while (at < words.length) {
    const word = words[at]!;
    if (/^[A-Za-z_]\w*=/.test(word) || (at > 0 && (/^-/.test(word) || /^\d+[smhd]?$/.test(word)))) at++;
    else if (WRAPPERS.has(basename(word)) && at + 1 < words.length && word !== "sudo") at++;
    else break;
  }
  return at < words.length ? words.slice(at) : words;
}

function firstProgram(command: string): string | null {
  const words = splitCommands(command)[0];
  return words === undefined ? null : `cmd:${basename(effectiveProgram(words)[0] ?? "")}`;
}
