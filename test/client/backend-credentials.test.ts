/** The explorer's process gets the token of a backend from the editor, at its start and when it is set. */
import { fileURLToPath } from "node:url";
import { afterEach, beforeEach, expect, it } from "vitest";
import { ExplorerProcess } from "../../client/explorer/explorer-process";
import type { ExplorerMessage } from "../../protocol/explorer";
import { FakeSprites } from "../runtime/sprites/fake-sprites";

let fake: FakeSprites;
let url: string;
let secrets: Record<string, string>;
let changed: () => void;
let explorer: ExplorerProcess;
let engines: NonNullable<Extract<ExplorerMessage, { type: "list" }>["engines"]>;

beforeEach(async () => {
  fake = new FakeSprites();
  url = await fake.start();
  secrets = {};
  engines = [];
});
afterEach(async () => {
  explorer.stop();
  await fake.stop();
});

function explore() {
  explorer = new ExplorerProcess(
    {
      cli: fileURLToPath(new URL("../../dist/cli.js", import.meta.url)),
      // Nobody answers there: only Sprites is asked.
      variables: () => ({ MLLD_ENV_SPRITES_URL: url, SPRITES_TOKEN: "", DOCKER_HOST: "tcp://127.0.0.1:9" }),
      credentials: {
        get: async () => secrets,
        onDidChange: listener => {
          changed = listener;
          return { dispose: () => {} };
        },
      },
    },
    process.cwd(),
    {
      t: message => message,
      list: list => {
        engines = list.engines ?? [];
      },
      ended: () => {},
      log: () => {},
    },
  );
}
const sprites = () => engines.find(({ provider }) => provider === "@mlld/env-sprites")?.state;

it("when it is set", async () => {
  explore();
  await expect.poll(sprites, { timeout: 15_000 }).toBe("absent");
  secrets = { sprites: "wrong" };
  changed();
  await expect.poll(sprites, { timeout: 15_000 }).toBe("denied");
  secrets = { sprites: fake.token };
  changed();
  await expect.poll(sprites, { timeout: 15_000 }).toBe("ready");
  secrets = {};
  changed();
  await expect.poll(sprites, { timeout: 15_000 }).toBe("absent");
});

it("at its start", async () => {
  secrets = { SPRITES_TOKEN: fake.token };
  explore();
  await expect.poll(sprites, { timeout: 15_000 }).toBe("ready");
});
