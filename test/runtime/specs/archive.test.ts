/** Snapshot archives: filters, compression, reproducible sums, safe restore, diffs. */
import { spawnSync } from "node:child_process";
import {
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

  test("a folder with something in it, a damaged archive, another kind of file", async () => {
    const { path } = await createArchive(workspace, options());
    await expect(restoreArchive(path, workspace)).rejects.toThrow("not empty");
    const cut = join(root, "cut.tar.gz");
    writeFileSync(cut, readFileSync(path).subarray(0, 60));
    await expect(restoreArchive(cut, join(root, "back"))).rejects.toThrow();
    await expect(restoreArchive(join(workspace, "src/a.txt"), join(root, "back"))).rejects.toThrow("does not end in");
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
