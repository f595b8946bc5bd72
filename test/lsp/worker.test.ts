import { PassThrough } from "node:stream";
import { describe, expect, it } from "vitest";
import { createConnection } from "vscode-languageserver";
import {
  createProtocolConnection,
  type Diagnostic,
  ProposedFeatures,
  type PublishDiagnosticsParams,
  StreamMessageReader,
  StreamMessageWriter,
} from "vscode-languageserver/node";
import { LIST_FOLDER_REQUEST, READ_FILE_REQUEST } from "../../protocol/requests";
import { clientFileSystem, origin } from "../../server/client-file-system";
import { serve } from "../../server/server";

const FOLDER = "vscode-vfs://github/owner/repo";
const FILES: Record<string, string> = {
  [`${FOLDER}/lib.mld`]: 'var @parent = { tools: ["Read"] }\n',
  [`${FOLDER}/sub/main.mld`]:
    'import { @parent } from "../lib.mld"\nenv @parent with { tools: ["Bash"] } [\n  show "x"\n]\n',
};

/** What is in a folder of `FILES`. */
function list(uri: string) {
  const names = new Map<string, boolean>();
  for (const file of Object.keys(FILES)) {
    if (!file.startsWith(`${uri}/`)) continue;
    const [first, ...rest] = file.slice(uri.length + 1).split("/");
    names.set(first!, rest.length > 0);
  }
  return names.size > 0 ? [...names].map(([name, folder]) => ({ name, folder })) : null;
}

describe("a server without a disk", () => {
  it("reads the workspace through the client, and asks for nothing else", async () => {
    const toServer = new PassThrough();
    const toClient = new PassThrough();
    const server = createConnection(
      logger => createProtocolConnection(new StreamMessageReader(toServer), new StreamMessageWriter(toClient), logger),
      { shutdownReceived: false, initialize: () => {}, exit: () => {} },
      ProposedFeatures.all,
    );
    serve(server, folders => clientFileSystem(server, () => folders().map(origin)));
    server.listen();

    const client = createProtocolConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
    const asked: string[] = [];
    const published = new Map<string, Diagnostic[]>();
    client.onRequest(READ_FILE_REQUEST, ({ uri }: { uri: string }) => {
      asked.push(uri);
      return { text: FILES[uri] ?? null };
    });
    client.onRequest(LIST_FOLDER_REQUEST, ({ uri }: { uri: string }) => {
      asked.push(uri);
      return { entries: list(uri) };
    });
    const found = new Promise<void>(resolve =>
      client.onNotification("textDocument/publishDiagnostics", ({ uri, diagnostics }: PublishDiagnosticsParams) => {
        published.set(uri, diagnostics);
        if (uri.endsWith("main.mld") && diagnostics.length > 0) resolve();
      }),
    );
    client.listen();
    await client.sendRequest("initialize", {
      processId: null,
      rootUri: null,
      workspaceFolders: [{ uri: FOLDER, name: "repo" }],
      capabilities: {},
    });
    await client.sendNotification("initialized", {});
    await client.sendNotification("textDocument/didOpen", {
      textDocument: {
        uri: `${FOLDER}/far.mld`,
        languageId: "mlld",
        version: 1,
        text: 'import { @x } from "https://example.com/x.mld"\n',
      },
    });
    await found;
    expect(published.get(`${FOLDER}/sub/main.mld`)!.map(({ code }) => code)).toContain("env/tools-widened");
    expect(asked.length).toBeGreaterThan(3);
    expect(asked.filter(uri => !uri.startsWith("vscode-vfs://github"))).toEqual([]);
    client.dispose();
    server.dispose();
  });
});
