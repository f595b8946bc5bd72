import type { Action } from "../../language/syntax/tree";
import type { Transformer } from "../../language/values";
import type { Module } from "./module";
import type { Value } from "./value";

/** Something that can be called. */
export class Executable {
  constructor(
    readonly name: string,
    readonly parameters: readonly string[],
    readonly labels: readonly string[],
    readonly body: ExecutableBody,
  ) {}

  /** In JSON and in `show`. */
  toJSON(): string {
    return `<function(${this.parameters.join(", ")})>`;
  }

  toString(): string {
    return this.toJSON();
  }
}

export type ExecutableBody =
  /** Written in mlld; `module` is where its free names are looked up. */
  | { kind: "program"; action: Action; module: Module; offset: number }
  | { kind: "transformer"; transformer: Transformer }
  /** A template file of an imported folder: absolute path. */
  | { kind: "template"; path: string; module: Module }
  /** `new @f(a)`: the first arguments are given. */
  | { kind: "partial"; target: Executable; given: readonly Value[] }
  /** A function of a Node.js module, called in a `node` process: `require(module).path(…)`. */
  | { kind: "node"; module: string; path: readonly string[] }
  /** A function of the evaluator itself. */
  | { kind: "builtin"; run: (args: readonly Value[]) => Value | Promise<Value> };
