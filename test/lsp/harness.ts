import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { PassThrough } from "node:stream";
import { pathToFileURL } from "node:url";
import {
  type ClientCapabilities,
  ConfigurationRequest,
  createProtocolConnection,
  type Diagnostic,
  type InitializeResult,
  LogMessageNotification,
  type Position,
  type ProtocolConnection,
  type PublishDiagnosticsParams,
  type Range,
  RegistrationRequest,
  StreamMessageReader,
  StreamMessageWriter,
  type TextEdit,
  type WorkspaceEdit,
} from "vscode-languageserver/node";
import { LineMap } from "../../language/syntax";
import { startOn } from "../../server/stdio";

/** The cursor in a marked text. */
const CURSOR = "‸";
const RANGE = /«([\s\S]*?)»/;

export interface Marked {
  text: string;
  cursor: Position;
  /** The text between `«` and `»`, else empty at the cursor. */
  range: Range;
}

/** Takes the cursor `‸` or the range `«…»` out of a text. */
export function marked(source: string): Marked {
  const open = source.indexOf("«");
  const plain = source.replace(RANGE, "$1");
  const at = plain.indexOf(CURSOR);
  const text = plain.replace(CURSOR, "");
  const lines = new LineMap(text);
  const start = open >= 0 ? open : Math.max(at, 0);
  const length = open >= 0 ? RANGE.exec(source)![1]!.length : 0;
  return {
    text,
    cursor: lines.positionAt(Math.max(at, 0)),
    range: { start: lines.positionAt(start), end: lines.positionAt(start + length) },
  };
}

/** The text after the edits, as an editor would make it. */
export function edited(text: string, edits: TextEdit[]): string {
  const lines = new LineMap(text);
  const sorted = edits
    .map(edit => ({
      start: lines.offsetAt(edit.range.start),
      end: lines.offsetAt(edit.range.end),
      newText: edit.newText,
    }))
    .sort((a, b) => b.start - a.start || b.end - a.end);
  let before = Number.POSITIVE_INFINITY;
  for (const { start, end, newText } of sorted) {
    if (end > before) throw new Error("edits overlap");
    text = text.slice(0, start) + newText + text.slice(end);
    before = start;
  }
  return text;
}

/** What a range covers. */
export function covered(text: string, range: Range): string {
  const lines = new LineMap(text);
  return text.slice(lines.offsetAt(range.start), lines.offsetAt(range.end));
}

export interface SessionOptions {
  /** Files on disk, by path below the workspace folder. */
  files?: Record<string, string>;
  capabilities?: ClientCapabilities;
  /** The section `mlldEnv`. */
  settings?: Record<string, unknown>;
  initializationOptions?: unknown;
  /** Folders of the workspace, below the temporary folder; the folder itself when empty. */
  folders?: string[];
}

const CAPABILITIES: ClientCapabilities = {
  workspace: {
    configuration: true,
    workspaceFolders: true,
    didChangeWatchedFiles: { dynamicRegistration: true },
    workspaceEdit: { documentChanges: true },
  },
  textDocument: {
    completion: { completionItem: { snippetSupport: true, documentationFormat: ["markdown"] } },
    hover: { contentFormat: ["markdown"] },
    documentSymbol: { hierarchicalDocumentSymbolSupport: true },
    codeAction: { codeActionLiteralSupport: { codeActionKind: { valueSet: ["quickfix", "source.fixAll"] } } },
    rename: { prepareSupport: true },
    publishDiagnostics: { relatedInformation: true },
  },
};

/** A client and a server in this process, joined by two streams. */
export class Session {
  readonly folder = mkdtempSync(join(tmpdir(), "mlld-env-lsp-"));
  readonly logged: string[] = [];
  readonly published: PublishDiagnosticsParams[] = [];
  readonly initialized: InitializeResult;
  settings: Record<string, unknown>;
  readonly ended: Promise<number>;
  private readonly texts = new Map<string, { version: number; text: string }>();
  private waiting: (() => void)[] = [];

  static async start(options: SessionOptions = {}): Promise<Session> {
    const toServer = new PassThrough();
    const toClient = new PassThrough();
    const ended = startOn(toServer, toClient);
    const client = createProtocolConnection(new StreamMessageReader(toClient), new StreamMessageWriter(toServer));
    const session = new Session(client, ended, options);
    await session.begin(options);
    return session;
  }

  private constructor(
    readonly client: ProtocolConnection,
    ended: Promise<number>,
    options: SessionOptions,
  ) {
    this.ended = ended;
    this.settings = options.settings ?? {};
    this.initialized = { capabilities: {} };
    for (const [path, text] of Object.entries(options.files ?? {})) this.write(path, text);
    client.onNotification("textDocument/publishDiagnostics", (params: PublishDiagnosticsParams) => {
      this.published.push(params);
      for (const wake of this.waiting.splice(0)) wake();
    });
    client.onNotification(LogMessageNotification.type, ({ message }) => void this.logged.push(message));
    client.onRequest(RegistrationRequest.type, () => {});
    client.onRequest(ConfigurationRequest.type, ({ items }) => items.map(() => this.settings));
    client.listen();
  }

  private async begin(options: SessionOptions): Promise<void> {
    const folders = (options.folders ?? [""]).map(name => ({
      uri: this.uri(name).replace(/\/$/, ""),
      name: name || "workspace",
    }));
    Object.assign(
      this.initialized,
      await this.client.sendRequest<InitializeResult>("initialize", {
        processId: null,
        rootUri: folders[0]?.uri ?? null,
        workspaceFolders: folders,
        capabilities: options.capabilities ?? CAPABILITIES,
        initializationOptions: options.initializationOptions,
      }),
    );
    await this.client.sendNotification("initialized", {});
  }

  uri(path: string): string {
    return path.includes(":") ? path : pathToFileURL(join(this.folder, path)).href;
  }

  write(path: string, text: string): void {
    const file = join(this.folder, path);
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, text);
  }

  async open(path: string, text: string): Promise<void> {
    this.texts.set(path, { version: 1, text });
    await this.client.sendNotification("textDocument/didOpen", {
      textDocument: { uri: this.uri(path), languageId: "mlld", version: 1, text },
    });
  }

  /** Replaces the whole text. */
  async change(path: string, text: string): Promise<void> {
    const document = this.texts.get(path)!;
    document.version++;
    document.text = text;
    await this.client.sendNotification("textDocument/didChange", {
      textDocument: { uri: this.uri(path), version: document.version },
      contentChanges: [{ text }],
    });
  }

  async type(path: string, range: Range, text: string): Promise<void> {
    const document = this.texts.get(path)!;
    document.version++;
    document.text = edited(document.text, [{ range, newText: text }]);
    await this.client.sendNotification("textDocument/didChange", {
      textDocument: { uri: this.uri(path), version: document.version },
      contentChanges: [{ range, text }],
    });
  }

  async close(path: string): Promise<void> {
    this.texts.delete(path);
    await this.client.sendNotification("textDocument/didClose", { textDocument: { uri: this.uri(path) } });
  }

  /** The text of an open document. */
  text(path: string): string {
    return this.texts.get(path)!.text;
  }

  /** Asks about a document. */
  ask<R>(method: string, path: string, params: object = {}): Promise<R> {
    return this.client.sendRequest<R>(method, { textDocument: { uri: this.uri(path) }, ...params });
  }

  /** Waits for diagnostics of a file that satisfy a condition; of the newest version, where the file is open. */
  async diagnostics(path: string, until: (diagnostics: Diagnostic[]) => boolean = () => true): Promise<Diagnostic[]> {
    const uri = this.uri(path);
    const deadline = Date.now() + 5000;
    for (;;) {
      const last = this.published.filter(params => params.uri === uri).at(-1);
      const current =
        last && (last.version === undefined || last.version === (this.texts.get(path)?.version ?? last.version));
      if (current && until(last.diagnostics)) return last.diagnostics;
      if (Date.now() > deadline)
        throw new Error(
          `no such diagnostics of ${path}; the last were ${JSON.stringify(last?.diagnostics.map(({ code, message }) => ({ code, message })))}`,
        );
      await new Promise<void>(resolve => {
        this.waiting.push(resolve);
        setTimeout(resolve, 100);
      });
    }
  }

  /** The text of a file after a workspace edit. */
  after(path: string, edit: WorkspaceEdit, before = this.text(path)): string {
    return edited(before, edit.changes?.[this.uri(path)] ?? []);
  }

  async stop(): Promise<void> {
    await this.client.sendRequest("shutdown");
    await this.client.sendNotification("exit");
    await this.ended;
    this.client.dispose();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
