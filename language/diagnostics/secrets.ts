import type { Analysis, MlldSymbol } from "../semantics";
import { headOf } from "../semantics";
import { children } from "../syntax";
import type { Node } from "../syntax/tree";
import type { Finding } from "./finding";

/** Values labelled `secret` that are put into the text of a command, where process lists and logs show them. */
export function secretFindings(analysis: Analysis): Finding[] {
  const secrets = new Secrets(analysis);
  if (!secrets.any) return [];
  const found: Finding[] = [];
  for (const { symbol, name, inCommand, start, end } of analysis.references) {
    if (inCommand && symbol && secrets.has(symbol)) found.push(finding(analysis, name, start, end, symbol));
  }
  for (const call of analysis.calls) {
    const callee = analysis.executableOf(call.callee);
    for (const [index, argument] of call.arguments.entries()) {
      if (!callee?.parameters?.[index]?.inCommand) continue;
      const symbol = secrets.in(argument);
      if (symbol) found.push(finding(analysis, symbol.name, argument.start, argument.end, symbol));
    }
  }
  return found;
}

function finding(analysis: Analysis, name: string, start: number, end: number, symbol: MlldSymbol): Finding {
  return {
    code: "auth/secret-in-command",
    severity: "warning",
    message: `@${name} is secret, and would stand in the text of a command. Pass it with \`using @${name} as NAME\` or declare an auth.`,
    place: { uri: analysis.uri, start, end },
    related: symbol.range
      ? [{ place: { uri: analysis.uri, ...symbol.range }, message: `@${name} is defined here` }]
      : [],
    fixes: [],
  };
}

/** Which names hold a secret: by their label, by their origin, or because they are made of one. */
class Secrets {
  private readonly known = new Map<MlldSymbol, boolean>();
  /** Whether there is one in the file at all: mostly there is none, and nothing to look for. */
  readonly any: boolean;

  constructor(private readonly analysis: Analysis) {
    this.any = analysis.symbols.some(symbol => this.isSource(symbol));
  }

  has(symbol: MlldSymbol): boolean {
    const known = this.known.get(symbol);
    if (known !== undefined) return known;
    this.known.set(symbol, false); // A name that is made of itself adds nothing.
    const secret = this.find(symbol);
    this.known.set(symbol, secret);
    return secret;
  }

  /** Secret by itself: every other secret is made of such names. */
  private isSource(symbol: MlldSymbol): boolean {
    if (symbol.labels.includes("secret")) return true;
    if (!symbol.import) return false;
    const { specifier } = this.analysis.imports[symbol.import.index]!;
    return specifier === "@keychain" || Boolean(this.analysis.exportedName(symbol)?.labels.includes("secret"));
  }

  private find(symbol: MlldSymbol): boolean {
    if (this.isSource(symbol)) return true;
    if (symbol.import) return false;
    if (symbol.kind !== "var" && symbol.kind !== "let") return false;
    return symbol.value !== null && this.in(symbol.value) !== null;
  }

  /** The first secret that a value is made of. What calls, commands and blocks give back is not followed. */
  in(node: Node): MlldSymbol | null {
    switch (node.kind) {
      case "VariableReference": {
        const symbol = this.symbolOf(node);
        return symbol && this.has(symbol) ? symbol : null;
      }
      case "MemberExpression":
      case "IndexExpression": {
        const head = headOf(node);
        return head?.kind === "VariableReference" ? this.in(head) : null;
      }
      case "Template":
      case "Interpolation":
      case "ObjectExpression":
      case "ArrayExpression":
      case "Property":
      case "Spread":
      case "ConditionalExpression":
      case "ConditionalValue":
      case "ParenthesizedExpression":
      case "BinaryExpression":
      case "LabelExpression":
        for (const child of children(node)) {
          const symbol = this.in(child);
          if (symbol) return symbol;
        }
        return null;
      default:
        return null;
    }
  }

  private symbolOf(node: Node): MlldSymbol | null {
    return this.analysis.referenceOf(node)?.symbol ?? null;
  }
}
