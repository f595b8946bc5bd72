// Who may import whom. A rule here is a rule of the architecture: see CONTRIBUTING.md.
const only = (name, to, except, comment) => ({
  name,
  severity: "error",
  comment,
  from: { pathNot: [...except, "^test/", "^bench/", "^scripts/", "^tools/", "^node_modules/"] },
  to: { path: to },
});

const layer = (name, allowed) => ({
  name: `${name}-imports`,
  severity: "error",
  comment: `${name}/ may import only ${allowed.join(", ")} of ours`,
  from: { path: `^${name}/` },
  to: {
    path: "^(language|protocol|runtime|server|client|cli|scripts|test|bench|tools)/",
    pathNot: allowed.map(a => `^${a}/`),
  },
});

module.exports = {
  forbidden: [
    {
      name: "no-cycles",
      severity: "error",
      comment:
        "A recursive-descent parser and an evaluator are mutually recursive within their folder; nothing else is, not even by types.",
      from: { pathNot: "^(language/syntax|runtime/evaluator)/" },
      to: { circular: true },
    },
    {
      name: "no-cycles-out-of-the-folder",
      severity: "error",
      from: { path: "^(language/syntax|runtime/evaluator)/" },
      to: {
        circular: true,
        viaOnly: { dependencyTypesNot: ["type-only"] },
        via: { pathNot: "^(language/syntax|runtime/evaluator)/" },
      },
    },
    { name: "no-unresolved", severity: "error", from: {}, to: { couldNotResolve: true, pathNot: "^vscode$" } },
    layer("language", ["language"]),
    layer("protocol", ["protocol", "language"]),
    layer("runtime", ["runtime", "protocol", "language"]),
    layer("server", ["server", "protocol", "language"]),
    layer("client", ["client", "protocol"]),
    layer("cli", ["cli", "runtime", "server", "protocol", "language"]),
    {
      name: "language-is-pure",
      severity: "error",
      comment: "language/ does no I/O: it runs in a web worker too",
      from: { path: "^language/" },
      to: { dependencyTypes: ["core"] },
    },
    {
      name: "protocol-types-from-language",
      severity: "error",
      comment: "protocol/ takes only types from language/",
      from: { path: "^protocol/" },
      to: { path: "^language/", dependencyTypesNot: ["type-only"] },
    },
    only("vscode-in-client", "^vscode$", ["^client/"], "only client/ imports vscode"),
    only(
      "lsp-in-server-and-client",
      "vscode-language(server|client)",
      ["^client/", "^server/"],
      "the language layer knows no LSP types",
    ),
    only(
      "dockerode-in-docker",
      "node_modules/(dockerode|docker-modem)/",
      ["^runtime/providers/docker/"],
      "the extension host never loads dockerode",
    ),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "(^|/)(dist|out)/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: {
      exportsFields: ["exports"],
      conditionNames: ["node", "browser", "import", "require", "types", "default"],
      extensions: [".ts", ".mts", ".mjs", ".cjs", ".js", ".json"],
    },
  },
};
