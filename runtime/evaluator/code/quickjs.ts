/** `js { … }` blocks: QuickJS in WebAssembly, one context a run. Code sees JSON-like values and nothing of the host. */
import { inspect } from "node:util";
import variant from "@jitl/quickjs-singlefile-cjs-release-sync";
import type { QuickJSContext, QuickJSHandle, QuickJSRuntime } from "quickjs-emscripten-core";
import { newQuickJSWASMModuleFromVariant } from "quickjs-emscripten-core";
import { PRELUDE } from "./quickjs-prelude";
import { type ScriptCall, ScriptError, type ScriptFunction, type ScriptHost, type ScriptResult } from "./script-host";

const MEMORY_BYTES = 256 * 1024 * 1024;
const STACK_BYTES = 1024 * 1024;
/** Longest time that code may run without giving way (an endless loop would block the run). */
const SLICE_MS = 10_000;
/** Bounds what one block may print. */
const PRINT_BYTES = 16 * 1024 * 1024;

export class ScriptEngine implements ScriptHost {
  private deadline = 0;
  private readonly timers = new Map<number, ReturnType<typeof setTimeout>>();
  private nextTimer = 1;
  private wake: (() => void)[] = [];
  private readonly consoles = new Map<number, (level: string, line: string) => void>();
  private nextConsole = 1;

  private constructor(
    private readonly runtime: QuickJSRuntime,
    private readonly context: QuickJSContext,
  ) {}

  static async create(): Promise<ScriptEngine> {
    const module = await newQuickJSWASMModuleFromVariant(variant as never);
    const runtime = module.newRuntime();
    runtime.setMemoryLimit(MEMORY_BYTES);
    runtime.setMaxStackSize(STACK_BYTES);
    const context = runtime.newContext();
    const engine = new ScriptEngine(runtime, context);
    runtime.setInterruptHandler(() => Date.now() > engine.deadline);
    engine.install();
    return engine;
  }

  /** Runs a block to its end, promises and timers included. Throws `ScriptError`. */
  async run(call: ScriptCall, signal: AbortSignal): Promise<ScriptResult> {
    signal.throwIfAborted();
    let printed = "";
    const id = this.nextConsole++;
    this.consoles.set(id, (level, line) => {
      if (level === "error" || level === "warn") call.onError(line);
      else if (printed.length < PRINT_BYTES) printed += `${line}\n`;
    });
    const promise = this.start(call, id);
    const wakeUp = () => this.notify();
    signal.addEventListener("abort", wakeUp);
    try {
      const value = await this.settle(promise, signal);
      return { value, printed: printed.replace(/\n$/, "") };
    } finally {
      signal.removeEventListener("abort", wakeUp);
      promise.dispose();
      this.consoles.delete(id);
    }
  }

  dispose(): void {
    for (const timer of this.timers.values()) clearTimeout(timer);
    this.timers.clear();
    this.wake = [];
    try {
      this.context.dispose();
      this.runtime.dispose();
    } catch {
      // Handles that pending timers still hold make QuickJS complain at its end; the memory goes with the module.
    }
  }

  private install(): void {
    const { context } = this;
    const global = context.global;
    const define = (name: string, run: (...args: QuickJSHandle[]) => QuickJSHandle | undefined) => {
      context.newFunction(name, run).consume(handle => context.setProp(global, name, handle));
    };
    define("__print", (id, level, ...values) => {
      const line = values.map(value => printable(context.dump(value))).join(" ");
      this.consoles.get(context.getNumber(id!))?.(context.getString(level!), line);
      return undefined;
    });
    define("__startTimer", (id, delay) => {
      this.startTimer(context.getNumber(id!), context.getNumber(delay!));
      return undefined;
    });
    define("__stopTimer", id => {
      const number = context.getNumber(id!);
      clearTimeout(this.timers.get(number));
      this.timers.delete(number);
      return undefined;
    });
    this.evaluate(PRELUDE, "prelude.js").dispose();
  }

  private startTimer(id: number, delay: number): void {
    const timer = setTimeout(
      () => {
        this.timers.delete(id);
        this.evaluate(`__fireTimer(${id})`, "timer.js").dispose();
        this.notify();
      },
      Math.max(0, delay || 0),
    );
    this.timers.set(id, timer);
    this.nextTimer = Math.max(this.nextTimer, id + 1);
  }

  private notify(): void {
    const waiting = this.wake;
    this.wake = [];
    for (const wake of waiting) wake();
  }

  /** Compiles and calls the block; the handle is its promise of an encoded result. */
  private start(call: ScriptCall, consoleId: number): QuickJSHandle {
    const request = JSON.stringify({
      console: consoleId,
      context: call.context,
      functions: call.functions.map(f => ({ name: f.name, parameters: f.parameters, ...this.compilable(f) })),
      body: this.compilable({ name: "", parameters: call.parameters.map(p => p.name), body: call.body }).source,
      names: call.parameters.map(p => p.name),
      values: call.parameters.map(p => (p.value === undefined ? null : { value: p.value, text: p.text })),
    });
    return this.context.newString(request).consume(text => {
      const run = this.context.getProp(this.context.global, "__run");
      this.deadline = Date.now() + SLICE_MS;
      const result = run.consume(handle => this.context.callFunction(handle, this.context.undefined, text));
      return this.unwrap(result);
    });
  }

  /** A body of one expression is returned; other bodies stand as statements. */
  private compilable(f: ScriptFunction): { source: string } {
    const expression = f.body.trim().replace(/;\s*$/, "");
    const list = f.parameters.join(",");
    if (expression !== "" && this.parses(`(async function(${list}){return (${expression}\n)})`)) {
      return { source: `return (${expression}\n)` };
    }
    return { source: f.body };
  }

  private parses(source: string): boolean {
    const result = this.context.evalCode(source, "block.js", { type: "global" });
    if (result.error) {
      result.error.dispose();
      return false;
    }
    result.value.dispose();
    return true;
  }

  private async settle(promise: QuickJSHandle, signal: AbortSignal): Promise<unknown> {
    for (;;) {
      this.runJobs();
      const state = this.context.getPromiseState(promise);
      if (state.type === "fulfilled") return decode(state.value.consume(value => this.context.getString(value)));
      if (state.type === "rejected") throw this.failure(state.error);
      signal.throwIfAborted();
      if (this.timers.size === 0) throw new ScriptError("the code waits for a promise that nothing settles");
      await new Promise<void>(resolve => this.wake.push(resolve));
    }
  }

  private runJobs(): void {
    this.deadline = Date.now() + SLICE_MS;
    const result = this.runtime.executePendingJobs();
    if (result.error) throw this.failure(result.error);
    result.dispose();
  }

  private evaluate(source: string, name: string): QuickJSHandle {
    this.deadline = Date.now() + SLICE_MS;
    return this.unwrap(this.context.evalCode(source, name));
  }

  private unwrap(result: ReturnType<QuickJSContext["evalCode"]>): QuickJSHandle {
    if (result.error) throw this.failure(result.error);
    return result.value;
  }

  private failure(handle: QuickJSHandle): ScriptError {
    const dumped: unknown = handle.consume(error => this.context.dump(error));
    if (typeof dumped !== "object" || dumped === null) return new ScriptError(String(dumped));
    const { name = "Error", message = "" } = dumped as { name?: string; message?: string };
    if (name === "InternalError" && message === "interrupted") {
      return new ScriptError(`the code ran for ${SLICE_MS / 1000} s without giving way and was stopped`);
    }
    if (message === "out of memory")
      return new ScriptError(`the code needs more than ${MEMORY_BYTES / 1024 / 1024} MB`);
    return new ScriptError(name === "Error" ? message : `${name}: ${message}`);
  }
}

function printable(value: unknown): string {
  return typeof value === "string" ? value : inspect(value, { depth: 4, breakLength: 80 });
}

/** The prelude marks what JSON cannot say. */
function decode(text: string): unknown {
  const rest = text.slice(1);
  switch (text[0]) {
    case "u":
      return undefined;
    case "n":
      return Number(rest);
    default:
      return JSON.parse(rest);
  }
}
