import { type CapabilityName, describeField, type EnvironmentFacts, providerKind } from "../environment";
import type { Analysis, Site } from "../semantics";
import type { EnvExpression } from "../syntax/tree";
import { envTitle } from "./outline";
import type { Span } from "./span";

/** An env block as lists and lenses show it. */
export interface BlockEntry extends Span {
  title: string;
  /** `local`, `docker`, `sprites`, a reference of a provider module, or `unknown`. */
  target: string;
  /** 0 at the outside. */
  depth: number;
  /** Offset of the end of the line that opens the block: a hint there moves no text. */
  hintAt: number;
  environment: EnvironmentFacts;
}

type BlockSite = Site & { node: EnvExpression };

/** The env blocks of a file in order of the text, outer before inner. */
export function blocks(analysis: Analysis): BlockEntry[] {
  return analysis.sites
    .filter((site): site is BlockSite => site.kind === "block" && site.node.kind === "EnvExpression")
    .map(site => {
      const { environment } = analysis.factsOf(site);
      const { start, end, body } = site.node;
      return {
        start,
        end,
        title: envTitle(analysis.file, site.node),
        target: targetOf(environment),
        depth: depthOf(site),
        hintAt: endOfLine(analysis.file.text, body.start),
        environment,
      };
    });
}

function endOfLine(text: string, offset: number): number {
  const end = text.indexOf("\n", offset);
  return end < 0 ? text.length : text[end - 1] === "\r" ? end - 1 : end;
}

function depthOf(site: Site): number {
  let depth = 0;
  for (let at = site.parent; at; at = at.parent) depth++;
  return depth;
}

function targetOf(environment: EnvironmentFacts): string {
  const { options } = environment.capabilities.provider;
  const [only] = options;
  if (options.length !== 1 || only?.kind !== "known") return "unknown";
  const kind = providerKind(only.ref);
  return kind === "none" ? "local" : kind === "docker" || kind === "sprites" ? kind : only.ref!;
}

/** What a hint behind the head of a block says; null where nothing is limited. */
export function hintOf({ environment }: BlockEntry): { label: string; details: string } | null {
  const parts: string[] = [];
  for (const field of ["tools", "net"] as const)
    if (isLimited(environment, field)) parts.push(`${field}: ${describeField(environment, field)}`);
  const details = (Object.keys(environment.capabilities) as CapabilityName[]).map(
    field => `${field}: ${describeField(environment, field)}`,
  );
  return parts.length > 0 ? { label: parts.join(" · "), details: details.join("\n") } : null;
}

/** A default says nothing that the author would want to read behind every block. */
function isLimited({ capabilities }: EnvironmentFacts, field: "tools" | "net"): boolean {
  return capabilities[field].declared || capabilities[field].history.length > 1;
}
