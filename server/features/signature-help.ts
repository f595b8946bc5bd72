import type { Position, SignatureHelp } from "vscode-languageserver";
import { signatureAt } from "../../language/features/signature";
import { type Feature, onDocument } from "../context";

/** The parameters of the call that is being typed. */
export const signatureHelp: Feature = {
  capabilities: () => ({ signatureHelpProvider: { triggerCharacters: ["(", ","] } }),

  register(context) {
    context.connection.onSignatureHelp(
      onDocument<{ textDocument: { uri: string }; position: Position }, SignatureHelp | null>(
        context,
        "textDocument/signatureHelp",
        null,
        ({ analysis, positions }, { position }) => {
          const signature = signatureAt(analysis, positions.offsetAt(position));
          if (!signature) return null;
          const { label, parameters, active, doc } = signature;
          return {
            signatures: [
              {
                label,
                parameters: parameters.map(parameter => ({ label: parameter })),
                ...(doc && { documentation: { kind: "markdown", value: doc } }),
              },
            ],
            activeSignature: 0,
            activeParameter: active,
          };
        },
      ),
    );
  },
};
