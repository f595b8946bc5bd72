/** Snapshot archives: filters, compression, reproducible sums, safe restore, diffs. */
import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import {
  appendFileSync,
  chmodSync,
  existsSync,
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  statSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { packTar, type TarEntry } from "modern-tar";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { type ArchiveOptions, createArchive } from "../../../runtime/specs/archive";
import { diffArchives } from "../../../runtime/specs/diff";
import { toRegExp } from "../../../runtime/specs/globs";
import { restoreArchive } from "../../../runtime/specs/restore";

let root: string;
let workspace: string;
const options = (overrides: Partial<ArchiveOptions> = {}): ArchiveOptions => ({
  keepGlobs: null,
  ignoreGlobs: [],
  compression: "gz",
  saveDir: join(root, "archives"),
  ...overrides,
});

beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "mlld-env-archive-"));
  workspace = join(root, "work");
  mkdirSync(join(workspace, "src/deep"), { recursive: true });
  mkdirSync(join(workspace, "empty"));
  writeFileSync(join(workspace, "src/a.txt"), "one\ntwo\n");
  writeFileSync(join(workspace, "src/deep/run.sh"), "#!/bin/sh\n", { mode: 0o755 });
  symlinkSync("a.txt", join(workspace, "src/link"));
});

afterEach(() => rmSync(root, { recursive: true, force: true }));

describe("round trip", () => {
  test.each(["gz", "bz2", "xz", "none"] as const)(
    "compression %s keeps contents, modes, links and empty folders",
    async compression => {
      const archive = await createArchive(workspace, options({ compression }));
      expect(basename(archive.path)).toMatch(
        new RegExp(`^\\d{8}T\\d{6}Z\\.[0-9a-f]{8}\\.work\\.tar${compression === "none" ? "" : `\\.${compression}`}$`),
      );
      expect(archive.files).toBe(2);
      const back = join(root, "back");
      await restoreArchive(archive.path, back);
      expect(readFileSync(join(back, "src/a.txt"), "utf8")).toBe("one\ntwo\n");
      expect(statSync(join(back, "src/deep/run.sh")).mode & 0o777).toBe(0o755);
      expect(readlinkSync(join(back, "src/link"))).toBe("a.txt");
      expect(lstatSync(join(back, "empty")).isDirectory()).toBe(true);
    },
  );

  test("other programs can read it", async () => {
    const { path } = await createArchive(workspace, options());
    const { stdout, status } = spawnSync("tar", ["tzf", path], { encoding: "utf8" });
    expect(status).toBe(0);
    expect(stdout.split("\n")).toContain("src/deep/run.sh");
  });

  test("the sum depends on contents and modes, not on time or compression", async () => {
    const first = await createArchive(workspace, options());
    utimesSync(join(workspace, "src/a.txt"), 1, 1);
    const second = await createArchive(workspace, options({ compression: "none" }));
    expect(second.checksum).toBe(first.checksum);
    chmodSync(join(workspace, "src/a.txt"), 0o600);
    expect((await createArchive(workspace, options())).checksum).not.toBe(first.checksum);
  });

  test("a file larger than any buffer comes back whole", async () => {
    const big = Buffer.alloc(9_000_001, "0123456789abcdef\n");
    writeFileSync(join(workspace, "big"), big);
    const { path } = await createArchive(workspace, options());
    await restoreArchive(path, join(root, "back"));
    expect(readFileSync(join(root, "back/big")).equals(big)).toBe(true);
  });

  test("names that another system reads otherwise come back, links by other links too", async () => {
    const odd = ["C:colon", "back\\slash", "-dash", "new\nline", "~", "é [x]*?"];
    for (const name of odd) writeFileSync(join(workspace, name), name);
    symlinkSync("src", join(workspace, "way"));
    symlinkSync("way/../src/a.txt", join(workspace, "by-way"));
    const { path, leftOut } = await createArchive(workspace, options());
    await restoreArchive(path, join(root, "back"));
    expect(leftOut).toEqual([]);
    for (const name of odd) expect(readFileSync(join(root, "back", name), "utf8")).toBe(name);
    expect(readlinkSync(join(root, "back/by-way"))).toBe("way/../src/a.txt");
  });

  test("what could not be unpacked again is left out, and told", async () => {
    const unreadable = Buffer.concat([Buffer.from(`${workspace}/bad`), Buffer.of(0xff)]);
    writeFileSync(unreadable, "");
    writeFileSync(join(workspace, "..\\evil"), "");
    symlinkSync("..", join(workspace, "src/up"));
    // Read by its letters it stays inside.
    symlinkSync("src/up/..", join(workspace, "out"));
    const { path, leftOut } = await createArchive(workspace, options());
    expect(leftOut).toEqual([
      { path: "..\\evil", reason: "name" },
      { path: "bad\ufffd", reason: "name" },
      { path: "out", reason: "link" },
    ]);
    await restoreArchive(path, join(root, "back"));
    expect(readlinkSync(join(root, "back/src/up"))).toBe("..");
  });

  test("the folder that a sandbox makes to cover it is no part of a workspace", async () => {
    const { checksum } = await createArchive(workspace, options());
    mkdirSync(join(workspace, ".vscode"));
    expect((await createArchive(workspace, options())).checksum).toBe(checksum);
    writeFileSync(join(workspace, ".vscode/settings.json"), "{}");
    expect((await createArchive(workspace, options())).checksum).not.toBe(checksum);
  });

  test("files that grow, shrink, go away or become something else meanwhile", async () => {
    writeFileSync(join(workspace, "a-big"), randomBytes(30_000_000));
    for (const name of ["z-grows", "z-shrinks", "z-gone", "z-link"])
      writeFileSync(join(workspace, name), "x".repeat(1000));
    mkdirSync(join(root, "archives"));
    const packing = createArchive(workspace, options());
    // The first file is being packed: the others are listed, and not yet read.
    while (!readdirSync(join(root, "archives")).some(name => statSync(join(root, "archives", name)).size > 0))
      await new Promise(resolve => setTimeout(resolve, 1));
    appendFileSync(join(workspace, "z-grows"), "more");
    writeFileSync(join(workspace, "z-shrinks"), "s");
    rmSync(join(workspace, "z-gone"));
    rmSync(join(workspace, "z-link"));
    symlinkSync("/etc/hostname", join(workspace, "z-link"));
    const { path, files } = await packing;
    const back = join(root, "back");
    await restoreArchive(path, back);
    expect(readdirSync(back).filter(name => name.startsWith("z-"))).toEqual(["z-grows", "z-shrinks"]);
    expect([statSync(join(back, "z-grows")).size, statSync(join(back, "z-shrinks")).size]).toEqual([1004, 1]);
    expect(files).toBe(5);
  });

  test("without a folder to save to, a temporary one is used", async () => {
    const { path } = await createArchive(workspace, options({ saveDir: null }));
    expect(path.startsWith(tmpdir())).toBe(true);
    rmSync(join(path, ".."), { recursive: true });
  });
});

describe("filters", () => {
  const names = async (overrides: Partial<ArchiveOptions>): Promise<string[]> => {
    const { path } = await createArchive(workspace, options(overrides));
    const back = mkdtempSync(join(root, "back-"));
    await restoreArchive(path, back);
    return (readdirSync(back, { recursive: true }) as string[])
      .filter(name => !statSync(join(back, name)).isDirectory())
      .sort();
  };

  test("ignoring beats keeping, and prunes folders", async () => {
    mkdirSync(join(workspace, "venv/lib"), { recursive: true });
    writeFileSync(join(workspace, "venv/lib/x.py"), "");
    writeFileSync(join(workspace, "src/x.pyc"), "");
    writeFileSync(join(workspace, "src/x.py"), "");
    expect(await names({ ignoreGlobs: ["*.pyc", "venv/*"] })).toEqual([
      "src/a.txt",
      "src/deep/run.sh",
      "src/link",
      "src/x.py",
    ]);
    expect(await names({ ignoreGlobs: ["*.pyc"], keepGlobs: ["*.py", "*.pyc"] })).toEqual([
      "src/x.py",
      "venv/lib/x.py",
    ]);
    expect(await names({ ignoreGlobs: ["venv/*"], keepGlobs: [] })).toContain("src/x.pyc");
  });

  test("test assets are always left out", async () => {
    mkdirSync(join(workspace, "tests/assets"), { recursive: true });
    writeFileSync(join(workspace, "tests/assets/big.bin"), "");
    writeFileSync(join(workspace, "tests/run.py"), "");
    expect(await names({})).not.toContain("tests/assets/big.bin");
    expect(await names({})).toContain("tests/run.py");
  });

  test.each([
    ["*.py", "a/b.py", true],
    ["./src/*", "./src/a/b", true],
    ["a?c", "a/c", true],
    ["[!a]b", "cb", true],
    ["[!a]b", "ab", false],
    ["[]x]", "]", true],
    ["a.b", "axb", false],
    ["[", "[", true],
    ["a+(b)", "a+(b)", true],
  ])("%s on %s: %s", (pattern, path, matches) => {
    expect(toRegExp(pattern).test(path)).toBe(matches);
  });
});

describe("restore refuses", () => {
  const pack = async (entries: TarEntry[]): Promise<string> => {
    const path = join(root, "bad.tar");
    writeFileSync(path, await packTar(entries));
    return path;
  };
  const cases: Record<string, TarEntry> = {
    "a name above": { header: { name: "../evil", size: 1 }, body: "x" },
    "a name above in the middle": { header: { name: "a/../../evil", size: 1 }, body: "x" },
    "an absolute name": { header: { name: "/tmp/evil", size: 1 }, body: "x" },
    "a drive letter": { header: { name: "C:/evil", size: 1 }, body: "x" },
    "a backslash": { header: { name: "..\\evil", size: 1 }, body: "x" },
    "an absolute link": { header: { name: "l", size: 0, type: "symlink", linkname: "/etc" } },
    "a link that leads outside": { header: { name: "a/l", size: 0, type: "symlink", linkname: "../../x" } },
    "a hard link": { header: { name: "h", size: 0, type: "link", linkname: "a" } },
    "a device": { header: { name: "d", size: 0, type: "character-device" } },
  };
  test.each(Object.keys(cases))("%s", async title => {
    const path = await pack([cases[title]!]);
    await expect(restoreArchive(path, join(root, "back"))).rejects.toMatchObject({ code: "run/archive-refused" });
    expect(existsSync(join(root, "evil"))).toBe(false);
  });

  const link = (name: string, linkname: string): TarEntry => ({ header: { name, size: 0, type: "symlink", linkname } });
  const refusal = (because: string) => ({ code: "run/archive-refused", message: expect.stringContaining(because) });

  test("a link that leads outside by way of another", async () => {
    const path = await pack([link("d/a", ".."), link("x", "d/a/../nowhere")]);
    await expect(restoreArchive(path, join(root, "back"))).rejects.toMatchObject(refusal("the link x leads outside"));
    expect(readdirSync(join(root, "back"))).toEqual([]);
  });

  test("links in a circle lead nowhere", async () => {
    const path = await pack([link("a", "b"), link("b", "a/x")]);
    await restoreArchive(path, join(root, "back"));
    expect(readlinkSync(join(root, "back/a"))).toBe("b");
  });

  test("two entries at one place", async () => {
    const file = (name: string): TarEntry => ({ header: { name, size: 1 }, body: "x" });
    for (const entries of [
      [file("a"), file("a")],
      [file("a"), file("a/b")],
      [file("a/b"), file("a")],
      [link("a", "b"), file("a/b")],
    ]) {
      const back = mkdtempSync(join(root, "back-"));
      await expect(restoreArchive(await pack(entries), back)).rejects.toMatchObject(
        refusal("two entries at one place"),
      );
    }
  });

  test.each(["gz", "bz2", "xz", "none"] as const)("what is cut off or is no archive: %s", async compression => {
    const { path } = await createArchive(workspace, options({ compression }));
    const whole = readFileSync(path);
    const damaged = {
      half: whole.subarray(0, whole.length / 2),
      end: whole.subarray(0, -8),
      text: Buffer.from("hello"),
      nothing: Buffer.alloc(0),
    };
    for (const [title, bytes] of Object.entries(damaged)) {
      // Of a plain archive the last bytes are zeros that nobody needs.
      if (compression === "none" && (title === "end" || title === "nothing")) continue;
      writeFileSync(path, bytes);
      const back = mkdtempSync(join(root, "back-"));
      await expect(restoreArchive(path, back), title).rejects.toMatchObject(refusal("it is damaged"));
      await expect(diffArchives(path, path), title).rejects.toMatchObject(refusal("it is damaged"));
    }
  });

  test("what unpacks to too much", async () => {
    writeFileSync(join(workspace, "zeros"), Buffer.alloc(2_000_000));
    const { path } = await createArchive(workspace, options());
    await expect(restoreArchive(path, join(root, "back"), { bytes: 1_000_000, entries: 100 })).rejects.toThrow(
      "more than 1000000 bytes",
    );
    await expect(restoreArchive(path, join(root, "back2"), { bytes: 1e9, entries: 2 })).rejects.toThrow(
      "more than 2 entries",
    );
  });

  test("a folder with something in it, a folder, another kind of file", async () => {
    const { path } = await createArchive(workspace, options());
    await expect(restoreArchive(path, workspace)).rejects.toThrow("not empty");
    await expect(restoreArchive(join(workspace, "src/a.txt"), join(root, "back"))).rejects.toThrow("does not end in");
    mkdirSync(join(root, "folder.tar"));
    await expect(restoreArchive(join(root, "folder.tar"), join(root, "back"))).rejects.toThrow("it is no file");
  });
});

test("a diff lists what was created, deleted and modified", async () => {
  writeFileSync(join(workspace, "bin"), Buffer.of(0, 1, 2));
  const before = await createArchive(workspace, options());
  writeFileSync(join(workspace, "src/a.txt"), "one\n2\n");
  writeFileSync(join(workspace, "bin"), Buffer.of(0, 1, 3));
  writeFileSync(join(workspace, "new.txt"), "");
  rmSync(join(workspace, "src/deep/run.sh"));
  const after = await createArchive(workspace, options({ compression: "xz" }));
  const diff = await diffArchives(before.path, after.path);
  expect(diff.created).toEqual(["new.txt"]);
  expect(diff.deleted).toEqual(["src/deep/run.sh"]);
  expect(diff.modified.map(file => file.path)).toEqual(["bin", "src/a.txt"]);
  expect(diff.modified[0]!.diff).toBeNull();
  expect(diff.modified[1]!.diff).toContain("-two\n+2\n");
});

test("a diff of texts that have nothing in common, and of what only became executable, is only named", async () => {
  const lines = (of: string) => Array.from({ length: 20_000 }, (_, at) => `${of}${(at * 7919) % 20_011}\n`).join("");
  writeFileSync(join(workspace, "large"), lines("a"));
  const before = await createArchive(workspace, options());
  writeFileSync(join(workspace, "large"), lines("b"));
  chmodSync(join(workspace, "src/a.txt"), 0o755);
  const after = await createArchive(workspace, options());
  expect((await diffArchives(before.path, after.path)).modified).toEqual([
    { path: "large", diff: null },
    { path: "src/a.txt", diff: null },
  ]);
});
