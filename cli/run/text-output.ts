import type { PlanStep, ReportedFinding, RunEventBody } from "../../protocol/events";
import { shortPath } from "../paths";
import { table } from "../table";
import type { OutputStream } from "./output-stream";

type Event<Name extends RunEventBody["event"]> = Extract<RunEventBody, { event: Name }>;

interface TextOptions {
  /** Paths are shown relative to it. */
  cwd: string;
  /** Nothing goes to standard output: the document of the run will. */
  silent: boolean;
  /** The plan is what is asked for. */
  dryRun: boolean;
}

/** A run for people: on standard output what the program prints and nothing else, on standard error what happens. */
export function textOutput(
  out: OutputStream,
  err: OutputStream,
  { cwd, silent, dryRun }: TextOptions,
): (event: RunEventBody) => void | Promise<void> {
  /** Commands whose output the program prints, with the end of what they wrote. */
  const printed = new Map<number, string>();
  /** Environments of a sandbox. */
  const made = new Set<string>();
  const print = (text: string) => (silent ? undefined : out.write(text));
  const paint = painter(err.isColoured);
  const say = (text: string) => err.writeOwn(text + "\n");
  const place = (file: string, range?: { start: { line: number; character: number } }) =>
    `${shortPath(file, cwd)}${range ? `:${range.start.line + 1}:${range.start.character + 1}` : ""}`;

  const finding = (it: ReportedFinding) => {
    const related = it.related.map(more => `\n  ${place(more.file, more.range)}: ${more.message}`).join("");
    return `${place(it.file, it.range)}: ${it.severity}: ${it.message} [${it.code}]${related}`;
  };

  const handlers: { [Name in RunEventBody["event"]]: (event: Event<Name>) => void | Promise<void> } = {
    plan: event =>
      dryRun
        ? out.writeOwn(`${planText(event, place)}\n${environmentsText(event, place)}`)
        : say(paint.dim(planText(event, place))),
    progress: event =>
      say(paint.dim(`… ${event.message}${event.percent === undefined ? "" : ` ${Math.round(event.percent)} %`}`)),
    created: event => {
      // Nothing was made where commands run as processes of this machine.
      if (event.provider === "local") return;
      made.add(event.envName);
      const how = event.created ? event.provider : `${event.provider}, was there`;
      return say(paint.dim(`${event.created ? "+" : "="} ${event.envName} (${how})`));
    },
    command: event => {
      if (event.echo) printed.set(event.command, "");
      return say(paint.bold(`$ ${commandText(event.argv)}`));
    },
    stdout: event => {
      if (!printed.has(event.command)) return;
      printed.set(event.command, event.text);
      return print(event.text);
    },
    stderr: event => err.write(event.text),
    exit: event => {
      // What the program prints next starts on a line of its own.
      if (/[^\n]$/.test(printed.get(event.command) ?? "")) void print("\n");
      printed.delete(event.command);
      if (event.outcome === "exited" && event.exitCode === 0) return;
      return say(paint.red(`${exitText(event)} (${seconds(event.durationMs)})`));
    },
    show: event => (event.stream === "stderr" ? err.write(event.text) : print(event.text)),
    denied: event => say(paint.red(`refused: ${event.host}:${event.port} — ${event.reason}`)),
    warning: event => say(event.finding ? finding(event.finding) : `warning: ${event.message}`),
    result: event =>
      say(paint.dim(`=> ${typeof event.value === "string" ? event.value : JSON.stringify(event.value)}`)),
    // Its texts were printed as they came.
    finished: () => {},
    released: event => (made.delete(event.envName) ? say(paint.dim(`- ${event.envName}`)) : undefined),
    refused: event => say(`${event.findings.map(finding).join("\n")}\n${paint.red("Refused.")}`),
    error: event => {
      const at = event.file === undefined ? "" : `${place(event.file, event.range)}: `;
      return say(`${at}${paint.red("error")}: ${event.message}${event.code === undefined ? "" : ` [${event.code}]`}`);
    },
    cancelled: event => say(paint.red(event.reason === "timeout" ? "Timed out." : "Cancelled.")),
    done: () => {},
  };
  return event => (handlers[event.event] as (event: RunEventBody) => void | Promise<void>)(event);
}

type PlaceText = (file: string, range?: PlanStep["range"]) => string;

function planText(event: Event<"plan">, place: PlaceText): string {
  const effects = event.steps.filter(step => step.effect);
  const lines = effects.map(
    step => `  ${place(step.file, step.range)} ${step.title}${step.target === event.target ? "" : ` (${step.target})`}`,
  );
  return [`Runs ${place(event.file, event.block ?? undefined)} (${event.target})`, ...lines].join("\n");
}

/** What each environment allows, a capability a line. `explain` says where that comes from. */
function environmentsText({ environments }: Event<"plan">, place: PlaceText): string {
  return environments
    .map(({ file, range, label, target, allows }) => {
      const rows = table(Object.entries(allows).map(([title, text]) => [`  ${title}`, text]));
      return `Enters ${label} (${target}) at ${place(file, range)}\n${rows}`;
    })
    .join("");
}

/** The text of a shell command as it was written, else its words. */
export function commandText(argv: string[]): string {
  const [program, flag, script] = argv;
  const shell = argv.length >= 3 && /^(?:.*\/)?(?:ba|da|z)?sh$/.test(program ?? "") && /^-l?c$/.test(flag ?? "");
  return shell
    ? script!
    : argv.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replace(/'/g, "'\\''")}'`)).join(" ");
}

/** How a command ended, in words. */
export function exitText({ outcome, exitCode }: Pick<Event<"exit">, "outcome" | "exitCode">): string {
  switch (outcome) {
    case "exited":
      return `exit code ${exitCode}`;
    case "timeout":
      return "ended: it took too long";
    case "cancelled":
      return "ended: cancelled";
    case "memory":
      return "ended: out of memory";
    case "lost":
      return "lost: the environment went away, and it is not known how far the command got";
  }
}

/** `1.2 s` */
export function seconds(durationMs: number): string {
  return `${(durationMs / 1000).toFixed(durationMs < 10_000 ? 1 : 0)} s`;
}

/** Styles for a terminal; without colour they leave the text as it is. */
export function painter(colour: boolean) {
  const style = (code: number) => (text: string) => (colour ? `\x1b[${code}m${text}\x1b[0m` : text);
  return { dim: style(2), bold: style(1), red: style(31) };
}
