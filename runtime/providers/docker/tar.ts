/** A tar archive of one folder: how a home of the right owner gets into a container that doesn't run yet. */

/** Mode 0700. The path is absolute inside the container; the archive is meant for its root. */
export function folderArchive(path: string, uid: number, gid: number): Buffer {
  const header = Buffer.alloc(512);
  const octal = (value: number, length: number) => value.toString(8).padStart(length - 1, "0") + "\0";
  header.write(`${path.replace(/^\//, "")}/`, 0, "latin1");
  header.write(octal(0o700, 8), 100, "latin1");
  header.write(octal(uid, 8), 108, "latin1");
  header.write(octal(gid, 8), 116, "latin1");
  header.write(octal(0, 12), 124, "latin1");
  header.write(octal(0, 12), 136, "latin1");
  header.write("5", 156, "latin1");
  header.write("ustar\x0000", 257, "latin1");
  // The checksum counts its own field as spaces.
  header.fill(" ", 148, 156);
  const sum = header.reduce((total, byte) => total + byte, 0);
  header.write(octal(sum, 7) + " ", 148, "latin1");
  return Buffer.concat([header, Buffer.alloc(1024)]);
}
