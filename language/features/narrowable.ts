import { type Capabilities, type CapabilityName, type Field, fieldNamed } from "../environment";
import type { Analysis } from "../semantics";

type Option<K extends CapabilityName> = Capabilities[K] extends Field<infer S> ? S : never;

/** Whether an option of a capability leaves nothing to take away. */
const IS_LEAST: { [K in CapabilityName]: (option: Option<K>) => boolean } = {
  // Inside a sandbox there is no other provider to go to.
  provider: option => option.kind === "known" && option.ref !== null,
  tools: option => !option.all && !option.open && option.items.length === 0,
  mcps: option => !option.all && !option.open && option.items.length === 0,
  auth: option => !option.all && !option.open && option.items.length === 0,
  fs: option =>
    !option.all && !option.openRead && !option.openWrite && option.read.length === 0 && option.write.length === 0,
  net: option => option.kind === "names" && !option.open && option.allow.length === 0,
  mem: () => false,
  cpu: () => false,
  pids: () => false,
  timeout: () => false,
};

/**
 * Whether a `with` clause at an offset can still narrow a field: not when the environment that it starts from has nothing left there.
 * Fields outside the order, such as `profile`, always can be set.
 */
export function canNarrow(analysis: Analysis, name: string, offset: number): boolean {
  const site = analysis.sites.filter(one => one.place.start <= offset && offset <= one.place.end).at(-1);
  const field = fieldNamed(name)?.name;
  if (!site || !field) return true;
  const { capabilities } = analysis.factsOf(site).environment;
  return !Object.hasOwn(capabilities, field) || !isLeast(capabilities, field as CapabilityName);
}

function isLeast<K extends CapabilityName>(capabilities: Capabilities, name: K): boolean {
  const { options } = capabilities[name] as Field<Option<K>>;
  return options.every(option => IS_LEAST[name](option));
}
