/**
 * The stub: a POSIX shell loop that an exec runs ahead of time. It waits for a header on its standard input, runs one command, and says
 * on both streams how it ended. Secrets reach a command this way only: they appear in no argv, label, log or inspect answer.
 */
import { ProviderError, type TerminalSize } from "../provider";

/**
 * `R PID` on stderr means ready. A header is a line with a nonce, shell code, and the nonce again; `m_run HOW` in the code runs the
 * command in its arguments, `m_say` ends code that runs no command. HOW: `again` (no stdin; the stub serves more commands), `once` (no stdin), `stdin` (the rest
 * of the stub's input is the command's) or `live` (the stub's input is the command's until a line of nothing but the nonce, written once the command has ended, or until its end; what the
 * command left of it comes back on stderr, `U ` before each line, with `E` after it where the input has ended; else the stub serves more commands). The last line on both streams is `NONCE EXITCODE OOMKILLS COUNT` (kills for memory during the command, and since
 * the container started); `NONCE missing` and `NONCE cwd` on
 * stderr say that the program or its folder doesn't exist.
 *
 * A stub serves again only if nobody else holds its pipes: output of a background child must not appear in another command.
 */
const STUB = `
m_ooms() {
  m_o=0
  for m_f in /sys/fs/cgroup/memory.events /sys/fs/cgroup/memory/memory.oom_control; do
    if [ -r "$m_f" ]; then
      while read -r m_k m_v; do if [ "$m_k" = oom_kill ]; then m_o=$m_v; fi; done <"$m_f"
      return
    fi
  done
}
m_go() {
  m_vars
  if [ -n "$m_d" ]; then cd "$m_d" 2>/dev/null || { printf '%s cwd\\n' "$m_n" >&2; exit 126; }; fi
  command -v "$1" >/dev/null 2>&1 || { printf '%s missing\\n' "$m_n" >&2; exit 127; }
  exec "$@"
}
m_alone() {
  for m_p in /proc/[0-9]*; do
    [ "$m_p" = "/proc/$$" ] && continue
    for m_f in "$m_p"/fd/*; do
      for m_i in 0 1 2; do
        if [ "$m_f" -ef "/proc/$$/fd/$m_i" ]; then return 1; fi
      done
    done
  done
  return 0
}
m_say() {
  printf '%s %s %s %s\\n' "$m_n" "$1" "$2" "$3"
  printf '%s %s %s %s\\n' "$m_n" "$1" "$2" "$3" >&2
}
m_rest() {
  while IFS= read -r m_l; do
    [ "$m_l" = "$m_n" ] && return 0
    printf 'U %s\\n' "$m_l" >&2
  done
  printf 'U %s\\nE\\n' "$m_l" >&2
  return 1
}
m_run() {
  m_h=$1
  shift
  m_s=
  m_ooms
  m_b=$m_o
  case $m_h in stdin | live) (m_go "$@") ;; *) (m_go "$@") </dev/null ;; esac
  m_c=$?
  m_ooms
  m_say "$m_c" "$((m_o - m_b))" "$m_o"
  case $m_h in
    again) m_alone || exit 0 ;;
    live) m_alone && m_rest || exit 0 ;;
    *) exit 0 ;;
  esac
}
while printf 'R %s\\n' $$ >&2; do
  m_s=
  m_u=
  m_i=0
  IFS= read -r m_n || exit 0
  while IFS= read -r m_l; do
    [ "$m_l" = "$m_n" ] && break
    m_u="$m_u$m_l
"
    m_i=$((m_i + 1))
    if [ $m_i = 100 ]; then m_s="$m_s$m_u"; m_u=; m_i=0; fi
  done
  m_s="$m_s$m_u"
  m_u=
  [ "$m_l" = "$m_n" ] || exit 0
  eval "$m_s"
done`;

/** The argv of a stub's exec: it reads the stub itself from its input, so that process lists stay readable. It holds nothing of the command. */
export const STUB_ARGV = [
  "/bin/sh",
  "-c",
  'while IFS= read -r m_l; do [ "$m_l" = . ] && break; m_s="$m_s$m_l\n"; done; eval "$m_s"',
  "mlld-env",
];

/** What is written to a stub first. */
export const STUB_INPUT = `${STUB.trim()}\n.\n`;

/** Marks the processes of a command in their environment, to find them again when the command is cancelled. */
export const MARKER = "MLLD_ENV_COMMAND";

export interface Header {
  argv: string[];
  /** Absolute folder inside the environment; empty keeps the container's. */
  cwd: string;
  vars: Record<string, string>;
  marker: string;
  how: "again" | "once" | "stdin" | "live";
}

/** The shell code that sets variables, folder and positional parameters. Throws `ProviderError` for what a process cannot have. */
export function headerCode(header: Header): string {
  return `${settings(header)}\nm_run ${header.how} "$@"\n`;
}

/** The header, with names and values that every process can have. Throws `ProviderError`. */
export function checkedVariables(header: Header): Header {
  settings(header);
  return header;
}

/**
 * The same for a terminal, where the program replaces the shell. The engine sets the size of a terminal when its program runs already:
 * `stty`, where the image has it, sets it before.
 */
export function terminalCode(header: Omit<Header, "how">, { columns, rows }: TerminalSize): string {
  return `${settings(header)}\nm_vars\nstty columns ${columns} rows ${rows} 2>/dev/null\n[ -z "$m_d" ] || cd "$m_d" || exit 126\nunset m_d\nexec "$@"\n`;
}

function settings({ argv, cwd, vars, marker }: Omit<Header, "how">): string {
  const exports = Object.entries({ ...vars, [MARKER]: marker }).map(
    ([name, value]) => `export ${variableName(name)}=${quote(value, name)}`,
  );
  return `m_vars() {\n${exports.join("\n")}\n}\nm_d=${quote(cwd, "cwd")}\nset -- ${argv.map((a, i) => quote(a, `argument ${i}`)).join(" ")}`;
}

function variableName(name: string): string {
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return name;
  throw new ProviderError(
    "run/variable-name",
    `\`${name}\` cannot be the name of an environment variable.`,
    "Use letters, digits and `_`.",
  );
}

/** Single quotes; within them a shell takes every byte as it is. */
function quote(text: string, what: string): string {
  if (text.includes("\0")) {
    throw new ProviderError("run/nul-byte", `The ${what} of a command contains a NUL byte, which no process can take.`);
  }
  return `'${text.replaceAll("'", "'\\''")}'`;
}

/** What is written to a stub: nonce, code, nonce. */
export function frameHeader(nonce: string, code: string): string {
  return `${nonce}\n${code}${code.endsWith("\n") ? "" : "\n"}${nonce}\n`;
}
