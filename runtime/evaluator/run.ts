import { LineMap } from "../../language/syntax";
import type { Node, Statement } from "../../language/syntax/tree";
import type { EventRange } from "../../protocol/events";
import type { ScriptHost } from "./code/script-host";
import { messageOf, RunError } from "./errors";
import { GuardRegistry } from "./guard-registry";
import type { Module } from "./module";
import { ProgramOutput } from "./output";
import { PolicyState } from "./policy";
import type { RunServices } from "./services";
import type { Value } from "./value";

/** What one run shares: services, output, loaded modules, guards and policy. */
export class Run {
  readonly output: ProgramOutput;
  readonly guards = new GuardRegistry();
  readonly policy: PolicyState;
  /** Policies in force, as data: they also meet the environments of blocks. */
  readonly policyValues: { name: string; value: Record<string, unknown> }[] = [];
  readonly modules = new Map<string, Promise<Module>>();
  /** Failures that did not end the script. */
  readonly failures: { message: string; code?: string }[] = [];
  /** Entries of `@mx.errors`: the last parallel loop's failures. */
  errors: Value[] = [];
  /** Entries of `@mx.hooks.errors`: faults of hooks, which look on and end nothing. */
  readonly hookErrors: { hook: string | null; message: string }[] = [];
  /** Folders and files of the host, by real path, that a sandbox of this run could write to: what lies there may be a trap. */
  readonly sandboxWritable = new Set<string>();
  /** What the chosen block returned, the last time it ran. */
  blockValue: Value | null = null;
  private commands = 0;
  private scripts: Promise<ScriptHost> | null = null;
  private readonly lines = new Map<string, LineMap>();

  constructor(
    readonly services: RunServices,
    readonly signal: AbortSignal,
    markdown: boolean,
    /** Statements that the plan chose; null means all. */
    readonly chosen: ReadonlySet<Statement> | null,
    /** The block that the plan chose; null for a whole file. */
    readonly block: Node | null,
  ) {
    this.output = new ProgramOutput(services, markdown);
    this.policy = new PolicyState();
  }

  nextCommand(): number {
    return ++this.commands;
  }

  scriptHost(): Promise<ScriptHost> {
    this.scripts ??= this.services.scripts();
    return this.scripts;
  }

  async dispose(): Promise<void> {
    if (this.scripts !== null) (await this.scripts).dispose();
  }

  /** Tells the author about a fault that does not end the script; the run ends with exit code 1. */
  async fail(cause: unknown): Promise<void> {
    const code = cause instanceof RunError ? cause.code : undefined;
    this.failures.push(code === undefined ? { message: messageOf(cause) } : { message: messageOf(cause), code });
    await this.services.emit({
      event: "error",
      message: messageOf(cause),
      ...this.placeOf(cause),
      ...(code === undefined ? {} : { code }),
    });
  }

  async warn(message: string): Promise<void> {
    await this.services.emit({ event: "warning", message });
  }

  /** A range of a file in lines and UTF-16 characters. */
  range(file: { path: string; text: string }, start: number, end: number): EventRange {
    let lines = this.lines.get(file.path);
    if (lines === undefined) this.lines.set(file.path, (lines = new LineMap(file.text)));
    return { start: lines.positionAt(start), end: lines.positionAt(end) };
  }

  private placeOf(cause: unknown): { file?: string; range?: EventRange } {
    if (!(cause instanceof RunError) || cause.place === null) return {};
    const { file, node } = cause.place;
    return { file: file.path, range: this.range(file, node.start, node.end) };
  }
}
