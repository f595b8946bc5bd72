import { invoke } from "./calls";
import type { Context } from "./context";
import { RunError } from "./errors";
import { Executable } from "./executable";
import { makeValue, type Value } from "./value";

/** Calls the executable that holds the chosen block; its parameters come from `--input`. */
export async function callSelected(name: string, context: Context): Promise<Value> {
  const executable = context.module.scope.find(name)?.value.data;
  if (!(executable instanceof Executable)) throw new RunError(`@${name} is not an executable of this file`);
  const { payload } = context.run.services.settings;
  const missing = executable.parameters.filter(parameter => !Object.hasOwn(payload, parameter));
  if (missing.length > 0) {
    const names = missing.map(parameter => `@${parameter}`).join(", ");
    await context.run.warn(
      `${names} of @${name} ${missing.length === 1 ? "is" : "are"} not given: pass --input ${missing[0]}=…`,
    );
  }
  const args = executable.parameters.map(parameter => makeValue(payload[parameter]));
  return invoke(executable, args, context);
}
