import { PassThrough } from "node:stream";
import { afterEach, describe, expect, it } from "vitest";
import { ResponseError } from "vscode-languageserver/node";
import { nodeFileSystem } from "../../server/node-file-system";
import { startOn } from "../../server/stdio";
import { Session } from "./harness";

let session: Session | undefined;
afterEach(async () => {
  await session?.stop();
  session = undefined;
});

describe("the life of the server", () => {
  it("says what it serves", async () => {
    session = await Session.start();
    const { capabilities } = session.initialized;
    expect(Object.keys(capabilities)).toEqual(
      expect.arrayContaining([
        "codeActionProvider",
        "codeLensProvider",
        "completionProvider",
        "definitionProvider",
        "documentFormattingProvider",
        "documentHighlightProvider",
        "documentLinkProvider",
        "documentRangeFormattingProvider",
        "documentSymbolProvider",
        "foldingRangeProvider",
        "hoverProvider",
        "inlayHintProvider",
        "referencesProvider",
        "renameProvider",
        "selectionRangeProvider",
        "semanticTokensProvider",
        "signatureHelpProvider",
        "workspaceSymbolProvider",
      ]),
    );
    expect(capabilities.workspace?.fileOperations?.willRename).toBeDefined();
  });

  it("ends with 0 after shutdown and exit", async () => {
    const own = await Session.start();
    await own.stop();
    expect(await own.ended).toBe(0);
  });

  it("refuses what comes after shutdown", async () => {
    session = await Session.start();
    await session.open("a.mld", "var @x = 1\n");
    await session.client.sendRequest("shutdown");
    await expect(session.ask("textDocument/documentSymbol", "a.mld")).rejects.toMatchObject({ code: -32600 });
  });

  it("ends with 1 when the client is gone without a word", async () => {
    const input = new PassThrough();
    const ended = startOn(input, new PassThrough());
    input.end();
    expect(await ended).toBe(1);
  });

  it("answers a malformed request with an error, logs it and goes on", async () => {
    session = await Session.start();
    await session.open("a.mld", "var @x = 1\n");
    await expect(session.client.sendRequest("textDocument/hover", { nonsense: true })).rejects.toBeInstanceOf(
      ResponseError,
    );
    await expect(
      session.client.sendRequest("textDocument/hover", { textDocument: { uri: session.uri("a.mld") }, position: null }),
    ).rejects.toBeInstanceOf(ResponseError);
    await expect(session.client.sendRequest("no/such/method", {})).rejects.toThrow(/Unhandled method/);
    expect(session.logged.join("\n")).toMatch(/textDocument\/hover failed/);
    expect(await session.ask("textDocument/foldingRange", "a.mld")).toEqual([]);
  });

  it("answers requests about unknown documents with nothing", async () => {
    session = await Session.start();
    expect(await session.ask("textDocument/hover", "missing.mld", { position: { line: 0, character: 0 } })).toBeNull();
    expect(await session.ask("textDocument/documentSymbol", "missing.mld")).toEqual([]);
  });

  it("answers a cancelled request as cancelled", async () => {
    const files = Object.fromEntries(
      Array.from({ length: 60 }, (_, i) => [`f${i}.mld`, `var @name${i} = 1\nexe @use${i}() = [ => @name${i} ]\n`]),
    );
    session = await Session.start({ files });
    const { CancellationTokenSource } = await import("vscode-languageserver/node");
    const source = new CancellationTokenSource();
    const answer = session.client.sendRequest("workspace/symbol", { query: "" }, source.token);
    source.cancel();
    await expect(answer).rejects.toMatchObject({ code: -32800 });
  });
});

describe("files", () => {
  it.each([
    "file://server/share/a.mld",
    "file:////server/share/a.mld",
    "file:///%2Fserver/share/a.mld",
    "https://example.com/a.mld",
    "untitled:a",
    "not a uri",
  ])("never opens %s", async uri => {
    expect(nodeFileSystem.allows(uri)).toBe(false);
    expect(await nodeFileSystem.read(uri)).toBeNull();
    expect(await nodeFileSystem.list(uri)).toBeNull();
  });

  it("may be named, for a moment, with half of a character", async () => {
    session = await Session.start();
    const text = 'import { @a } from "./\uD83D.mld"\nshow <./\uD83D.md>\n';
    await session.open("a.mld", text);
    expect(await session.diagnostics("a.mld")).toMatchObject([{ code: "name/import-missing" }]);
    expect(await session.ask("textDocument/documentLink", "a.mld")).toEqual([]);
    expect(session.logged).toEqual([]);
  });

  it("does not read devices", async () => {
    expect(await nodeFileSystem.read("file:///dev/zero")).toBeNull();
  });
});
