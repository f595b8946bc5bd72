import {
  type Capabilities,
  type CapabilityName,
  type EnvironmentFacts,
  enterBlock,
  type Field,
  fieldNamed,
  fromValue,
  type Item,
  TOP_LEVEL,
} from "../environment";
import type { Analysis, Site } from "../semantics";
import type { Node } from "../syntax/tree";

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

/** Fields whose values are lists of names. */
const LISTS = new Set(["tools", "mcps", "auth"]);

/** What the environment around the config or `with` clause at the cursor leaves to it. */
export interface Parent {
  /** Whether a text at a path of keys (`tools`, `fs.read`), as the value or as an item of its list, keeps within the parent. */
  fits(path: string[], text: string): boolean;
  /** What the parent grants there, as its author wrote it. */
  grants(path: string[]): string[];
}

/** The parent of the object at an offset; null where nothing is compared. */
export function parentOf(analysis: Analysis, offset: number): Parent | null {
  const parent = parentAt(analysis, offset);
  if (!parent) return null;
  return {
    fits: (path, text) => {
      const [field, ...inner] = path;
      const leaf = LISTS.has(field!) || inner.length > 0 ? [text] : text;
      const config = path.reduceRight<unknown>((value, key) => ({ [key]: value }), leaf);
      const { comparisons } = enterBlock({ parent, config: fromValue(config), with: null, paths: analysis.paths });
      return comparisons.every(comparison => comparison.field !== field || comparison.answer !== "wider");
    },
    grants: path => [...new Set(granted(parent.capabilities, path.join(".")).map(({ text }) => text))],
  };
}

function granted({ tools, mcps, fs, net }: Capabilities, path: string): Item[] {
  const items = (sets: { all: boolean; items: Item[] }[]) => sets.flatMap(set => (set.all ? [] : set.items));
  switch (path) {
    case "tools":
      return items(tools.options);
    case "mcps":
      return items(mcps.options);
    case "fs.read":
      return fs.options.flatMap(({ read, write }) => [...read, ...write]);
    case "fs.write":
      return fs.options.flatMap(({ write }) => write);
    case "net.allow":
      return net.options.flatMap(option => (option.kind === "names" ? option.allow : []));
    default:
      return [];
  }
}

/** The environment that the config or `with` clause at an offset is compared with; null where there is none. */
function parentAt(analysis: Analysis, offset: number): EnvironmentFacts | null {
  const holds = (node: Node | null): boolean => node !== null && node.start < offset && offset <= node.end;
  const from = (site: Site, parent: EnvironmentFacts): EnvironmentFacts =>
    enterBlock({ parent, config: site.config, with: null, paths: analysis.paths, label: site.label }).environment;
  for (const site of analysis.sites.toReversed()) {
    const { node } = site;
    if (node.kind === "EnvExpression") {
      if (holds(node.with)) return from(site, analysis.around(site));
      if (holds(node.config)) return analysis.around(site);
    } else if (node.kind !== "GuardAction" && holds(node.kind === "NewExpression" ? node.with : node.clause))
      return site.config ? from(site, TOP_LEVEL) : null;
  }
  return null;
}
