/** Tar archives of one entry: how a folder or file gets into a container that doesn't run yet. */

/** An empty folder of mode 0700. The path is absolute inside the container; the archive is meant for its root. */
export function folderArchive(path: string, uid: number, gid: number): Buffer {
  return Buffer.concat([entryHeader(`${path.replace(/^\//, "")}/`, "5", 0, 0o700, uid, gid), END]);
}

/** A file that belongs to root. */
export function fileArchive(path: string, content: Buffer, mode: number): Buffer {
  const padding = Buffer.alloc((512 - (content.length % 512)) % 512);
  return Buffer.concat([entryHeader(path, "0", content.length, mode, 0, 0), content, padding, END]);
}

const END = Buffer.alloc(1024);

function entryHeader(path: string, type: string, size: number, mode: number, uid: number, gid: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, "0") + "\0";
  header.write(path, 0, "latin1");
  header.write(octal(mode, 8), 100, "latin1");
  header.write(octal(uid, 8), 108, "latin1");
  header.write(octal(gid, 8), 116, "latin1");
  header.write(octal(size, 12), 124, "latin1");
  header.write(octal(0, 12), 136, "latin1");
  header.write(type, 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  // The checksum counts its own field as spaces.
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(octal(sum, 7) + " ", 148, "latin1");
  return header;
}
