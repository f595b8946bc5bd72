import type { File } from "../../language/syntax/tree";
import { frontmatterOf } from "./frontmatter";
import { Scope } from "./scope";
import type { Value } from "./value";

/** A file in evaluation: the program itself or an import. */
export class Module {
  readonly scope = new Scope("module", null);
  /** Names of `export { … }`; null while there is none, so that everything is exported. */
  exports: Set<string> | null = null;
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

  get text(): string {
    return this.file.text;
  }

  /** Throws a `RunError` for frontmatter that is no YAML. */
  get frontmatter(): unknown {
    return frontmatterOf(this.file.text);
  }
}
