import { children } from "../../syntax";
import type { File, Node } from "../../syntax/tree";
import type { Span } from "../span";
import type { TextChange } from "./change";

/** A rule for the text between two children: where it matches, it becomes `to`. Rules never match across lines. */
interface Rule {
  from: RegExp;
  to: string;
}

const ASSIGN: Rule = { from: /^(\??)[ \t]*(\+?=)[ \t]*$/, to: "$1 $2 " };
const COLON: Rule = { from: /^(\??)[ \t]*:[ \t]*$/, to: "$1: " };
const ARROW: Rule = { from: /^[ \t]*=>[ \t]*$/, to: " => " };
const COMMA: Rule = { from: /^[ \t]*,[ \t]*$/, to: ", " };
const OPERATOR: Rule = { from: /^[ \t]*(\?\?|\|\||&&|[=!<>]=|!?~=|[<>+\-*/%])[ \t]*$/, to: " $1 " };
const QUESTION: Rule = { from: /^[ \t]*\?[ \t]*$/, to: " ? " };
const ELSE_COLON: Rule = { from: /^[ \t]*:[ \t]*$/, to: " : " };
const PIPE: Rule = { from: /^[ \t]*\|[ \t]*$/, to: " | " };
const WORD: Rule = { from: /^[ \t]*([a-z]+)[ \t]*$/, to: " $1 " };
const SPACE: Rule = { from: /^[ \t]*$/, to: " " };
const KEYWORD: Rule = { from: /^([ \t]*\/?[a-z]+)[ \t]*$/, to: "$1 " };
const NOTHING: Rule = { from: /^[ \t]+$/, to: "" };
const EQUALS: Rule = { from: /^[ \t]*=[ \t]*$/, to: " = " };
/** `import {`, `} from `, `guard privileged before `: words and braces, one space between them. */
const WORDS: Rule[] = [
  { from: /^(\/?[a-z]+)[ \t]+$/, to: "$1 " },
  { from: /^(\/?[a-z]+)[ \t]+([a-z]+)[ \t]+$/, to: "$1 $2 " },
  { from: /^(\/?[a-z]+)[ \t]+([a-z]+)[ \t]+([a-z]+)[ \t]+$/, to: "$1 $2 $3 " },
];

/** Changes of the spaces within lines, by the rules of each kind of node. */
export function spacing(file: File): TextChange[] {
  const changes: TextChange[] = [];
  const { text } = file;
  const between = (start: number, end: number, ...rules: Rule[]) => {
    // Some nodes end behind the space after them.
    while (text[start - 1] === " " || text[start - 1] === "\t") start--;
    const gap = text.slice(start, end);
    for (const { from, to } of rules) {
      if (!from.test(gap)) continue;
      const newText = gap.replace(from, to);
      if (newText !== gap) changes.push({ start, end, newText });
      return;
    }
  };
  /** Inside brackets: `padding` at both ends, `separator` between the members. */
  const bracketed = (open: number, close: number, members: Span[], padding: Rule, separator: Rule) => {
    const [first] = members;
    const last = members.at(-1);
    if (!first || !last) return;
    between(open, first.start, padding);
    for (let i = 1; i < members.length; i++) between(members[i - 1]!.end, members[i]!.start, separator);
    between(last.end, close, padding);
  };

  const visit = (node: Node) => {
    switch (node.kind) {
      case "Template":
      case "Prose":
      case "Fence":
      case "CommandExpression":
      case "CodeExpression":
      case "FileReference":
        return;
      case "VarStatement":
      case "LetStatement":
      case "AuthStatement":
      case "PolicyStatement":
        between(node.start, node.name.start, KEYWORD);
        between(node.name.end, node.value.start, ASSIGN);
        break;
      case "AssignStatement":
        between(node.target.end, node.value.start, ASSIGN);
        break;
      case "ExeStatement": {
        between(node.start, node.name.start, KEYWORD);
        const { parameters } = node;
        if (parameters && parameters.length > 0) {
          between(node.name.end, parameters[0]!.start, { from: /^\([ \t]*$/, to: "(" });
          for (let i = 1; i < parameters.length; i++) between(parameters[i - 1]!.end, parameters[i]!.start, COMMA);
          between(parameters.at(-1)!.end, node.body.start, { from: /^[ \t]*\)[ \t]*=[ \t]*$/, to: ") = " });
        } else
          between(node.name.end, node.body.start, {
            from: /^((?:\.[a-z.]+)?)[ \t]*(\([ \t]*\))?[ \t]*=[ \t]*$/,
            to: "$1$2 = ",
          });
        break;
      }
      case "Property":
        if (node.value) between(node.key.end, node.value.start, COLON);
        break;
      case "ObjectExpression":
        if (text[node.start] === "{") bracketed(node.start + 1, node.end - 1, node.properties, SPACE, COMMA);
        break;
      case "WithClause": {
        const open = text.indexOf("{", node.start);
        between(node.start, open, KEYWORD);
        bracketed(open + 1, node.end - 1, node.properties, SPACE, COMMA);
        break;
      }
      case "ArrayExpression":
        bracketed(node.start + 1, node.end - 1, node.elements, NOTHING, COMMA);
        break;
      case "CallExpression":
        bracketed(text.indexOf("(", node.callee.end) + 1, node.end - 1, node.arguments, NOTHING, COMMA);
        break;
      case "NeedsStatement":
      case "ProfilesStatement":
        between(node.start, text.indexOf("{", node.start), KEYWORD);
        break;
      case "Block":
        if (node.statements.length > 0) {
          between(node.start + 1, node.statements[0]!.start, SPACE);
          between(node.statements.at(-1)!.end, node.end - 1, SPACE);
        }
        break;
      case "WhenEntry":
        between(node.condition.end, node.action.start, ARROW);
        break;
      case "ReturnStatement":
        if (node.value) between(node.start + 2, node.value.start, SPACE);
        break;
      case "BinaryExpression":
        between(node.left.end, node.right.start, OPERATOR);
        break;
      case "ConditionalExpression":
        between(node.condition.end, node.then.start, QUESTION);
        between(node.then.end, node.else.start, ELSE_COLON);
        break;
      case "Pipeline":
        if (!node.condensed) pipes(node.source ? [node.source, ...node.stages] : node.stages, between);
        break;
      case "EnvExpression": {
        const parts = [node.config, node.with, node.body].filter(part => part !== null);
        between(node.start + node.keyword.length, parts[0]!.start, SPACE);
        for (let i = 1; i < parts.length; i++) between(parts[i - 1]!.end, parts[i]!.start, SPACE, WORD);
        break;
      }
      case "ForExpression": {
        const first = node.key ?? node.variable;
        between(node.start, (node.parallel ?? first).start, KEYWORD);
        if (node.parallel) between(node.parallel.end, first.start, SPACE);
        if (node.key) between(node.key.end, node.variable.start, COMMA);
        between(node.variable.end, node.source.start, WORD);
        if (node.filter) between(node.source.end, node.filter.start, WORD);
        between((node.filter ?? node.source).end, node.body.start, ARROW, SPACE);
        break;
      }
      case "GuardStatement":
        if (node.name) between(node.start, node.name.start, ...WORDS);
        between(node.name?.end ?? node.start, node.filter.start, node.name ? WORD : KEYWORD, ...WORDS);
        between(node.filter.end, node.rules.start, EQUALS);
        break;
      case "ImportStatement":
      case "ExportStatement": {
        const specifiers = node.specifiers ?? [];
        const [first] = specifiers;
        const last = specifiers.at(-1);
        if (!first || !last) break;
        between(node.start, first.start, { from: /^(\/?[a-z]+)[ \t]*\{[ \t]*$/, to: "$1 { " });
        for (let i = 1; i < specifiers.length; i++) between(specifiers[i - 1]!.end, specifiers[i]!.start, COMMA);
        if (node.kind === "ImportStatement")
          between(last.end, node.source.start, { from: /^[ \t]*\}[ \t]*from[ \t]*$/, to: " } from " });
        else between(last.end, node.end, { from: /^[ \t]*\}$/, to: " }" });
        break;
      }
      case "ShowStatement":
        if (node.labels.length === 0) between(node.start, node.value.start, KEYWORD);
        break;
      case "LogStatement":
      case "StreamStatement":
        if (node.source) between(node.start, node.source.start, KEYWORD);
        break;
      case "OutputStatement":
      case "AppendStatement":
        if (node.source) {
          between(node.start, node.source.start, KEYWORD);
          between(node.source.end, node.target.start, WORD);
        }
        break;
      case "IfStatement":
        between(node.start, node.condition.start, KEYWORD);
        between(node.condition.end, node.then.start, SPACE);
        if (node.else) between(node.then.end, node.else.start, WORD);
        break;
      default:
        break;
    }
    children(node).forEach(visit);
  };
  visit(file);
  return changes;
}

function pipes(parts: Span[], between: (start: number, end: number, ...rules: Rule[]) => void): void {
  for (let i = 1; i < parts.length; i++) between(parts[i - 1]!.end, parts[i]!.start, PIPE);
}
