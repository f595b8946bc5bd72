import { spawnSync } from "node:child_process";
import { closeSync, openSync, readFileSync } from "node:fs";
import { ReadStream } from "node:tty";
import { LineEditor } from "../../protocol/line-editor";
import { SecretPrompt } from "../../protocol/secret-prompt";
import type { BorrowedInput, CommandInput } from "../../runtime/evaluator";
import type { Io } from "../io";
import { InputQueue } from "./input-queue";

/** Input of commands from the standard input of this process. */
export interface StandardInput extends CommandInput {
  /** What a program prints may be a question whose answer must not be echoed. */
  printed(text: string): void;
  /** Told of an answer that was not echoed. */
  onSecret: (value: string) => void;
  /** Leaves standard input as it was found. */
  dispose(): void;
}

/**
 * A terminal, where its user runs us in the foreground: background jobs must not take keys away from the shell. Commands of this machine
 * read the terminal themselves, so echo and Ctrl+D work as ever; for others it is read while they run, and not echoed where they ask for
 * a secret.
 */
export class TerminalInput implements StandardInput {
  onSecret: (value: string) => void = () => {};
  private readonly queue: InputQueue;
  private readonly prompt = new SecretPrompt();
  private readonly editor = new LineEditor(() => true);
  private stream: ReadStream | null = null;
  /** How the terminal was set when the first command read it, in the words of `stty`. */
  private settings: string | null = null;
  private readonly restore = () => {
    if (this.settings) spawnSync("stty", [this.settings], { stdio: ["inherit", "ignore", "ignore"] });
    this.settings = null;
  };

  constructor() {
    this.queue = new InputQueue({ descriptor: 0, resume: () => this.resume(), pause: () => this.pause() });
  }

  borrow(): BorrowedInput | null {
    if (!inForeground()) return null;
    const input = this.queue.borrow();
    if (input && this.settings === null) {
      // A program that is killed while it hides what is typed leaves the terminal so.
      const { stdout } = spawnSync("stty", ["-g"], { stdio: ["inherit", "pipe", "ignore"], encoding: "utf8" });
      this.settings = stdout?.trim() ?? "";
      process.once("exit", this.restore);
    }
    return input;
  }

  printed(text: string): void {
    this.prompt.push(text);
    if (this.stream && this.prompt.asks !== this.stream.isRaw) this.stream.setRawMode(this.prompt.asks);
  }

  dispose(): void {
    this.pause();
    this.restore();
    process.off("exit", this.restore);
  }

  private resume(): void {
    if (this.stream) return;
    // A stream of its own: what it has not read when the command ends stays with the terminal.
    const descriptor = openSync("/dev/stdin", "r");
    try {
      this.stream = new ReadStream(descriptor);
    } catch (error) {
      closeSync(descriptor);
      throw error;
    }
    this.stream.on("data", data => this.take(data));
    this.stream.once("end", () => {
      this.pause();
      this.queue.end();
    });
    this.stream.once("error", () => {
      this.pause();
      this.queue.close();
    });
    if (this.prompt.asks) this.stream.setRawMode(true);
  }

  private pause(): void {
    const { stream } = this;
    this.stream = null;
    if (stream?.isRaw) stream.setRawMode(false);
    stream?.destroy();
  }

  private take(data: Buffer): void {
    if (!this.stream?.isRaw) {
      // The line end that the terminal echoed.
      this.prompt.push("\n");
      this.queue.push(data);
      return;
    }
    for (const typed of this.editor.type(data.toString("utf8"))) {
      if (typed.kind === "interrupt") process.kill(process.pid, "SIGINT");
      else if (typed.kind === "end") this.queue.end();
      else if (typed.kind === "input") {
        this.onSecret(typed.text.trimEnd());
        this.queue.push(Buffer.from(typed.text));
        process.stderr.write("\n");
        this.printed("\n");
      }
    }
  }
}

/** A pipe or a file that the user gave to the commands. */
export class PipedInput implements StandardInput {
  onSecret = (): void => {};
  private readonly queue: InputQueue;
  private listening = false;

  constructor(private readonly stdin: Io["stdin"]) {
    this.queue = new InputQueue({ descriptor: 0, resume: () => this.resume(), pause: () => stdin.pause() });
  }

  borrow(): BorrowedInput | null {
    return this.queue.borrow();
  }

  printed(): void {}

  dispose(): void {
    if (this.listening) this.stdin.destroy();
  }

  private resume(): void {
    // The program may have read it all.
    if (this.stdin.readableEnded) {
      this.queue.close();
      return;
    }
    if (!this.listening) {
      this.listening = true;
      this.stdin.on("data", data => this.queue.push(data));
      this.stdin.once("end", () => this.queue.close());
      this.stdin.once("error", () => this.queue.close());
    }
    this.stdin.resume();
  }
}

/** Whether the terminal's keys are ours. Where that cannot be told, the system stops who reads from the background. */
function inForeground(): boolean {
  if (process.platform !== "linux") return true;
  // After the name in parentheses: state, parent, group, session, terminal, the terminal's foreground group.
  const stat = readFileSync("/proc/self/stat", "latin1");
  const [, , group, , terminal, foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  return terminal === "0" || group === foreground;
}
