/** Where the commands of a place run, as far as it is known before the run. */
import { fileURLToPath } from "node:url";
import type { Finding } from "../../language/diagnostics/finding";
import { type EnvironmentFacts, providerKind, toValue } from "../../language/environment";
import type { Place } from "../../language/place";
import type { Analysis, Site } from "../../language/semantics";
import { children } from "../../language/syntax";
import type { EnvExpression, Node, Statement } from "../../language/syntax/tree";
import type { ProgramSlice } from "../evaluator";
import { type Doing, doingOf, type Entered, effectsIn } from "./entered";

/** Fields that say which image a sandbox has. */
const IMAGE_FIELDS = ["image", "from", "build"];

export const UNKNOWN_TARGET = "unknown until run time";

/** A provider in a word for people: `local`, `docker`, `sprites`, or the reference itself. */
export function targetWord(provider: string | null): string {
  const kind = providerKind(provider);
  return kind === "none" ? "local" : kind === "docker" || kind === "sprites" ? kind : provider!;
}

/** An env block, and what holds in it. */
interface BlockSite {
  site: Site;
  facts: EnvironmentFacts;
}

/** What holds for a block whose config does not say. */
export interface TargetDefaults {
  /** An image for sandboxes that name none (the setting or `MLLD_ENV_DOCKER_IMAGE`); empty for none. */
  image: string;
}

export class Targets {
  private readonly sites = new Map<Node, Site>();
  private readonly doings = new Map<Statement, Doing>();

  constructor(
    private readonly analysis: Analysis,
    private readonly defaults: TargetDefaults,
  ) {
    for (const site of analysis.sites) this.sites.set(site.node, site);
  }

  /** The provider of a block: its reference, null for none; undefined when only the run knows. */
  providerOf(node: EnvExpression): string | null | undefined {
    const facts = this.siteOf(node)?.facts;
    return facts && providerOf(facts);
  }

  /** The words of every environment that a statement enters, and of the one around it where its commands run there. */
  targetOf(statement: Statement): string {
    const { around, entered, commands } = this.doingOf(statement);
    const places = [...(commands ? [around] : []), ...entered.map(({ facts }) => facts)];
    return [...new Set(places.map(targetOfFacts))].join(", ") || targetOfFacts(around);
  }

  /** What a statement at top level, or directly in a block, does. */
  doingOf(statement: Statement): Doing {
    const known = this.doings.get(statement);
    if (known) return known;
    const block = this.blockAround(statement);
    const effects = effectsIn(block?.site.effects ?? this.analysis.effects, statement);
    const doing = doingOf(effects, block?.facts ?? null, this.analysis);
    this.doings.set(statement, doing);
    return doing;
  }

  /** A block, and what runs in it. */
  siteOf(node: EnvExpression): BlockSite | null {
    const site = this.sites.get(node);
    return site === undefined ? null : { site, facts: this.analysis.factsOf(site).environment };
  }

  /** Docker blocks without an image, where no default image is set either: one finding, since one setting mends them all. */
  missingImages(chosen: readonly Statement[], slice: ProgramSlice | null, entered: readonly Entered[]): Finding[] {
    if (this.defaults.image !== "") return [];
    const blocks: Place[] = [];
    const visit = (node: Node) => {
      if (slice !== null && node.kind.endsWith("Statement") && !slice.statements.has(node as Statement)) return;
      if (node.kind === "EnvExpression" && this.lacksImage(node)) blocks.push(this.headOf(node));
      for (const child of children(node)) visit(child);
    };
    for (const statement of chosen) visit(statement);
    for (const { place, facts } of entered)
      if (place.uri !== this.analysis.uri && lacksImage(facts)) blocks.push(place);
    const [place, ...others] = blocks;
    if (place === undefined) return [];
    return [
      {
        code: "run/image-missing",
        severity: "error",
        message:
          "This block runs in Docker and says no image. Set image (or build, or from) in its config, the setting mlldEnv.docker.image, or MLLD_ENV_DOCKER_IMAGE.",
        place,
        related: others.map(other => ({ message: "So does this one.", place: other })),
        fixes: [],
      },
    ];
  }

  private lacksImage(node: EnvExpression): boolean {
    const facts = this.siteOf(node)?.facts;
    return facts !== undefined && lacksImage(facts);
  }

  private headOf(node: EnvExpression): Place {
    return this.sites.get(node)?.head ?? { uri: this.analysis.uri, start: node.start, end: node.end };
  }

  private blockAround(node: Node): BlockSite | null {
    let found: EnvExpression | null = null;
    for (const site of this.analysis.sites) {
      if (site.kind !== "block" || site.node.kind !== "EnvExpression") continue;
      const inside = site.node.body.start <= node.start && node.end <= site.node.body.end;
      if (inside && (found === null || site.node.start > found.start)) found = site.node;
    }
    return found && this.siteOf(found);
  }
}

/** The reference of the provider, null for none; undefined when only the run knows. */
function providerOf({ capabilities }: EnvironmentFacts): string | null | undefined {
  const [only, ...others] = capabilities.provider.options;
  return only === undefined || others.length > 0 || only.kind === "unknown" ? undefined : only.ref;
}

/** A Docker environment that says no image. */
function lacksImage(facts: EnvironmentFacts): boolean {
  const provider = providerOf(facts);
  if (typeof provider !== "string" || providerKind(provider) !== "docker") return false;
  return IMAGE_FIELDS.every(name => {
    const option = facts.declared.options[name];
    return option === undefined || toValue(option.value) === null || toValue(option.value) === "";
  });
}

/** `targetWord` of an environment's provider; null is the top level. */
export function targetOfFacts(facts: EnvironmentFacts | null): string {
  const provider = facts && providerOf(facts);
  return provider === undefined ? UNKNOWN_TARGET : targetWord(provider);
}

/** A file URI as a path. */
export function fileOf(uri: string): string {
  return uri.startsWith("file:///") ? fileURLToPath(uri) : uri;
}
