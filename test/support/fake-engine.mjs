/** An engine on a socket that has as many environments as asked, for lists that would take minutes to make for real. */
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import { tmpdir } from "node:os";
import { join } from "node:path";

/** The parts of Docker's API that list and follow containers; the answers have the size of real ones. */
export class FakeEngine {
  #folder = mkdtempSync(join(tmpdir(), "mlld-env-engine-"));
  #streams = new Set();
  #states;
  #server;

  constructor(count) {
    this.#states = Array.from({ length: count }, () => "running");
    this.#server = createServer((request, response) => {
      const path = request.url.replace(/^\/v[\d.]+/, "").split("?")[0];
      if (path === "/events") {
        response.writeHead(200, { "content-type": "application/json" }).flushHeaders();
        this.#streams.add(response);
        response.on("close", () => this.#streams.delete(response));
        return;
      }
      const answers = {
        "/info": { OperatingSystem: "fake", OSType: "linux", Name: "fake", SecurityOptions: [] },
        "/containers/json": this.#states.map((state, i) => this.#container(i, state)),
        "/images/json": [],
      };
      const answer = answers[path];
      response.writeHead(answer ? 200 : 404, { "content-type": "application/json" });
      response.end(JSON.stringify(answer ?? { message: `no ${path}` }));
    });
  }

  static async start(count) {
    const engine = new FakeEngine(count);
    await engine.goOn();
    return engine;
  }

  get host() {
    return `unix://${join(this.#folder, "docker.sock")}`;
  }

  name(index) {
    return `fake-${String(index).padStart(3, "0")}`;
  }

  /** Puts an environment into another state of the engine's, and says so. */
  change(index, state) {
    this.#states[index] = state;
    const event = { Type: "container", Action: state === "exited" ? "die" : "start", Actor: { ID: `${index}` } };
    for (const stream of this.#streams) stream.write(`${JSON.stringify(event)}\n`);
  }

  /** It ends, with its socket, until `goOn`. */
  async goAway() {
    for (const stream of this.#streams) stream.end();
    this.#server.closeAllConnections();
    await new Promise(resolve => this.#server.close(resolve));
  }

  goOn() {
    return new Promise(resolve => this.#server.listen(join(this.#folder, "docker.sock"), resolve));
  }

  async stop() {
    if (this.#server.listening) await this.goAway();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #container(index, state) {
    const name = this.name(index);
    const label = (key, value) => [`dev.mlld-env.${key}`, value];
    return {
      Id: String(index).padStart(64, "0"),
      Names: [`/${name}`],
      Image: "debian:bookworm-slim",
      ImageID: `sha256:${"0".repeat(64)}`,
      Command: "/bin/sh -c 'trap '\\''exit 0'\\'' TERM INT; while :; do sleep 86400 & wait $!; done'",
      Created: 1_760_000_000 + index,
      Ports: [],
      Labels: Object.fromEntries([
        label("owner", name),
        label("name", name),
        label("kind", "named"),
        label("config", "0".repeat(64)),
        label("net", "null"),
        label("shell", "image"),
        label("workspace", `/work/project-${index % 7}`),
        label("file", `/work/project-${index % 7}/agents/file-${index % 31}.mld`),
        label("line", String((index % 90) + 1)),
        label("grants", JSON.stringify({ tools: ["read", "bash"], limits: { mem: "512m" } })),
        label("process", "null"),
      ]),
      State: state,
      Status: state === "running" ? "Up 2 hours" : "Exited (0) 2 seconds ago",
      HostConfig: { NetworkMode: index % 2 ? "bridge" : "none" },
      NetworkSettings: { Networks: {} },
      Mounts: [
        {
          Type: "bind",
          Source: `/work/project-${index % 7}`,
          Destination: "/app",
          Mode: "",
          RW: true,
          Propagation: "rprivate",
        },
      ],
    };
  }
}
