/** What holds inside a block, for `explain --json` and hover. */

import { CAPABILITY_NAMES } from "./defaults";
import type { Explanation } from "./face";
import { isLimited, isNone, netTexts } from "./net-sets";
import type {
  CapabilityName,
  EnvironmentFacts,
  Field,
  FsSet,
  LimitSet,
  NameSet,
  NetSet,
  PathItem,
  ProviderSet,
} from "./types";
import { textOf } from "./words";

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
      (capabilities[field] as Field<unknown>).history.map(({ place, note }) => ({
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

export function describeField(environment: EnvironmentFacts, name: CapabilityName): string {
  const field = environment.capabilities[name] as Field<unknown>;
  if (name === "auth" && !field.declared) return "none";
  return [...new Set(field.options.map(option => textOf(name, option)))].join(" or ");
}

export function describe(environment: EnvironmentFacts): string {
  const rows = CAPABILITY_NAMES.filter(
    name => !["mem", "cpu", "pids", "timeout"].includes(name) || environment.capabilities[name].declared,
  ).map(name => {
    const { history } = environment.capabilities[name] as Field<unknown>;
    return `| \`${TITLES[name]}\` | ${cell(describeField(environment, name))} | ${cell(history.map(step => step.note).join("; "))} |`;
  });
  const taint = environment.declared.taint.items.map(item => item.text);
  if (taint.length > 0) rows.push(`| \`taint\` | ${cell(taint.join(", "))} | |`);
  if (environment.profile) rows.push(`| \`profile\` | ${cell(environment.profile)} | |`);
  return `**Environment ${cell(environment.label)}**\n\n| | allows | from |\n| --- | --- | --- |\n${rows.join("\n")}`;
}

function cell(text: string): string {
  return text.replaceAll("|", "\\|").replaceAll("\n", " ");
}
