/** How the server reads the world outside the open documents: from the disk under Node, through the client in a web worker. */
export interface FileSystem {
  /** The user's home folder as a URI; empty where there is none. */
  readonly home: string;
  /** Whether a URI is one that this file system may touch at all. UNC paths, URLs and foreign schemes never are. */
  allows(uri: string): boolean;
  /** The text of a file; `null` when it is missing, unreadable, no regular file, not text or larger than `MAX_FILE_BYTES`. */
  read(uri: string): Promise<string | null>;
  /** The entries of a folder; `null` when it is no folder that can be listed. */
  list(uri: string): Promise<FolderEntry[] | null>;
}

export interface FolderEntry {
  name: string;
  folder: boolean;
}

/** Larger files are treated as unreadable: nobody edits an mlld file of that size, and the parser must answer while typing. */
export const MAX_FILE_BYTES = 8 * 1024 * 1024;
