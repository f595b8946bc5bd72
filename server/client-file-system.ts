import {
  LIST_FOLDER_REQUEST,
  type ListFolderResult,
  READ_FILE_REQUEST,
  type ReadFileResult,
} from "../protocol/requests";
import type { FileSystem } from "./file-system";

/** What of a connection this needs. */
interface Requester {
  sendRequest(method: string, params: unknown): Promise<unknown>;
}

/**
 * The files as the client sees them, for a server without a disk of its own. The client is asked only for files of the scheme and
 * authority of a workspace folder.
 */
export function clientFileSystem(connection: Requester, origins: () => string[]): FileSystem {
  const allows = (uri: string) => origins().includes(origin(uri));
  return {
    home: "",
    allows,
    read: async uri =>
      allows(uri) ? ((await connection.sendRequest(READ_FILE_REQUEST, { uri })) as ReadFileResult).text : null,
    list: async uri =>
      allows(uri) ? ((await connection.sendRequest(LIST_FOLDER_REQUEST, { uri })) as ListFolderResult).entries : null,
  };
}

/** `scheme://authority` of a URI; for `file:` nothing but the empty authority counts. */
export function origin(uri: string): string {
  return /^[a-z][a-z0-9+.-]*:(\/\/[^/]*)?/i.exec(uri)?.[0].toLowerCase() ?? "";
}
