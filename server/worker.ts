import { BrowserMessageReader, BrowserMessageWriter, createConnection } from "vscode-languageserver/browser";
import { clientFileSystem, origin } from "./client-file-system";
import { serve } from "./server";

/** The program of a web worker. It has no disk: the client reads files for it. */
declare const self: ConstructorParameters<typeof BrowserMessageReader>[0];

const connection = createConnection(new BrowserMessageReader(self), new BrowserMessageWriter(self));
serve(connection, folders => clientFileSystem(connection, () => folders().map(origin)));
connection.listen();
