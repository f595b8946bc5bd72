import { describe, expect, it, vi } from "vitest";
import { ProviderRegistry } from "../../../runtime/environments/registry";
import type { Provider } from "../../../runtime/providers/provider";

const provider = (ref: string): Provider => ({ ref, open: () => Promise.reject(new Error("not here")) });

function registry() {
  const docker = vi.fn(async () => provider("docker"));
  const module = vi.fn(async (_ref: string, path: string) => provider(path));
  const it = new ProviderRegistry({
    local: provider("local"),
    backends: { "@mlld/env-docker": docker, docker },
    module,
  });
  return { it, docker, module };
}

describe("a provider reference", () => {
  it.each([[null], [""], ["local"]])("means no provider: %j", async ref => {
    expect((await registry().it.resolve(ref, "/")).ref).toBe("local");
  });

  it("means a backend under each of its names, loaded once, on first use", async () => {
    const { it, docker } = registry();
    expect(docker).not.toHaveBeenCalled();
    const first = await it.resolve("@mlld/env-docker", "/");
    expect(await it.resolve("docker", "/")).toBe(first);
    expect(docker).toHaveBeenCalledTimes(1);
    expect(await it.backends()).toEqual([first]);
  });

  it.each([
    ["./box.mld", "/project/box.mld"],
    ["../box.mld", "/box.mld"],
    ["providers/box.mld", "/project/providers/box.mld"],
    ["/abs/box.mld", "/abs/box.mld"],
    ["./box", "/project/box"],
    ["file:///abs/a%20b.mld", "/abs/a b.mld"],
  ])("means a module by its path: %s", async (ref, path) => {
    const { it, module } = registry();
    expect(it.knows(ref, "/project")).toBe(true);
    expect((await it.resolve(ref, "/project")).ref).toBe(path);
    await it.resolve(ref, "/project");
    expect(module).toHaveBeenCalledTimes(1);
  });

  it.each(["@mlld/env-unknown", "@me/box.mld", "constructor", "dokcer"])(
    "is refused when nothing has that name: %s",
    async ref => {
      expect(registry().it.knows(ref, "/project")).toBe(false);
      await expect(registry().it.resolve(ref, "/project")).rejects.toMatchObject({
        code: "ENV_PROVIDER_UNKNOWN",
        message: expect.stringContaining(`'${ref}'`),
        mend: expect.stringContaining("'@mlld/env-docker'"),
      });
    },
  );

  it("is tried again when its backend could not be loaded", async () => {
    const load = vi.fn().mockRejectedValueOnce(new Error("the disk is away")).mockResolvedValue(provider("docker"));
    const it = new ProviderRegistry({ local: provider("local"), backends: { docker: load } });
    await expect(it.resolve("docker", "/")).rejects.toThrow("the disk is away");
    expect((await it.resolve("docker", "/")).ref).toBe("docker");
  });
});
