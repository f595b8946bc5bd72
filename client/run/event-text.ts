import type { EventRange, ReportedFinding, RunEvent } from "../../protocol/events";
import { plainText } from "../../protocol/plain-text";
import { TerminalFilter } from "../../protocol/terminal-filter";

/** A text in the person's language; `{0}`, `{1}` are places. */
export type Translate = (message: string, ...places: (string | number)[]) => string;

const RESET = "\x1b[0m";
const paint = (codes: string) => (text: string) => `\x1b[${codes}m${text}${RESET}`;
const bold = paint("1");
// Bright black and not faint: terminals keep its contrast.
const dim = paint("90");
const red = paint("31");
const green = paint("32");
const yellow = paint("33");
const cyan = paint("36");
/** Stands where a command's output goes over from one stream to the other: colour alone tells nothing to many, and nothing to a screen reader. */
const STREAM_MARKS = { stdout: dim("1> "), stderr: dim("2> ") };
/** A program's output may leave colours, a hidden cursor, mouse reports or pasting marks behind. */
const RESTORE = `${RESET}\x1b[?25h\x1b[?1000;1002;1003;1004;1006;2004l\x1b(B`;

interface Options {
  t: Translate;
  /** A path as it is shown, and as the terminal makes a link of it: relative to the workspace folder. */
  shortPath: (file: string) => string;
  /** The plan is what is asked for. */
  dryRun?: boolean;
}

/** Makes terminal text of run events: line breaks are `\r\n`, no sequence of the program acts on the terminal. */
export class EventText {
  private readonly streams = new Map<string, { filter: TerminalFilter; afterReturn: boolean }>();
  private atLineStart = true;
  private inProgress = false;
  private alternateScreen = false;
  private refused = false;
  private readonly local = new Set<string>();
  /** Whose output a reader takes the next line for. */
  private stream: keyof typeof STREAM_MARKS = "stdout";

  constructor(private readonly options: Options) {}

  /** The text of one event; empty when it shows nothing. */
  of(event: RunEvent): string {
    const { t } = this.options;
    switch (event.event) {
      case "plan":
        return this.plan(event);
      case "progress":
        return this.progress(event.message, event.percent);
      case "created":
        // Processes of this machine: nothing is made for them.
        if (event.provider === "local") {
          this.local.add(event.envName);
          return "";
        }
        return this.line(
          dim(
            event.created
              ? t("environment {0} made ({1})", plainText(event.envName), plainText(event.provider))
              : t("environment {0} used again ({1})", plainText(event.envName), plainText(event.provider)),
          ),
        );
      case "command":
        this.stream = "stdout";
        return this.line(
          `${bold(`$ ${plainText(commandLine(event.argv)).replace(/\n/g, "\r\n  ")}`)}  ${dim(this.place(event.file, event.range))}`,
        );
      case "stdout":
      case "stderr":
        return this.output(event.command, event.event, event.text);
      case "exit":
        return this.exit(event);
      case "show":
        return this.shown(event.text);
      case "denied":
        return this.line(
          yellow(t("network refused: {0}:{1} ({2})", plainText(event.host), event.port, plainText(event.reason))),
        );
      case "warning":
        return this.line(
          yellow(t("warning: {0}", plainText(event.message))) +
            (event.finding ? `  ${dim(this.findingPlace(event.finding))}` : ""),
        );
      case "result":
        return this.result(event.value, event.labels);
      // Its texts were shown as they came.
      case "finished":
        return "";
      case "released":
        return this.local.has(event.envName)
          ? ""
          : this.line(dim(t("environment {0} released", plainText(event.envName))));
      case "refused":
        this.refused = true;
        return (
          this.line(red(t("Refused: nothing has run."))) + event.findings.map(finding => this.finding(finding)).join("")
        );
      case "error": {
        const where = event.file && event.range ? `  ${this.place(event.file, event.range)}` : "";
        const code = event.code ? ` ${dim(plainText(event.code))}` : "";
        return this.line(`${red(t("error: {0}", lines(plainText(event.message))))}${code}${dim(where)}`);
      }
      case "cancelled":
        return this.line(
          yellow(
            event.reason === "timeout"
              ? t("Timed out.")
              : event.reason === "user"
                ? t("Stopped.")
                : t("Stopped by a signal."),
          ),
        );
      case "done":
        return this.line(
          event.ok
            ? green(t("✔ done in {0}", duration(event.durationMs)))
            : red(
                this.refused
                  ? t("✘ refused after {0}", duration(event.durationMs))
                  : t("✘ failed with exit code {0} after {1}", event.exitCode, duration(event.durationMs)),
              ),
        );
    }
  }

  /** The first line of a run, before its process has said anything. */
  opening(title: string): string {
    return this.line(`${cyan("▶")} ${bold(plainText(title))}`);
  }

  /** What a person typed, as the terminal echoes it. */
  typed(echo: string): string {
    const start = this.inProgress ? this.freshLine() : "";
    this.atLineStart = echo.endsWith("\n");
    return start + echo;
  }

  /** A message of ours on a line of its own. */
  notice(message: string): string {
    return this.line(dim(plainText(message)));
  }

  failure(message: string): string {
    return this.line(red(lines(plainText(message))));
  }

  private plan(event: Extract<RunEvent, { event: "plan" }>): string {
    const { t, dryRun } = this.options;
    if (dryRun) return this.wholePlan(event);
    const before = event.block
      ? event.steps.filter(
          step => step.effect && (step.file !== event.file || step.range.start.line < event.block!.start.line),
        )
      : [];
    let text = this.line(dim(t("in {0}", plainText(event.target))));
    // What a block needs may start processes too: said before they run.
    for (const step of before)
      text += this.line(dim(`${t("needs {0}", plainText(step.title))}  ${this.place(step.file, step.range)}`));
    return text;
  }

  private wholePlan({ target, steps, environments }: Extract<RunEvent, { event: "plan" }>): string {
    const { t } = this.options;
    let text = this.line(dim(t("in {0}", plainText(target))));
    for (const step of steps.filter(({ effect }) => effect)) {
      const elsewhere = step.target === target ? "" : ` (${plainText(step.target)})`;
      text += this.line(`${plainText(step.title)}${elsewhere}  ${dim(this.place(step.file, step.range))}`);
    }
    for (const { label, target: where, file, range, allows } of environments) {
      const entered = t("enters {0} ({1})", plainText(label), plainText(where));
      text += this.line(`${bold(entered)}  ${dim(this.place(file, range))}`);
      const width = Math.max(...Object.keys(allows).map(title => title.length));
      for (const [title, words] of Object.entries(allows))
        text += this.line(`  ${title.padEnd(width)}  ${plainText(words)}`);
    }
    return text;
  }

  private progress(message: string, percent: number | undefined): string {
    const text = dim(
      plainText(message).replace(/\s+/g, " ") + (percent === undefined ? "" : ` ${Math.round(percent)} %`),
    );
    const start = this.inProgress ? "\r\x1b[K" : this.freshLine();
    this.inProgress = true;
    this.atLineStart = false;
    return start + text;
  }

  private output(command: number, stream: "stdout" | "stderr", raw: string): string {
    const key = `${command}/${stream}`;
    let source = this.streams.get(key);
    if (!source) this.streams.set(key, (source = { filter: new TerminalFilter(), afterReturn: false }));
    const shown = source.filter.push(raw);
    if (!shown) return "";
    // Pipes carry lone line feeds; a terminal wants the carriage return too, also where the two come in different chunks.
    const text =
      (source.afterReturn && shown[0] === "\n" ? "\n" : "") +
      lines(source.afterReturn ? shown.replace(/^\n/, "") : shown);
    source.afterReturn = shown.endsWith("\r");
    const start = this.inProgress ? this.freshLine() : "";
    this.atLineStart ||= start !== "";
    const at = this.markAt(stream, text);
    const painted = (part: string) => (stream === "stderr" && part ? `\x1b[31m${part}${RESET}` : part);
    const marked = at < 0 ? painted(text) : painted(text.slice(0, at)) + STREAM_MARKS[stream] + painted(text.slice(at));
    this.atLineStart = text.endsWith("\n");
    const screen = Math.max(
      text.lastIndexOf("\x1b[?1049h"),
      text.lastIndexOf("\x1b[?47h"),
      text.lastIndexOf("\x1b[?1047h"),
    );
    if (screen >= 0) this.alternateScreen = !/\x1b\[\?(1049|1047|47)l/.test(text.slice(screen));
    else if (/\x1b\[\?(1049|1047|47)l/.test(text)) this.alternateScreen = false;
    return start + marked;
  }

  /** Where the mark of a stream goes into its text: the first line that begins after another stream's; negative where none does. */
  private markAt(stream: keyof typeof STREAM_MARKS, text: string): number {
    if (stream === this.stream || this.alternateScreen) return -1;
    const at = this.atLineStart ? 0 : text.indexOf("\n") + 1;
    if (at === text.length || (at === 0 && !this.atLineStart)) return -1;
    this.stream = stream;
    return at;
  }

  private exit(event: Extract<RunEvent, { event: "exit" }>): string {
    const { t } = this.options;
    this.streams.delete(`${event.command}/stdout`);
    this.streams.delete(`${event.command}/stderr`);
    const restore = this.alternateScreen ? `\x1b[?1049l${RESTORE}` : RESTORE;
    this.alternateScreen = false;
    const time = duration(event.durationMs);
    const words: Record<typeof event.outcome, string> = {
      exited: t("exit code {0} after {1}", event.exitCode ?? "?", time),
      timeout: t("timed out after {0}", time),
      cancelled: t("stopped after {0}", time),
      memory: t("out of memory after {0}", time),
      lost: t("the environment was lost after {0}", time),
    };
    const good = event.outcome === "exited" && event.exitCode === 0;
    return restore + this.line((good ? dim : red)(words[event.outcome]));
  }

  private shown(raw: string): string {
    const text = lines(new TerminalFilter().push(raw)) + RESET;
    const start = this.freshLine();
    this.atLineStart = true;
    return start + text + (raw.endsWith("\n") ? "" : "\r\n");
  }

  private result(value: unknown, labels: string[]): string {
    if (value === null || value === undefined) return "";
    const text = typeof value === "string" ? value : (JSON.stringify(value, null, 2) ?? String(value));
    const tags = labels.length ? `  ${dim(`[${labels.map(plainText).join(", ")}]`)}` : "";
    return this.line(`${cyan("=>")} ${lines(plainText(text))}${tags}`);
  }

  private finding(finding: ReportedFinding): string {
    const severity = finding.severity === "error" ? red : yellow;
    let text = this.line(
      `${this.findingPlace(finding)}: ${severity(finding.severity)}: ${lines(plainText(finding.message))} ${dim(`[${plainText(finding.code)}]`)}`,
    );
    for (const related of finding.related)
      text += this.line(dim(`  ${this.place(related.file, related.range)}: ${lines(plainText(related.message))}`));
    return text;
  }

  private findingPlace(finding: ReportedFinding): string {
    return this.place(finding.file, finding.range);
  }

  /** `file:line:column`, one-based, as terminals make links of it. */
  private place(file: string, range: EventRange): string {
    return `${plainText(this.options.shortPath(file))}:${range.start.line + 1}:${range.start.character + 1}`;
  }

  private line(text: string): string {
    const start = this.freshLine();
    this.atLineStart = true;
    return `${start}${text}\r\n`;
  }

  private freshLine(): string {
    this.inProgress = false;
    return this.atLineStart ? "" : `${RESET}\r\n`;
  }
}

const lines = (text: string) => text.replace(/\r?\n/g, "\r\n");

/** A command as a person would type it; the script of `sh -c` stands for the whole. */
export function commandLine(argv: readonly string[]): string {
  const shell = /(^|\/)(ba|da|z|a)?sh$/.test(argv[0] ?? "");
  if (shell && argv.length === 3 && /^-[a-z]*c$/.test(argv[1]!)) return argv[2]!.trim();
  return argv.map(word => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(" ");
}

/** A time that a person reads: `85 ms`, `1.2 s`, `2 min 5 s`. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${(ms / 1000).toFixed(1)} s`;
  const seconds = Math.round(ms / 1000);
  return `${Math.floor(seconds / 60)} min ${seconds % 60} s`;
}
