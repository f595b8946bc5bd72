import {
  type CodeAction,
  CodeActionKind,
  type CodeActionParams,
  type Command,
  type Diagnostic,
} from "vscode-languageserver";
import type { Edit, Finding } from "../../language/diagnostics";
import { fixAll, suppression } from "../../language/features/fixes";
import { overlaps } from "../../language/features/span";
import { type Context, type Feature, onDocument } from "../context";
import { diagnosticOf, workspaceEditOf } from "../convert";
import type { Checked } from "../workspace";

const FIX_ALL = `${CodeActionKind.SourceFixAll}.mlld-env`;

/** Quick fixes of findings, suppression by a comment, and all preferred fixes at once. */
export const actions: Feature = {
  capabilities: client => ({
    codeActionProvider: client.literalActions ? { codeActionKinds: [CodeActionKind.QuickFix, FIX_ALL] } : false,
  }),

  register(context) {
    context.connection.onCodeAction(
      onDocument<CodeActionParams, (CodeAction | Command)[]>(
        context,
        "textDocument/codeAction",
        [],
        (checked, { range, context: { only } }) => {
          const { positions, findings, analysis } = checked;
          const span = { start: positions.offsetAt(range.start), end: positions.offsetAt(range.end) };
          const wanted = (kind: string) => !only || only.some(asked => kind === asked || kind.startsWith(`${asked}.`));
          const found: CodeAction[] = [];
          if (wanted(CodeActionKind.QuickFix)) {
            const here = findings.filter(finding => overlaps(finding.place, span));
            for (const finding of here) found.push(...fixes(context, checked, finding));
            for (const finding of here) {
              const edit = suppression(analysis.file, finding);
              if (edit)
                found.push(
                  action(
                    context,
                    checked,
                    finding,
                    `Ignore ${finding.code} here`,
                    [edit].map(one => ({ place: { uri: checked.uri, ...one }, newText: one.newText })),
                  ),
                );
            }
          }
          if (wanted(FIX_ALL)) {
            const edits = fixAll(findings);
            const edit = edits.length > 0 ? workspaceEditOf(context.workspace, edits) : null;
            if (edit) found.push({ title: "Fix all mlld Env problems", kind: FIX_ALL, edit });
          }
          return found.filter(one => one.edit !== undefined);
        },
      ),
    );
  },
};

function fixes(context: Context, checked: Checked, finding: Finding): CodeAction[] {
  return finding.fixes.map(({ title, edits, preferred }) => action(context, checked, finding, title, edits, preferred));
}

function action(
  context: Context,
  { positions }: Checked,
  finding: Finding,
  title: string,
  edits: Edit[],
  preferred?: boolean,
): CodeAction {
  const edit = workspaceEditOf(context.workspace, edits);
  const diagnostics: Diagnostic[] = [
    diagnosticOf(context.workspace, positions, finding, context.options.diagnosticPages),
  ];
  return {
    title,
    kind: CodeActionKind.QuickFix,
    diagnostics,
    ...(edit && { edit }),
    ...(preferred && { isPreferred: true }),
  };
}
