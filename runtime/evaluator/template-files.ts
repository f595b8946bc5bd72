/** `template "f.att"` and templates of an imported folder. */
import { dirname } from "node:path";
import { modeOf, parse } from "../../language/syntax";
import type { TemplatePart } from "../../language/syntax/tree";
import type { Context } from "./context";
import { RunError } from "./errors";
import { pathFor } from "./files";
import { checkFileGrant } from "./grants";
import { Module } from "./module";
import { withTaint } from "./security";
import { render } from "./templates";
import { Value } from "./value";

/** Code of mlld that a template quotes (a fence of `mlld`) stays as it is; a fence of `mlld-run` is filled in. */
function literalFences(parts: readonly TemplatePart[], text: string): readonly TemplatePart[] {
  const fences = [...text.matchAll(/^```mlld[ \t]*\n[\s\S]*?^```/gm)].map(found => ({
    start: found.index,
    end: found.index + found[0].length,
  }));
  if (fences.length === 0) return parts;
  return parts.map(part => {
    const quoted = part.kind !== "Text" && fences.some(fence => fence.start <= part.start && part.end <= fence.end);
    return quoted ? { kind: "Text", start: part.start, end: part.end, value: text.slice(part.start, part.end) } : part;
  });
}

/** The text of a template file with the names of the scope put in. */
export async function renderTemplateFile(path: string, context: Context): Promise<Value> {
  const absolute = pathFor(path, context);
  await checkFileGrant(absolute, "read", context);
  const text = await context.run.services.files.read(absolute);
  if (text === null) throw new RunError(`Template file not found: ${path}`, "FileNotFound");
  const file = parse(text, modeOf(absolute) === "mtt" ? "mtt" : "att");
  const [statement] = file.statements;
  if (statement?.kind !== "ExpressionStatement" || statement.expression.kind !== "Template") return new Value(text);
  const module = new Module(absolute, dirname(absolute), file, false);
  const parts = literalFences(statement.expression.parts, text);
  const rendered = await render(parts, { ...context, module });
  // The line end of the file's last line is no part of the text.
  return new Value(rendered.text.replace(/\r?\n$/, ""), withTaint(rendered.security, ["src:template"]));
}
