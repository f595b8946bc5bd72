import { renameSync, rmSync } from "node:fs";
import { afterEach, describe, expect, it } from "vitest";
import type { Diagnostic, DocumentDiagnosticReport, WorkspaceDiagnosticReport } from "vscode-languageserver/node";
import { covered, Session } from "./harness";

let session: Session | undefined;
afterEach(async () => {
  await session?.stop();
  session = undefined;
});

const WIDER = `var @parent = { tools: ["Read"] }
env @parent with { tools: ["Read", "Bash"] } [
  show "x"
]
`;

const codes = (diagnostics: Diagnostic[]) => diagnostics.map(({ code }) => code);
const has = (code: string) => (diagnostics: Diagnostic[]) => codes(diagnostics).includes(code);
const PULL = { workspace: { configuration: true }, textDocument: { diagnostic: {} } };

describe("pushed diagnostics", () => {
  it("carry code, source, range and the parent's place", async () => {
    session = await Session.start();
    await session.open("a.mld", WIDER);
    const [diagnostic] = (await session.diagnostics("a.mld", has("env/tools-widened"))).filter(
      one => one.code === "env/tools-widened",
    );
    expect(diagnostic).toMatchObject({ severity: 1, source: "mlld-env" });
    expect(covered(WIDER, diagnostic!.range)).toBe('"Bash"');
    const [related] = diagnostic!.relatedInformation!;
    expect(related!.location.uri).toBe(session.uri("a.mld"));
    expect(related!.location.range.start.line).toBe(0);
  });

  it("follow the text", async () => {
    session = await Session.start();
    await session.open("a.mld", WIDER);
    await session.diagnostics("a.mld", has("env/tools-widened"));
    await session.change("a.mld", WIDER.replace(', "Bash"', ""));
    expect(await session.diagnostics("a.mld")).toEqual([]);
    await session.change("a.mld", "var @x =\n");
    expect(
      codes(await session.diagnostics("a.mld", found => found.length > 0)).every(code =>
        String(code).startsWith("syntax/"),
      ),
    ).toBe(true);
  });

  it("come for closed files of the workspace, and follow the files on disk", async () => {
    session = await Session.start({ files: { "sub/b.mld": WIDER, "node_modules/c.mld": WIDER } });
    await session.diagnostics("sub/b.mld", has("env/tools-widened"));
    session.write("sub/b.mld", "var @x = 1\n");
    await session.client.sendNotification("workspace/didChangeWatchedFiles", {
      changes: [{ uri: session.uri("sub/b.mld"), type: 2 }],
    });
    await session.diagnostics("sub/b.mld", found => found.length === 0);
    expect(session.published.some(({ uri }) => uri.includes("node_modules"))).toBe(false);
  });

  it("follow folders that go and come, data that is imported, and nothing of installed packages", async () => {
    const main = 'import { @a } from "./lib/b.mld"\nimport { @port } from "./conf.json"\nshow @a\nshow @port\n';
    session = await Session.start({
      files: { "main.mld": main, "lib/b.mld": "var @a = 1\n", "conf.json": '{ "port": 1 }' },
    });
    await session.open("main.mld", main);
    expect(await session.diagnostics("main.mld")).toEqual([]);
    const tell = (type: number, ...paths: string[]) =>
      session!.client.sendNotification("workspace/didChangeWatchedFiles", {
        changes: paths.map(path => ({ uri: session!.uri(path), type })),
      });
    renameSync(`${session.folder}/lib`, `${session.folder}/old`);
    await session.client.sendNotification("workspace/didRenameFiles", {
      files: [{ oldUri: session.uri("lib"), newUri: session.uri("old") }],
    });
    await session.diagnostics("main.mld", has("name/import-missing"));
    renameSync(`${session.folder}/old`, `${session.folder}/lib`);
    session.write("lib/c.mld", WIDER);
    await tell(1, "lib");
    await session.diagnostics("main.mld", found => found.length === 0);
    await session.diagnostics("lib/c.mld", has("env/tools-widened"));
    session.write("conf.json", '{ "host": 1 }');
    await tell(2, "conf.json");
    await session.diagnostics("main.mld", has("name/undefined"));
    session.write("node_modules/x/d.mld", WIDER);
    session.write("lib/c.mld", "var @x = 1\n");
    await tell(1, "node_modules", "node_modules/x/d.mld", "lib/c.mld");
    await session.diagnostics("lib/c.mld", found => found.length === 0);
    expect(session.published.some(({ uri }) => uri.includes("node_modules"))).toBe(false);
  });

  it("are withdrawn when a file is deleted", async () => {
    session = await Session.start({ files: { "b.mld": WIDER } });
    await session.diagnostics("b.mld", has("env/tools-widened"));
    rmSync(`${session.folder}/b.mld`);
    await session.client.sendNotification("workspace/didChangeWatchedFiles", {
      changes: [{ uri: session.uri("b.mld"), type: 3 }],
    });
    await session.diagnostics("b.mld", found => found.length === 0);
  });

  it("of an importer follow what it imports, in the editor and on disk", async () => {
    const lib = (tools: string) => `var @parent = { tools: [${tools}] }\nexport { @parent }\n`;
    const main = 'import { @parent } from "./lib.mld"\nenv @parent with { tools: ["Bash"] } [\n  show "x"\n]\n';
    session = await Session.start({ files: { "lib.mld": lib('"Bash"'), "main.mld": main } });
    await session.open("main.mld", main);
    expect(await session.diagnostics("main.mld")).toEqual([]);
    await session.open("lib.mld", lib('"Bash"'));
    await session.change("lib.mld", lib('"Read"'));
    const [diagnostic] = await session.diagnostics("main.mld", has("env/tools-widened"));
    expect(diagnostic!.relatedInformation!.map(({ location }) => location.uri)).toContain(session.uri("lib.mld"));
  });

  it("load imports outside of the workspace folder", async () => {
    session = await Session.start({
      files: { "outside/lib.mld": 'var @parent = { tools: ["Read"] }\n', "inside/keep.mld": "var @x = 1\n" },
      folders: ["inside"],
    });
    await session.open(
      "inside/main.mld",
      'import { @parent } from "../outside/lib.mld"\nenv @parent with { tools: ["Bash"] } [\n  show "x"\n]\n',
    );
    await session.diagnostics("inside/main.mld", has("env/tools-widened"));
  });

  it("are the same after closing a file that is on disk, and gone for one that is not", async () => {
    session = await Session.start({ files: { "a.mld": WIDER } });
    await session.open("a.mld", "var @x = 1\n");
    expect(await session.diagnostics("a.mld")).toEqual([]);
    await session.close("a.mld");
    await session.diagnostics("a.mld", has("env/tools-widened"));
    await session.open("untitled:new", WIDER);
    await session.diagnostics("untitled:new", has("env/tools-widened"));
    await session.close("untitled:new");
    await session.diagnostics("untitled:new", found => found.length === 0);
  });

  it("take severities from the settings, when they change too", async () => {
    session = await Session.start({ settings: { diagnostics: { severity: { "env/tools-widened": "warning" } } } });
    await session.open("a.mld", WIDER);
    await session.diagnostics("a.mld", found =>
      found.some(({ code, severity }) => code === "env/tools-widened" && severity === 2),
    );
    session.settings = { diagnostics: { severity: { "env/tools-widened": "off" } } };
    await session.client.sendNotification("workspace/didChangeConfiguration", { settings: null });
    await session.diagnostics("a.mld", found => !has("env/tools-widened")(found));
  });

  it("leave syntax to the official extension where it is active", async () => {
    session = await Session.start({ initializationOptions: { officialExtension: true } });
    await session.open("a.mld", `${WIDER}var @x =\n`);
    const found = await session.diagnostics("a.mld", has("env/tools-widened"));
    expect(codes(found).filter(code => String(code).startsWith("syntax/"))).toEqual([]);
  });

  it("link to the page of their code", async () => {
    session = await Session.start({ initializationOptions: { diagnosticPages: "file:///docs/diagnostics" } });
    await session.open("a.mld", WIDER);
    const found = await session.diagnostics("a.mld", has("env/tools-widened"));
    expect(found.map(one => one.codeDescription?.href)).toContain("file:///docs/diagnostics/env/tools-widened.md");
  });
});

describe("pulled diagnostics", () => {
  it("are never pushed as well", async () => {
    session = await Session.start({ capabilities: PULL, files: { "b.mld": WIDER } });
    expect(session.initialized.capabilities.diagnosticProvider).toMatchObject({
      workspaceDiagnostics: true,
      interFileDependencies: true,
    });
    await session.open("a.mld", WIDER);
    const report = await session.ask<DocumentDiagnosticReport>("textDocument/diagnostic", "a.mld");
    expect(report.kind === "full" && codes(report.items)).toContain("env/tools-widened");
    await session.client.sendRequest<WorkspaceDiagnosticReport>("workspace/diagnostic", { previousResultIds: [] });
    expect(session.published).toEqual([]);
  });

  it("are unchanged for the same id", async () => {
    session = await Session.start({ capabilities: PULL });
    await session.open("a.mld", WIDER);
    const first = await session.ask<DocumentDiagnosticReport>("textDocument/diagnostic", "a.mld");
    const second = await session.ask<DocumentDiagnosticReport>("textDocument/diagnostic", "a.mld", {
      previousResultId: first.resultId,
    });
    expect(second).toMatchObject({ kind: "unchanged", resultId: first.resultId });
    await session.change("a.mld", "var @x = 1\n");
    const third = await session.ask<DocumentDiagnosticReport>("textDocument/diagnostic", "a.mld", {
      previousResultId: first.resultId,
    });
    expect(third).toMatchObject({ kind: "full", items: [] });
  });

  it("cover the workspace, and tell which files are gone", async () => {
    session = await Session.start({ capabilities: PULL, files: { "a.mld": WIDER, "b.mld": "var @x = 1\n" } });
    const first = await session.client.sendRequest<WorkspaceDiagnosticReport>("workspace/diagnostic", {
      previousResultIds: [],
    });
    expect(first.items.map(({ uri }) => uri).sort()).toEqual([session.uri("a.mld"), session.uri("b.mld")]);
    const previousResultIds = first.items.map(({ uri, resultId }) => ({ uri, value: resultId! }));
    const again = await session.client.sendRequest<WorkspaceDiagnosticReport>("workspace/diagnostic", {
      previousResultIds,
    });
    expect(again.items.map(({ kind }) => kind)).toEqual(["unchanged", "unchanged"]);
    const gone = await session.client.sendRequest<WorkspaceDiagnosticReport>("workspace/diagnostic", {
      previousResultIds: [...previousResultIds, { uri: session.uri("gone.mld"), value: "1" }],
    });
    expect(gone.items.find(({ uri }) => uri === session!.uri("gone.mld"))).toMatchObject({ kind: "full", items: [] });
  });

  it("leave the workspace with the folder that holds their files", async () => {
    session = await Session.start({ capabilities: PULL, files: { "a.mld": WIDER, "sub/b.mld": WIDER } });
    const first = await session.client.sendRequest<WorkspaceDiagnosticReport>("workspace/diagnostic", {
      previousResultIds: [],
    });
    rmSync(`${session.folder}/sub`, { recursive: true });
    await session.client.sendNotification("workspace/didChangeWatchedFiles", {
      changes: [{ uri: session.uri("sub"), type: 3 }],
    });
    const after = await session.client.sendRequest<WorkspaceDiagnosticReport>("workspace/diagnostic", {
      previousResultIds: first.items.map(({ uri, resultId }) => ({ uri, value: resultId! })),
    });
    expect(after.items.map(({ uri, kind }) => [uri, kind])).toEqual([
      [session.uri("a.mld"), "unchanged"],
      [session.uri("sub/b.mld"), "full"],
    ]);
    expect(after.items[1]).toMatchObject({ items: [] });
  });
});

describe("several folders", () => {
  it("have settings of their own and come and go", async () => {
    session = await Session.start({ files: { "one/a.mld": WIDER, "two/b.mld": WIDER }, folders: ["one"] });
    await session.diagnostics("one/a.mld", has("env/tools-widened"));
    const two = { uri: session.uri("two"), name: "two" };
    await session.client.sendNotification("workspace/didChangeWorkspaceFolders", {
      event: { added: [two], removed: [] },
    });
    await session.diagnostics("two/b.mld", has("env/tools-widened"));
    await session.client.sendNotification("workspace/didChangeWorkspaceFolders", {
      event: { added: [], removed: [two] },
    });
    await session.diagnostics("two/b.mld", found => found.length === 0);
  });
});
