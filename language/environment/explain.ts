/** What holds inside a block, for `explain --json` and hover. */

import { samePlace } from "../place";
import { NO_CONFIG } from "./chain";
import { compareCapability } from "./compare";
import { CAPABILITY_NAMES } from "./defaults";
import type { Explanation } from "./face";
import { isLimited, isNone, netTexts } from "./net-sets";
import { SET_IN } from "./read";
import type {
  Answer,
  CapabilityName,
  EnvironmentFacts,
  Field,
  FsSet,
  LimitSet,
  NameSet,
  NetSet,
  PathItem,
  Provenance,
  ProviderSet,
} from "./types";
import { itemsText, textOf } from "./words";

export function explain(environment: EnvironmentFacts): Explanation {
  const { capabilities, declared } = environment;
  const provider = single(capabilities.provider) as ProviderSet | null;
  const limit = (name: "mem" | "cpu" | "pids" | "timeout"): unknown => {
    const set = single(capabilities[name]) as LimitSet | null;
    return set === null || set.kind === "unknown" ? null : (set.value ?? "*");
  };
  return {
    provider: provider?.kind === "known" ? provider.ref : null,
    capabilities: {
      tools: names(capabilities.tools),
      mcps: names(capabilities.mcps),
      fs: files(capabilities.fs),
      net: network(single(capabilities.net) as NetSet | null),
      limits: { mem: limit("mem"), cpu: limit("cpu"), pids: limit("pids"), timeout: limit("timeout") },
      auth: capabilities.auth.declared ? names(capabilities.auth) : [],
      taint: declared.taint.open ? null : declared.taint.items.map(item => item.text),
    },
    provenance: CAPABILITY_NAMES.flatMap(field =>
      stepsOf(field, capabilities[field] as Field<unknown>).map(({ place, note }) => ({
        field: TITLES[field],
        place: place ?? null,
        note,
      })),
    ),
    profile: environment.profile ?? null,
  };
}

/** The only possibility; null when there are several. */
function single(field: Field<unknown>): unknown {
  return field.options.length === 1 ? field.options[0] : null;
}

function names(field: Field<NameSet>): unknown {
  const set = single(field) as NameSet | null;
  if (set === null || set.open) return null;
  if (!set.all) return set.items.map(item => item.text);
  return set.items.length === 0 ? "*" : { except: set.items.map(item => item.text) };
}

function files(field: Field<FsSet>): { read: unknown; write: unknown } {
  const set = single(field) as FsSet | null;
  if (set === null) return { read: null, write: null };
  if (set.all) return { read: "*", write: "*" };
  const path = ({ base, tail }: PathItem): string => (tail === null ? base : `${base}/${tail}`);
  return {
    read: set.openRead ? null : set.read.map(path),
    write: set.openWrite ? null : [...set.write.map(path), ...set.scratch.map(item => item.text)],
  };
}

function network(set: NetSet | null): unknown {
  if (set === null || set.kind === "unknown") return null;
  if (set.kind === "host") return "*";
  if (set.kind === "bridge") return "bridge";
  if (set.kind === "network") return set.name;
  if (set.open) return null;
  if (isNone(set)) return "none";
  if (isLimited(set)) return "limited";
  return { allow: netTexts(set.allow), ...(set.deny.length > 0 && { deny: netTexts(set.deny) }) };
}

const TITLES: Record<CapabilityName, string> = {
  provider: "provider",
  tools: "tools",
  mcps: "mcps",
  fs: "fs",
  net: "net",
  auth: "auth",
  mem: "limits.mem",
  cpu: "limits.cpu",
  pids: "limits.pids",
  timeout: "limits.timeout",
};

/** How a field came to be what it is: the notes of its history, with what each step did to the one before. */
function stepsOf(name: CapabilityName, { history }: Field<unknown>): Provenance[] {
  return history.flatMap((step, at) => {
    const before = history[at - 1]?.options;
    if (!step.options || !before) return [step];
    // A nested block under the same config says nothing new.
    if (step.place && samePlace(step.place, history[at - 1]!.place)) return [];
    const asField = (options: readonly unknown[]): Field<unknown> => ({
      options: [...options],
      maybeUnset: false,
      declared: true,
      history: [],
    });
    const [child, parent] = [asField(step.options), asField(before)];
    const { answer } = compareCapability(name, child, parent);
    const same = answer === "narrower" && compareCapability(name, parent, child).answer === "narrower";
    return [{ ...step, note: step.note.replace(SET_IN, same ? SAME : WORDS[answer]) }];
  });
}

const SAME = "the same in ";
const WORDS: Record<Answer, string> = { narrower: "narrowed by ", wider: "widened by ", unknown: "set anew in " };

const UNKNOWN_TEXT = "known only at run time";

export function describeField(environment: EnvironmentFacts, name: CapabilityName): string {
  const field = environment.capabilities[name] as Field<unknown>;
  if (name === "auth" && !field.declared) return "none";
  return optionTexts(name, field.options);
}

function optionTexts(name: CapabilityName, options: readonly unknown[]): string {
  const texts = new Set(options.map(option => (isUnknown(option) ? UNKNOWN_TEXT : optionText(name, option))));
  return texts.has(UNKNOWN_TEXT) ? UNKNOWN_TEXT : [...texts].join(" or ");
}

function optionText(name: CapabilityName, option: unknown): string {
  const text = textOf(name, option);
  const { scratch } = option as Partial<FsSet>;
  return scratch && scratch.length > 0 ? `${text}, with temporary files in ${itemsText(scratch)}` : text;
}

/** Nothing at all is known of the value. */
function isUnknown(option: unknown): boolean {
  const { kind, open, items, openRead, openWrite, read, write } = option as Partial<NetSet> & Partial<NameSet & FsSet>;
  return (
    kind === "unknown" ||
    (open === true && items?.length === 0) ||
    (openRead === true && openWrite === true && read?.length === 0 && write?.length === 0)
  );
}

/** Where a field comes from, and what narrowed it: `set in @box; narrowed by with`. */
export function sourceOfField(environment: EnvironmentFacts, name: CapabilityName, written = noteOf): string {
  return stepsOf(name, environment.capabilities[name] as Field<unknown>)
    .map(written)
    .join("; ");
}

function noteOf({ note }: Provenance): string {
  return note;
}

/** What is told of an environment: of each capability what it allows and where that comes from. */
export interface Description {
  /** How messages call the config; empty where there is none. */
  label: string;
  rows: { title: string; allows: string; from: string }[];
}

/** `written` is how a step of where something comes from is told. */
export function describe(environment: EnvironmentFacts, written?: (step: Provenance) => string): Description {
  const rows = CAPABILITY_NAMES.filter(
    name => !["mem", "cpu", "pids", "timeout"].includes(name) || environment.capabilities[name].declared,
  ).map(name => ({
    title: TITLES[name],
    allows: describeField(environment, name),
    from: sourceOfField(environment, name, written),
  }));
  const taint = environment.declared.taint.items.map(item => item.text);
  if (taint.length > 0) rows.push({ title: "taint", allows: taint.join(", "), from: "" });
  if (environment.profile) rows.push({ title: "profile", allows: environment.profile, from: "" });
  return { label: environment.label === NO_CONFIG.label ? "" : environment.label, rows };
}

/** A description as Markdown. Capabilities of which the same is to be told share a row; `unsure` are compared at run time. */
export function describeMarkdown(environment: EnvironmentFacts, unsure: readonly CapabilityName[] = []): string {
  const { label, rows } = describe(environment);
  const titles = new Map<string, string[]>();
  for (const { title, allows, from } of rows) {
    const told = `${escaped(allows)} | ${escaped(from)}`;
    titles.set(told, [...(titles.get(told) ?? []), `\`${title}\``]);
  }
  const table = [...titles].map(([told, names]) => `| ${names.join(", ")} | ${told} |`);
  const compared =
    unsure.length > 0
      ? `\n\nWhether this narrows the environment around it is known only at run time, and compared then: ${unsure.map(name => `\`${TITLES[name]}\``).join(", ")}.`
      : "";
  const title = `**Environment${label && ` ${escaped(label)}`}**`;
  return `${title}\n\n| | allows | from |\n| --- | --- | --- |\n${table.join("\n")}${compared}`;
}

/** As it is written, in Markdown: globs have stars, and names underscores. */
export function escaped(text: string): string {
  return text.replace(/[\\`*[\]<>|~]|(?<!\w)_|_(?!\w)/g, "\\$&").replaceAll("\n", " ");
}
