/** Programs of the corpus that print something else here, and why. */
export const KNOWN_DIFFERENCES: Record<string, string> = {
  "feat/html-conversion/basic-article": "lists of an article are kept; mlld's extraction drops some of them",
  "feat/html-conversion/readability-extraction": "lists of an article are kept, bylines are not set in italics",
  "feat/strict-mode/import-triple-colon-template":
    "a template is filled in where it is written, not with the names of the file that imports it",
  "integration/pipeline/mx-hint-multistage-mixed-hints":
    "a pipe after `with { … }` is a stage, not text that is printed",
  "slash/exe/command-substitution-interactive": "written for standard streams that are terminals",
  "slash/exe/exe-node-shadow-env-always-created": "every node block is a process of its own in the environment",
  "slash/import/namespace-json": "imports a file that the corpus does not hold",
};
