import { RESERVED as BUILTINS } from "../../language/semantics";
import { RunError } from "./errors";
import type { Value } from "./value";

export type BindingKind = "var" | "let" | "parameter" | "loop" | "exe" | "import";

export interface Binding {
  kind: BindingKind;
  value: Value;
}

/** `when` blocks may shadow what other blocks may not, as in mlld. */
export type ScopeKind = "module" | "exe" | "block" | "when";

/** Names that mlld defines itself: they cannot be declared. */
const RESERVED = new Set(Object.keys(BUILTINS).filter(name => BUILTINS[name]!.redefined === "refused"));
/** A name for what is not needed: it may be declared again. */
const DISCARDED = "_";

export class Scope {
  private readonly bindings = new Map<string, Binding>();

  constructor(
    readonly kind: ScopeKind,
    readonly parent: Scope | null,
    /** Names that this scope may write although they belong to an outer one: false inside a parallel loop. */
    readonly writesOut = true,
  ) {}

  find(name: string): Binding | undefined {
    return this.owner(name)?.bindings.get(name);
  }

  /** Names and values of everything inside the executable or module, innermost first. */
  locals(): Map<string, Value> {
    const found = new Map<string, Value>();
    for (let scope: Scope | null = this; scope !== null && scope.kind !== "module"; scope = scope.parent) {
      for (const [name, binding] of scope.bindings) if (!found.has(name)) found.set(name, binding.value);
    }
    return found;
  }

  /** All names of this scope alone. */
  own(): ReadonlyMap<string, Binding> {
    return this.bindings;
  }

  /** Binds a name in this scope without looking at outer ones: parameters, loop variables, imports. */
  bind(name: string, value: Value, kind: BindingKind): void {
    this.bindings.set(name, { kind, value });
  }

  /** `var @name`: once in a module. */
  declare(name: string, value: Value, kind: "var" | "exe" | "import"): void {
    if (kind !== "exe") refuseReserved(name);
    if (name !== DISCARDED && this.bindings.has(name) && !(kind === "exe" && this.bindings.get(name)!.kind === "exe"))
      throw redefinition(name);
    this.bindings.set(name, { kind, value });
  }

  /** `let @name`: again in the same block it assigns; a name of an enclosing construct cannot be taken, except inside `when`. */
  let(name: string, value: Value): void {
    const own = this.bindings.get(name);
    if (own === undefined) this.refuseShadowing(name);
    this.bindings.set(name, { kind: own?.kind ?? "let", value });
  }

  /** `@name = …`, `+=`: writes where the name was bound. */
  assign(name: string, value: Value): void {
    const owner = this.owner(name);
    if (owner === null) throw new RunError(`Variable not found: ${name}`, "VariableNotFound");
    for (let scope: Scope | null = this; scope !== null && scope !== owner; scope = scope.parent) {
      if (!scope.writesOut)
        throw new RunError(`Parallel for block cannot mutate outer variable @${name}.`, "ParallelMutation");
    }
    owner.bindings.set(name, { kind: owner.bindings.get(name)!.kind, value });
  }

  /** `for @name`: a variable or executable that can be seen here cannot be taken, nor can a name of mlld's own. */
  refuseLoop(name: string): void {
    refuseReserved(name);
    const taken = this.find(name)?.kind;
    if (taken === "var" || taken === "exe") throw redefinition(name);
  }

  private owner(name: string): Scope | null {
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent)
      if (scope.bindings.has(name)) return scope;
    return null;
  }

  private refuseShadowing(name: string): void {
    refuseReserved(name);
    for (let scope: Scope | null = this; scope !== null; scope = scope.parent) {
      if (scope.kind === "when") return;
      const binding = scope.bindings.get(name);
      if (binding === undefined) continue;
      if (binding.kind === "let" || binding.kind === "import") return;
      throw redefinition(name);
    }
  }
}

function refuseReserved(name: string): void {
  if (RESERVED.has(name))
    throw new RunError(`Cannot create variable '${name}': this name is reserved`, "VariableRedefinition");
}

function redefinition(name: string): RunError {
  return new RunError(`Variable '${name}' is already defined and cannot be redefined`, "VariableRedefinition");
}
