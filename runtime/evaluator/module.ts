import type { File } from "../../language/syntax/tree";
import { frontmatterOf } from "./frontmatter";
import { type Binding, Scope } from "./scope";
import type { Value } from "./value";

/** A file in evaluation: the program itself or an import. */
export class Module {
  readonly scope = new Scope("module", null);
  /** What `export { … }` gives: names for importers, and the module's own for them. Null while there is none, so that everything is exported. */
  exports: Map<string, string> | null = null;
  /** What `=> value` at top level gave. */
  result: Value | undefined;
  /** Functions that `exe js = { … }` made visible, by language. */
  readonly shadows = new Map<string, Set<string>>();

  constructor(
    /** Absolute path. */
    readonly path: string,
    readonly folder: string,
    readonly file: File,
    /** The program itself prints; imports do not. */
    readonly prints: boolean,
  ) {}

  /** What a name that an importer asks for is bound to here. */
  exported(name: string): Binding | undefined {
    const own = this.exports === null ? name : this.exports.get(name);
    return own === undefined ? undefined : this.scope.find(own);
  }

  get text(): string {
    return this.file.text;
  }

  /** Throws a `RunError` for frontmatter that is no YAML. */
  get frontmatter(): unknown {
    return frontmatterOf(this.file.text);
  }
}
