/** Where the commands of a place run, as far as it is known before the run. */
import { fileURLToPath } from "node:url";
import type { Finding } from "../../language/diagnostics/finding";
import { type EnvironmentFacts, explain, providerKind, toValue } from "../../language/environment";
import type { Place } from "../../language/place";
import type { Analysis, Site } from "../../language/semantics";
import { children } from "../../language/syntax";
import type { EnvExpression, Node, Statement } from "../../language/syntax/tree";
import type { ProgramSlice } from "../evaluator";

/** Fields that say which image a sandbox has. */
const IMAGE_FIELDS = ["image", "from", "build"];

export const UNKNOWN_TARGET = "unknown until run time";

/** A provider in a word for people: `local`, `docker`, `sprites`, or the reference itself. */
export function targetWord(provider: string | null): string {
  const kind = providerKind(provider);
  return kind === "none" ? "local" : kind === "docker" || kind === "sprites" ? kind : provider!;
}

/** What holds for a block whose config does not say. */
export interface TargetDefaults {
  /** An image for sandboxes that name none (the setting or `MLLD_ENV_DOCKER_IMAGE`); empty for none. */
  image: string;
}

export class Targets {
  private readonly sites = new Map<Node, Site>();

  constructor(
    private readonly analysis: Analysis,
    private readonly defaults: TargetDefaults,
  ) {
    for (const site of analysis.sites) this.sites.set(site.node, site);
  }

  /** The provider of a block: its reference, null for none; undefined when only the run knows. */
  providerOf(node: EnvExpression): string | null | undefined {
    const facts = this.factsOf(node);
    if (facts === null) return undefined;
    const { options } = facts.capabilities.provider;
    const [only] = options;
    if (options.length !== 1 || only === undefined || only.kind === "unknown") return undefined;
    return only.ref;
  }

  /** `targetWord` of the place's provider. */
  targetOf(node: Node): string {
    const block = blockOf(node) ?? this.blockAround(node);
    if (block === null) return "local";
    const provider = this.providerOf(block);
    return provider === undefined ? UNKNOWN_TARGET : targetWord(provider);
  }

  /** Every target of the file's blocks, `local` where it has none. */
  ofFile(): string {
    const blocks = this.analysis.sites.filter(site => site.kind === "block");
    return [...new Set(blocks.map(site => this.targetOf(site.node)))].join(", ") || "local";
  }

  /** The environment of the block in the form of `explain --json`. */
  environmentOf(node: EnvExpression): unknown {
    const facts = this.factsOf(node);
    return facts === null ? null : explain(facts);
  }

  /** Docker blocks without an image, where no default image is set either: one finding, since one setting mends them all. */
  missingImages(chosen: readonly Statement[], slice: ProgramSlice | null): Finding[] {
    if (this.defaults.image !== "") return [];
    const blocks: Place[] = [];
    const visit = (node: Node) => {
      if (slice !== null && node.kind.endsWith("Statement") && !slice.statements.has(node as Statement)) return;
      if (node.kind === "EnvExpression" && this.lacksImage(node)) blocks.push(this.headOf(node));
      for (const child of children(node)) visit(child);
    };
    for (const statement of chosen) visit(statement);
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
    const facts = this.factsOf(node);
    const provider = this.providerOf(node);
    if (facts === null || typeof provider !== "string" || providerKind(provider) !== "docker") return false;
    return IMAGE_FIELDS.every(name => {
      const option = facts.declared.options[name];
      return option === undefined || toValue(option.value) === null || toValue(option.value) === "";
    });
  }

  private headOf(node: EnvExpression): Place {
    return this.sites.get(node)?.head ?? { uri: this.analysis.uri, start: node.start, end: node.end };
  }

  private factsOf(node: EnvExpression): EnvironmentFacts | null {
    const site = this.sites.get(node);
    return site === undefined ? null : this.analysis.factsOf(site).environment;
  }

  private blockAround(node: Node): EnvExpression | null {
    let found: EnvExpression | null = null;
    for (const site of this.analysis.sites) {
      if (site.kind !== "block" || site.node.kind !== "EnvExpression") continue;
      const inside = site.node.body.start <= node.start && node.end <= site.node.body.end;
      if (inside && (found === null || site.node.start > found.start)) found = site.node;
    }
    return found;
  }
}

/** The block that a statement consists of, also where its value is bound or returned. */
function blockOf(node: Node): EnvExpression | null {
  switch (node.kind) {
    case "EnvExpression":
      return node;
    case "ExpressionStatement":
      return blockOf(node.expression);
    case "VarStatement":
    case "LetStatement":
      return blockOf(node.value);
    case "ReturnStatement":
      return node.value === null ? null : blockOf(node.value);
    default:
      return null;
  }
}

/** A file URI as a path. */
export function fileOf(uri: string): string {
  return uri.startsWith("file:///") ? fileURLToPath(uri) : uri;
}
