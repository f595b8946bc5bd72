import { beforeEach, describe, expect, it, vi } from "vitest";
import { createCredentialStore } from "../../../runtime/environments/credentials";
import { readKeychain } from "../../../runtime/environments/keychain";
import { Redactor } from "../../../runtime/environments/redactor";

const keyring = vi.hoisted(() => ({ entries: new Map<string, string>(), fault: null as Error | null }));

vi.mock("@napi-rs/keyring", () => ({
  AsyncEntry: class {
    constructor(
      private readonly service: string,
      private readonly account: string,
    ) {}
    async getPassword(): Promise<string | null> {
      if (keyring.fault) throw keyring.fault;
      return keyring.entries.get(`${this.service}|${this.account}`) ?? null;
    }
  },
}));

let redactor: Redactor;

function store(variables: NodeJS.ProcessEnv = {}, stored: Record<string, string> = {}) {
  return createCredentialStore({
    variables,
    stored: new Map(Object.entries(stored)),
    redactor,
    keychain: readKeychain,
  });
}

beforeEach(() => {
  redactor = new Redactor();
  keyring.entries.clear();
  keyring.fault = null;
});

describe("a credential", () => {
  it("comes from a variable, the editor's storage or the keychain, and is known to the redactor from then on", async () => {
    keyring.entries.set("mlld-env-project|API_KEY", "from-keychain");
    const it = store({ TOKEN: "from-variable" }, { claude: "from-editor" });
    expect(await it.find({ kind: "variable", name: "TOKEN" })).toBe("from-variable");
    expect(await it.find({ kind: "stored", name: "claude" })).toBe("from-editor");
    expect(await it.find({ kind: "keychain", service: "mlld-env-project", account: "API_KEY" })).toBe("from-keychain");
    expect(redactor.text("from-variable from-editor from-keychain")).toBe("*** *** ***");
  });

  it("is not there when it is unset or empty", async () => {
    const it = store({ EMPTY: "" });
    expect(await it.find({ kind: "variable", name: "NONE" })).toBeNull();
    expect(await it.find({ kind: "variable", name: "EMPTY" })).toBeNull();
    expect(await it.find({ kind: "stored", name: "none" })).toBeNull();
    expect(await it.find({ kind: "keychain", service: "s", account: "a" })).toBeNull();
  });

  it("is refused when it is too short to keep out of the output", async () => {
    await expect(store({ PIN: "123" }).find({ kind: "variable", name: "PIN" })).rejects.toMatchObject({
      code: "run/secret-too-short",
    });
  });
});

describe("the keychain", () => {
  it.each([
    "No matching entry found in secure storage",
    "Platform secure storage failure: DBus error: The name org.freedesktop.secrets was not provided",
  ])("has no entry where nothing answers: %s", async message => {
    keyring.fault = new Error(message);
    expect(await readKeychain("s", "a")).toBeNull();
  });

  it("is told apart when it is locked", async () => {
    keyring.fault = new Error("User canceled the operation");
    await expect(readKeychain("s", "a")).rejects.toMatchObject({ code: "KEYCHAIN_UNREADABLE" });
  });
});
