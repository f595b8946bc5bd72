/** What policies say of commands and code: `allow`, `deny` and `danger`, the same for the run and before it. */
import { isPlainObject } from "../values/truth";

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

export interface CommandPolicy {
  /** null allows all. */
  allow: string[] | null;
  deny: string[];
  /** null where it is not known. */
  danger: string[] | null;
}

/** Other spellings of capabilities. */
export const CAPABILITY_ALIASES: Record<string, string> = {
  net: "network",
  fs: "filesystem",
  bash: "sh",
  python: "py",
};
const CODE_TITLES: Record<string, string> = { js: "JavaScript", node: "Node", py: "Python", sh: "Shell" };

/** The capability lists of a policy. */
export function commandPolicyOf(value: Record<string, unknown>): CommandPolicy {
  const section = isPlainObject(value.capabilities) ? { ...value.capabilities, ...value } : value;
  const { allow, deny, danger, deny_cmd: denyCommand } = section;
  const allowDanger = isPlainObject(allow) ? allow.danger : undefined;
  return {
    allow: allow === undefined || allow === "*" || allow === true ? null : patterns(allow),
    deny: [...patterns(deny), ...strings(denyCommand).map(command => `cmd:${command.replaceAll(" ", ":")}`)],
    danger: [...strings(danger), ...strings(allowDanger)],
  };
}

/** Both hold: what one denies is denied. */
export function composed(first: CommandPolicy | null, second: CommandPolicy): CommandPolicy {
  if (first === null) return second;
  return {
    allow: inBoth(first.allow, second.allow),
    deny: [...new Set([...first.deny, ...second.deny])],
    danger: inBoth(first.danger, second.danger),
  };
}

/** null is everything. */
function inBoth(first: string[] | null, second: string[] | null): string[] | null {
  if (first === null || second === null) return first ?? second;
  return first.filter(entry => second.includes(entry));
}

/**
 * Why a command is refused: its words are compared with the patterns, the most specific one decides, denial wins a tie. `open`: the text
 * goes on in a way that only the run knows; then only what is refused in any case.
 */
export function commandRefusal(policy: CommandPolicy, command: string, open = false): string | null {
  const parts = splitCommands(command);
  for (const [at, words] of parts.entries()) {
    const refusal = wordsRefusal(policy, words, open && at === parts.length - 1);
    if (refusal !== null) return refusal;
  }
  return null;
}

function wordsRefusal({ allow, deny, danger }: CommandPolicy, words: string[], open: boolean): string | null {
  if (words.length === 0) return null;
  if (deny.includes("cmd") || deny.includes("cmd:*")) return "Command access denied by policy";
  const program = effectiveProgram(words, open);
  if (program.length === 0) return null;
  const may = (pattern: string, free: boolean) =>
    matchesPattern(pattern, program, free) || (open && goesOn(pattern, program));
  const dangerous = DANGEROUS.find(entry => matchesWords(entry.split(":"), program, true));
  if (dangerous !== undefined && danger !== null && !danger.some(entry => may(entry, true)))
    return `Dangerous capability requires allow.danger: ${dangerous.replaceAll(":", " ")}`;
  const denied = longest(deny.filter(entry => matchesPattern(entry, program, true)));
  const allowed = longest((allow ?? []).filter(entry => may(entry, false)));
  const text = program.join(" ");
  if (denied > 0 && denied >= allowed) return `Command '${text}' denied by policy`;
  const name = basename(program[0]!);
  if (deny.includes("sh") && SHELLS.has(name)) return "Shell access denied by policy";
  if (deny.includes("network") && NETWORK_PROGRAMS.has(name)) return "Network access denied by policy";
  if (allow !== null && allowed === 0 && !allow.includes("cmd") && !allow.includes("cmd:*"))
    return `Command '${text}' denied by policy: it is not in the allow list`;
  return null;
}

/** Why a code block is refused: with an allow list its language must be listed. `body` null: only for its language. */
export function codeRefusal({ allow, deny }: CommandPolicy, language: string, body: string | null): string | null {
  const capability = language === "bash" ? "sh" : language;
  if (deny.includes(capability) || (allow !== null && !allow.includes(capability)))
    return `${CODE_TITLES[capability] ?? "Code"} access denied by policy`;
  if (capability !== "sh" || body === null) return null;
  for (const words of splitCommands(body)) {
    const program = effectiveProgram(words, false);
    const network = deny.includes("network") && NETWORK_PROGRAMS.has(basename(program[0] ?? ""));
    if (network || longest(deny.filter(entry => matchesPattern(entry, program, true))) > 0)
      return `Command denied by policy in shell block (matched: ${program.join(" ")})`;
  }
  return null;
}

/** The program of a command, as labels name it: `cmd:git`. */
export function firstProgram(command: string): string | null {
  const words = splitCommands(command)[0];
  return words === undefined ? null : `cmd:${basename(effectiveProgram(words, false)[0] ?? "")}`;
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

/** A text, or the texts of a list. */
export function strings(value: unknown): string[] {
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

/** Whether a pattern may match when further words follow. */
function goesOn(pattern: string, words: string[]): boolean {
  const [kind, ...parts] = pattern.split(":");
  if (kind !== "cmd") return false;
  return words.every(
    (word, at) => parts[at] === undefined || parts[at] === "*" || parts[at] === (at === 0 ? basename(word) : word),
  );
}

function longest(found: string[]): number {
  return found.reduce((most, entry) => Math.max(most, entry.split(":").filter(part => part !== "*").length), 0);
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

/** The words from the program on: `env A=1 timeout 5 curl x` is `curl x`. None where the program follows in what is not known. */
function effectiveProgram(words: string[], open: boolean): string[] {
  let at = 0;
  while (at < words.length) {
    const word = words[at]!;
    if (/^[A-Za-z_]\w*=/.test(word) || (at > 0 && (/^-/.test(word) || /^\d+[smhd]?$/.test(word)))) at++;
    else if (WRAPPERS.has(basename(word)) && (open || at + 1 < words.length) && word !== "sudo") at++;
    else break;
  }
  return at < words.length ? words.slice(at) : open ? [] : words;
}

function basename(path: string): string {
  const plain = path.replace(/\/+$/, "");
  return plain.slice(plain.lastIndexOf("/") + 1);
}
