import type { ChildProcessWithoutNullStreams } from "node:child_process";
import type { ExplorerCommands, ExplorerMessage } from "../../protocol/explorer";
import { killProgram, type Program, startProgram } from "../program";
import type { Translate } from "../run/event-text";
import { JsonLines } from "../run/json-lines";

type List = Extract<ExplorerMessage, { type: "list" }>;

/** An explorer that is asked to end may take so long before it is killed. */
const END_MS = 1500;
/** A command that the engine does not answer is given up after this time; a snapshot of a large environment takes a while. */
const ANSWER_MS = 120_000;

interface Listener {
  list(list: List): void;
  /** The process has ended by itself, with the last it said. */
  ended(trouble: string): void;
  log(line: string): void;
  t: Translate;
}

/** The `mlld-env __explorer` process of a window. It follows the engines; nothing here polls. */
export class ExplorerProcess {
  private readonly child: ChildProcessWithoutNullStreams;
  private readonly waiting = new Map<
    number,
    { resolve: (value: unknown) => void; reject: (error: Error) => void; timer: NodeJS.Timeout }
  >();
  private nextId = 1;
  private stderr = "";
  private stopped = false;
  private over = false;
  private given = false;

  constructor(
    program: Program,
    cwd: string,
    private readonly listener: Listener,
  ) {
    const { t } = listener;
    this.child = startProgram(program, ["__explorer"], cwd);
    const lines = new JsonLines<ExplorerMessage>(message => this.take(message, listener), listener.log);
    const end = (trouble: string) => {
      if (this.over) return;
      this.over = true;
      for (const { reject, timer } of this.waiting.values()) {
        clearTimeout(timer);
        reject(new Error(trouble));
      }
      this.waiting.clear();
      if (!this.stopped) listener.ended(trouble);
    };
    this.child.stdout.on("data", chunk => lines.write(chunk));
    this.child.stderr.on("data", chunk => {
      this.stderr = (this.stderr + String(chunk)).slice(-4096);
      listener.log(String(chunk).trimEnd());
    });
    this.child.stdin.on("error", () => this.child.stdin.destroy());
    const { credentials } = program;
    if (credentials) {
      const give = async () => {
        const secrets = await credentials.get();
        // Who has none is not asked to forget any.
        if (this.over || (!this.given && Object.keys(secrets).length === 0)) return;
        this.given = true;
        await this.send("credentials", { secrets });
      };
      const failed = (error: unknown) => listener.log(String(error));
      const changes = credentials.onDidChange(() => void give().catch(failed));
      this.child.once("close", () => changes.dispose());
      void give().catch(failed);
    }
    this.child.on("error", error => end(t("The explorer could not be started: {0}", error.message)));
    this.child.on("close", (code, signal) =>
      end(t("The explorer ended ({0}). {1}", signal ?? code ?? "?", this.stderr.trim()).trim()),
    );
  }

  /** Sends a command. Rejects with the engine's own words when it fails. */
  send<C extends keyof ExplorerCommands>(
    command: C,
    given: ExplorerCommands[C]["takes"],
  ): Promise<ExplorerCommands[C]["answer"]> {
    if (this.over || !this.child.stdin.writable)
      return Promise.reject(new Error(this.listener.t("The explorer is not running.")));
    const id = this.nextId++;
    return new Promise<unknown>((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        reject(new Error(this.listener.t("No answer in {0} s.", ANSWER_MS / 1000)));
      }, ANSWER_MS);
      this.waiting.set(id, { resolve, reject, timer });
      this.child.stdin.write(`${JSON.stringify({ id, command, ...given })}\n`);
    }) as Promise<ExplorerCommands[C]["answer"]>;
  }

  /** Ends it: the end of its input is its sign, and it owns nothing that would outlive it. */
  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    this.child.stdin.end();
    const timer = setTimeout(() => killProgram(this.child), END_MS);
    timer.unref();
    this.child.once("close", () => clearTimeout(timer));
  }

  private take(message: ExplorerMessage, listener: Listener): void {
    if (message.type === "list") {
      listener.list(message);
      return;
    }
    const waiting = this.waiting.get(message.id);
    if (!waiting) return;
    this.waiting.delete(message.id);
    clearTimeout(waiting.timer);
    if (message.ok) waiting.resolve(message.value);
    else waiting.reject(new Error(message.message));
  }
}
