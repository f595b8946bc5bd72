import type { Feature } from "../context";
import { actions } from "./actions";
import { completion } from "./completion";
import { diagnostics } from "./diagnostics";
import { fileRenames } from "./file-renames";
import { formatting } from "./formatting";
import { hover } from "./hover";
import { lenses } from "./lenses";
import { documentLinks } from "./links";
import { navigation } from "./navigation";
import { semanticTokens } from "./semantic-tokens";
import { signatureHelp } from "./signature-help";
import { structure } from "./structure";
import { workspaceSymbols } from "./workspace-symbols";

/** Everything the server serves; `docs/lsp.md` lists the same. */
export const FEATURES: Feature[] = [
  diagnostics,
  completion,
  hover,
  signatureHelp,
  navigation,
  structure,
  workspaceSymbols,
  semanticTokens,
  lenses,
  documentLinks,
  actions,
  formatting,
  fileRenames,
];
