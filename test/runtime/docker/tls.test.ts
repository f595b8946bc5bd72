import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { type AddressInfo, connect } from "node:net";
import { join } from "node:path";
import { createServer, type Server } from "node:tls";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createDockerProvider } from "../../../runtime/providers/docker";
import { BUSYBOX, engine, hasEngine, never, Output, run, spec, workspace } from "./harness";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** A certificate authority with one certificate for the engine and one for us, as `docker` keeps them. */
function certificates(folder: string): void {
  const openssl = (...args: string[]) => execFileSync("openssl", args, { cwd: folder, stdio: "pipe" });
  const key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
  openssl("req", "-x509", ...key, "-keyout", "ca-key.pem", "-out", "ca.pem", "-days", "2", "-subj", "/CN=test-ca");
  writeFileSync(join(folder, "names"), "subjectAltName=IP:127.0.0.1\n");
  for (const name of ["server", "client"]) {
    openssl("req", ...key, "-keyout", `${name}-key.pem`, "-out", `${name}.csr`, "-subj", `/CN=${name}`);
    openssl(
      "x509",
      "-req",
      "-in",
      `${name}.csr`,
      "-CA",
      "ca.pem",
      "-CAkey",
      "ca-key.pem",
      "-CAcreateserial",
      "-out",
      `${name}.pem`,
      "-days",
      "2",
      "-extfile",
      "names",
    );
  }
}

describe.skipIf(!hasEngine || !hasOpenssl)("an engine over TLS", () => {
  const folder = workspace();
  let server: Server;
  let port = 0;
  beforeAll(async () => {
    certificates(folder);
    const read = (name: string) => readFileSync(join(folder, name));
    const options = {
      ca: read("ca.pem"),
      cert: read("server.pem"),
      key: read("server-key.pem"),
      requestCert: true,
      rejectUnauthorized: true,
      allowHalfOpen: true,
    };
    // The machine's engine behind a door that asks for a certificate.
    server = createServer(options, secure => {
      const plain = connect({ path: "socket" in engine ? engine.socket : "", allowHalfOpen: true });
      secure.on("error", () => plain.destroy());
      plain.on("error", () => secure.destroy());
      secure.on("close", () => plain.destroy());
      secure.pipe(plain).pipe(secure);
    });
    server.on("tlsClientError", () => {});
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => void server?.close());

  /** A Docker context `secure` with the given files. */
  function home(files: Record<string, string>): string {
    const config = workspace();
    const id = createHash("sha256").update("secure").digest("hex");
    mkdirSync(join(config, "contexts", "meta", id), { recursive: true });
    mkdirSync(join(config, "contexts", "tls", id, "docker"), { recursive: true });
    const meta = { Name: "secure", Endpoints: { docker: { Host: `tcp://127.0.0.1:${port}`, SkipTLSVerify: false } } };
    writeFileSync(join(config, "contexts", "meta", id, "meta.json"), JSON.stringify(meta));
    writeFileSync(join(config, "config.json"), JSON.stringify({ currentContext: "secure" }));
    for (const [name, from] of Object.entries(files))
      writeFileSync(join(config, "contexts", "tls", id, "docker", name), readFileSync(join(folder, from)));
    return config;
  }

  it("is used through the current context: commands, stdin, terminals and cancel work as on a socket", async () => {
    const env = { DOCKER_CONFIG: home({ "ca.pem": "ca.pem", "cert.pem": "client.pem", "key.pem": "client-key.pem" }) };
    const using = createDockerProvider({ env, defaultImage: BUSYBOX });
    const environment = await using.open(spec(), new Output(), never);
    try {
      expect((await run(environment, "echo out; echo err >&2; exit 4")).outcome).toEqual({
        kind: "exited",
        exitCode: 4,
      });
      expect((await run(environment, "cat", { stdin: "x".repeat(200_000) })).out).toHaveLength(200_000);
      expect((await run(environment, "sleep 0.3; stty size", { tty: { columns: 70, rows: 20 } })).out).toBe(
        "20 70\r\n",
      );
      expect((await run(environment, "sleep 100", { timeoutMs: 200 })).outcome).toEqual({
        kind: "killed",
        reason: "timeout",
      });
      expect((await using.list!(never)).find(e => e.name === environment.name)?.engine).toBe(
        `https://127.0.0.1:${port}`,
      );
    } finally {
      await environment.release(never);
    }
  });

  it("is refused without our certificate, and when its own is not trusted", async () => {
    const cases: Record<string, string>[] = [
      { "ca.pem": "ca.pem" },
      { "cert.pem": "client.pem", "key.pem": "client-key.pem" },
    ];
    for (const files of cases) {
      const using = createDockerProvider({ env: { DOCKER_CONFIG: home(files) } });
      await expect(using.list!(never), JSON.stringify(files)).rejects.toMatchObject({
        code: expect.stringMatching(/^run\/engine/),
      });
    }
  });
});
