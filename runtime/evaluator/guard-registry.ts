import type { GuardFilter, HookStatement, WhenExpression } from "../../language/syntax/tree";
import type { Module } from "./module";

export interface Guard {
  name: string | null;
  timing: "before" | "after" | "always";
  filter: GuardFilter;
  rules: WhenExpression;
  privileged: boolean;
  module: Module;
}

export interface Hook {
  statement: HookStatement;
  module: Module;
}

/** Guards and hooks in the order in which they were registered: those of imports where they are imported. */
export class GuardRegistry {
  private readonly guards: Guard[] = [];
  readonly hooks: Hook[] = [];

  add(guard: Guard): void {
    this.guards.push(guard);
  }

  get empty(): boolean {
    return this.guards.length === 0;
  }

  at(timing: "before" | "after"): readonly Guard[] {
    return this.guards.filter(guard => guard.timing === timing || guard.timing === "always");
  }
}
