import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ScriptEngine } from "../../../runtime/evaluator/code/quickjs";
import type { ScriptCall } from "../../../runtime/evaluator/code/script-host";

const signal = new AbortController().signal;
let engine: ScriptEngine;
beforeAll(async () => {
  engine = await ScriptEngine.create();
});
afterAll(() => engine.dispose());

function run(body: string, values: Record<string, unknown> = {}, more: Partial<ScriptCall> = {}) {
  const parameters = Object.entries(values).map(([name, value]) => ({ name, value }));
  return engine.run({ body, parameters, functions: [], context: {}, onError: () => {}, ...more }, signal);
}

describe("js blocks", () => {
  it("returns a single expression, and what `return` gives", async () => {
    expect((await run("x * 2", { x: 21 })).value).toBe(42);
    expect((await run("const y = x + 1; return y;", { x: 1 })).value).toBe(2);
    expect((await run("{ a: [1, x] }", { x: null })).value).toEqual({ a: [1, null] });
    expect((await run("x", { x: undefined })).value).toBeUndefined();
  });

  it("collects what is printed", async () => {
    const errors: string[] = [];
    const result = await run(
      'console.log("a", { b: 1 }); console.error("no")',
      {},
      { onError: line => errors.push(line) },
    );
    expect(result).toEqual({ value: undefined, printed: "a { b: 1 }" });
    expect(errors).toEqual(["no"]);
  });

  it("waits for timers and keeps globals from block to block", async () => {
    const slow = run("await new Promise(r => setTimeout(r, 20)); globalThis.n = 1; return 'slow'");
    const fast = run("'fast'");
    expect((await fast).value).toBe("fast");
    expect((await slow).value).toBe("slow");
    expect((await run("global.n")).value).toBe(1);
  });

  it("lets functions call each other", async () => {
    const functions = [
      { name: "double", parameters: ["x"], body: "x * 2" },
      { name: "quadruple", parameters: ["x"], body: "return double(double(x))" },
    ];
    expect((await run("quadruple(3)", {}, { functions })).value).toBe(12);
  });

  it("gives a value its text", async () => {
    const parameters = [{ name: "input", value: { a: 1 }, text: '{"a":1}' }];
    expect((await run("JSON.parse(input).a + Object.keys(input).length", {}, { parameters })).value).toBe(2);
  });

  it("shows nothing of the host", async () => {
    expect((await run("[typeof process, typeof require, typeof fetch, typeof __print]")).value).toEqual(
      Array(4).fill("undefined"),
    );
    expect((await run("this.constructor.constructor('return typeof process')()")).value).toBe("undefined");
  });

  it("reports exceptions and promises that nothing settles", async () => {
    await expect(run('throw new Error("boom")')).rejects.toThrow("boom");
    await expect(run("null.x")).rejects.toThrow(/TypeError/);
    await expect(run("await new Promise(() => {})")).rejects.toThrow(/nothing settles/);
    await expect(run("return (")).rejects.toThrow(/SyntaxError/);
  });

  it("stops a block that takes all memory, and goes on", async () => {
    await expect(run("let a = 'x'; for (;;) a += a;")).rejects.toThrow();
    expect((await run("1 + 1")).value).toBe(2);
  });

  it("is cancelled while it waits", async () => {
    const abort = new AbortController();
    const call = {
      body: "await new Promise(r => setTimeout(r, 60000))",
      parameters: [],
      functions: [],
      context: {},
      onError: () => {},
    };
    const waiting = engine.run(call, abort.signal);
    setTimeout(() => abort.abort(), 10);
    await expect(waiting).rejects.toThrow(/abort/i);
  });
});
