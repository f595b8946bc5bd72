import { createServer as createHttpServer } from "node:http";
import { type AddressInfo, connect, createServer, type Server } from "node:net";
import type { NetworkInterfaceInfo } from "node:os";
import { setTimeout as sleep } from "node:timers/promises";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { agentMount } from "../../../runtime/providers/docker/egress/agent-volume";
import { dial } from "../../../runtime/providers/docker/egress/dial";
import { answerTo, parseQuestion } from "../../../runtime/providers/docker/egress/dns";
import { isPrivateAddress, lets, neighbourhood, portsOf } from "../../../runtime/providers/docker/egress/rule";
import { Tunnel } from "../../../runtime/providers/docker/egress/tunnel";
import type { Engine } from "../../../runtime/providers/docker/engine";
import type { Environment, NetGrant } from "../../../runtime/providers/provider";
import {
  BUSYBOX,
  docker,
  HOST_IMAGE,
  hasEngine,
  hasHostImage,
  never,
  Output,
  provider,
  run,
  spec,
  uniqueName,
} from "./harness";

function allow(...hosts: string[]): Extract<NetGrant, { kind: "allow" }> {
  return {
    kind: "allow",
    items: hosts.map(text => {
      const [host = "", port] = text.split(":");
      return { host, port: port === undefined ? null : Number(port) };
    }),
  };
}

describe("network rules", () => {
  it.each<[string[], string, number, boolean]>([
    [["api.example.com"], "api.example.com", 443, true],
    [["api.example.com"], "api.example.com", 80, true],
    [["api.example.com"], "api.example.com", 22, false],
    [["api.example.com:8443"], "api.example.com", 8443, true],
    [["api.example.com:8443"], "api.example.com", 443, false],
    [["API.Example.com."], "api.example.com", 443, true],
    [["*.example.com"], "a.example.com", 443, true],
    [["*.example.com"], "a.b.example.com", 443, true],
    [["*.example.com"], "example.com", 443, false],
    [["*.example.com"], "badexample.com", 443, false],
    [["*"], "anything.org", 443, true],
    [["*"], "1.2.3.4", 443, false],
    [["*"], "0x7f000001", 443, false],
    [["*"], "2130706433", 443, false],
    [["*"], "::1", 443, false],
    [["*"], "0x8.0x8.0x8.0x8", 443, false],
    [["*"], "0x7f.1", 443, false],
    [["*"], "example.com.", 443, false],
    [["*"], "e\u00advil.com", 443, false],
    [["*.example.com"], "evil.net\0.example.com", 443, false],
    [["*.example.com"], "evil.net\n.example.com", 443, false],
    [["*.example.com"], ".example.com", 443, false],
    [["*.example.com"], "_srv-1.example.com", 443, true],
    [["*"], "xn--bcher-kva.example", 443, true],
    [["*"], "1.2.3.example", 443, true],
  ])("%j with %s:%d is %s", (hosts, name, port, expected) => {
    expect(lets(allow(...hosts), name, port)).toBe(expected);
    if (expected) expect(portsOf(allow(...hosts), name)).toContain(port);
  });

  it("knows private addresses in every notation", () => {
    const privates =
      "127.0.0.1 10.1.2.3 172.16.0.1 172.31.255.255 192.168.1.1 169.254.169.254 100.64.0.1 0.0.0.0 224.0.0.1 255.255.255.255 ::1 :: fe80::1 fc00::1 fd12::1 ::ffff:10.0.0.1 ::ffff:a00:1 64:ff9b::a00:1 2002:a00:1:: ff02::1";
    for (const address of privates.split(" ")) expect(isPrivateAddress(address), address).toBe(true);
    for (const address of ["8.8.8.8", "172.32.0.1", "100.128.0.1", "2606:4700::1111", "::ffff:8.8.8.8"])
      expect(isPrivateAddress(address), address).toBe(false);
  });
});

it("knows the networks that this machine is part of", () => {
  const of = (address: string, cidr: string, family: "IPv4" | "IPv6") =>
    ({ address, cidr, family, netmask: "", mac: "", internal: false, scopeid: 0 }) as NetworkInterfaceInfo;
  const isNear = neighbourhood({
    eth0: [
      of("93.184.216.34", "93.184.216.34/24", "IPv4"),
      of("2606:2800:220:1::34", "2606:2800:220:1::34/64", "IPv6"),
    ],
    tun0: [of("45.33.32.156", "45.33.32.156/0", "IPv4")],
    wlan0: undefined,
  });
  for (const address of ["93.184.216.34", "93.184.216.7", "2606:2800:220:1::1", "45.33.32.156"])
    expect(isNear(address), address).toBe(true);
  for (const address of ["93.184.217.1", "8.8.8.8", "2606:2800:220:2::1", "45.33.32.1"])
    expect(isNear(address), address).toBe(false);
});

describe("DNS", () => {
  const query = (name: string, type = 1) =>
    Buffer.concat([
      Buffer.from([0x12, 0x34, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]),
      ...name.split(".").map(label => Buffer.concat([Buffer.from([label.length]), Buffer.from(label)])),
      Buffer.from([0, 0, type, 0, 1]),
    ]);

  it("answers with an address, with nothing for other types, and with no such name", () => {
    expect(parseQuestion(query("Api.Example.COM"))).toEqual({ name: "api.example.com", type: 1 });
    const answer = answerTo(query("a.b"), "127.77.0.9");
    expect(answer.subarray(0, 4)).toEqual(Buffer.from([0x12, 0x34, 0x81, 0x80]));
    expect(answer.subarray(-4)).toEqual(Buffer.from([127, 77, 0, 9]));
    expect(answerTo(query("a.b", 28), "127.77.0.9").readUInt16BE(6)).toBe(0);
    expect(answerTo(query("a.b"), null)[3]! & 15).toBe(3);
  });

  it("takes any bytes", () => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 80 }), bytes => {
        const packet = Buffer.from(bytes);
        parseQuestion(packet);
        parseQuestion(Buffer.concat([Buffer.from([0, 0, 1, 0, 0, 1, 0, 0, 0, 0, 0, 0]), packet]));
        answerTo(packet, null);
        answerTo(packet, "127.0.0.1");
      }),
    );
  });
});

describe("what somebody in the environment says in place of the agent", () => {
  const frame = (type: string, id: number, length: number) => {
    const header = Buffer.alloc(9);
    header.write(type);
    header.writeUInt32BE(id, 1);
    header.writeUInt32BE(length, 5);
    return header;
  };
  const tunnel = () =>
    new Tunnel(() => {}, {
      ready: () => {},
      listening: () => {},
      busy: () => {},
      query: () => {},
      connection: () => {},
    });

  it("is not collected without end", () => {
    expect(() => tunnel().push(frame("D", 1, 0xffffffff))).toThrow("too long");
    const one = tunnel();
    expect(() => {
      for (let id = 0; id < 100_000; id++) one.push(Buffer.concat([frame("O", id, 6), Buffer.alloc(6)]));
    }).toThrow("more connections");
  });
});

describe.skipIf(!hasEngine)("an environment that may reach some names", () => {
  const servers: Server[] = [];
  const dialled: string[] = [];
  let web = 0;
  let echo = 0;
  const using = () =>
    provider({
      connect: async (host, port) => {
        dialled.push(`${host}:${port}`);
        const socket = connect({ host: "127.0.0.1", port: port === 7 ? echo : web, allowHalfOpen: true });
        await new Promise((resolve, reject) => socket.once("connect", resolve).once("error", reject));
        return socket;
      },
    });
  const listen = async (server: Server) => {
    servers.push(server);
    await new Promise<void>(resolve => server.listen(0, "127.0.0.1", resolve));
    return (server.address() as AddressInfo).port;
  };
  beforeAll(async () => {
    web = await listen(
      createHttpServer((request, response) => {
        if (request.url === "/big") return void response.end(Buffer.alloc(20_000_000, "x"));
        return void response.end(`hello from ${request.headers.host}${request.url}`);
      }),
    );
    echo = await listen(
      createServer({ allowHalfOpen: true }, socket => {
        socket.on("error", () => {});
        socket.pipe(socket);
      }),
    );
  });
  afterAll(() => {
    for (const server of servers) server.close();
  });

  class Denied extends Output {
    refused: string[] = [];
    denied(host: string, port: number, reason: string): void {
      this.refused.push(`${host}:${port} ${reason}`);
    }
  }
  async function opened(net: NetGrant, more: object = {}): Promise<{ environment: Environment; sink: Denied }> {
    const sink = new Denied();
    const environment = await using().open(spec({ net, ...more }), sink, never);
    return { environment, sink };
  }
  const noProxy = { http_proxy: "", https_proxy: "", HTTP_PROXY: "", HTTPS_PROXY: "" };

  it("reaches them by DNS alone, and by the proxy", async () => {
    const { environment } = await opened(allow("api.example.com", "*.test.org:80"));
    try {
      expect((await run(environment, "wget -q -O - http://api.example.com/one", { vars: noProxy })).out).toBe(
        "hello from api.example.com/one",
      );
      expect((await run(environment, "wget -q -O - http://deep.down.test.org/two", { vars: noProxy })).out).toBe(
        "hello from deep.down.test.org/two",
      );
      expect((await run(environment, "wget -q -O - http://api.example.com/three")).out).toBe(
        "hello from api.example.com/three",
      );
      expect(dialled).toEqual(expect.arrayContaining(["api.example.com:80", "deep.down.test.org:80"]));
      expect(
        (
          await run(
            environment,
            "printf 'CONNECT api.example.com:443 HTTP/1.1\\r\\n\\r\\nGET /four HTTP/1.0\\r\\nHost: x\\r\\n\\r\\n' | nc 127.0.0.1 3128",
          )
        ).out,
      ).toMatch(/^HTTP\/1.1 200 [\s\S]*hello from x\/four$/);
    } finally {
      await environment.release(never);
    }
  });

  it("reaches nothing else: other names, ports, addresses, the host", async () => {
    const { environment, sink } = await opened(allow("api.example.com:443", "*.test.org"));
    const failing = async (command: string, vars: Record<string, string> = noProxy) => {
      const { outcome, out } = await run(environment, `${command} 2>&1`, { vars, timeoutMs: 8000 });
      // A refusal, in the program's own words: not a crash and not a time-out.
      expect({ command, outcome }).toEqual({ command, outcome: { kind: "exited", exitCode: 1 } });
      expect(out).toMatch(/bad address|unreachable|refused|403 Forbidden/);
    };
    try {
      dialled.length = 0;
      await failing("wget -q -O - http://evil.example.net/");
      await failing("wget -q -O - http://test.org/");
      await failing("wget -q -O - http://api.example.com/");
      await failing("timeout 4 wget -q -O - http://1.1.1.1/");
      await failing(`timeout 4 wget -q -O - http://172.17.0.1:${web}/`);
      await failing(`timeout 4 wget -q -O - http://127.0.0.1:${web}/`);
      await failing("wget -q -O - http://evil.example.net/", {});
      await failing("wget -q -O - http://10.0.0.1/", {});
      const { out } = await run(
        environment,
        "printf 'CONNECT 169.254.169.254:80 HTTP/1.1\\r\\n\\r\\n' | nc 127.0.0.1 3128",
      );
      expect(out).toMatch(/^HTTP\/1.1 403 Forbidden[\s\S]*169.254.169.254:80 is not reachable/);
      await run(environment, "printf 'CONNECT evil.net\\0.test.org:443 HTTP/1.1\\r\\n\\r\\n' | nc 127.0.0.1 3128");
      expect(sink.refused.at(-1)).toMatch(/^evil\.net\?\.test\.org:443 /);
      expect(dialled).toEqual([]);
      expect(sink.refused.join("\n")).toMatch(
        /evil\.example\.net:0 [\s\S]*test\.org:0 [\s\S]*evil\.example\.net:80 [\s\S]*10\.0\.0\.1:80 [\s\S]*169\.254\.169\.254:80 /,
      );
      expect((await run(environment, "ls /sys/class/net; wc -l </proc/net/route")).out).toBe("lo\n1\n");
    } finally {
      await environment.release(never);
    }
  });

  it("refuses a name that resolves to a private address", async () => {
    await expect(dial("localhost", web)).rejects.toThrow(/resolves to a private address \((127\.0\.0\.1|::1)/);
    const sink = new Denied();
    const environment = await provider().open(spec({ net: allow(`*:${web}`) }), sink, never);
    try {
      const { out } = await run(
        environment,
        `printf 'CONNECT localhost:${web} HTTP/1.1\\r\\n\\r\\n' | nc 127.0.0.1 3128`,
      );
      expect(out).toMatch(/^HTTP\/1.1 502 [\s\S]*resolves to a private address\.\n$/);
      expect(sink.refused).toEqual([
        expect.stringMatching(new RegExp(`^localhost:${web} it resolves to a private address`)),
      ]);
    } finally {
      await environment.release(never);
    }
  });

  it("carries much, many at once, and both ends of a connection, without loss", async () => {
    const { environment } = await opened(allow("api.example.com", "echo.test.org:7"));
    try {
      const big = await run(environment, "wget -q -O - http://api.example.com/big | wc -c", { vars: noProxy });
      expect(big.out.trim()).toBe("20000000");
      const many = await run(
        environment,
        "for i in $(seq 20); do wget -q -O - http://api.example.com/$i | wc -c & done; wait",
        { vars: noProxy },
      );
      expect(many.out.trim().split("\n")).toHaveLength(20);
      const both = await run(
        environment,
        "head -c 5000000 /dev/urandom >/tmp/a; nc echo.test.org 7 </tmp/a >/tmp/b; cmp /tmp/a /tmp/b && wc -c </tmp/b",
      );
      expect(both.out.trim()).toBe("5000000");
    } finally {
      await environment.release(never);
    }
  });

  it("survives the end of the agent, and cannot be changed by the environment", async () => {
    const { environment } = await opened(allow("api.example.com"), { name: uniqueName() });
    try {
      expect(
        (await run(environment, "rm /.mlld-env/agent || echo x >/.mlld-env/agent || touch /.mlld-env/x")).outcome,
      ).not.toEqual({ kind: "exited", exitCode: 0 });
      await run(environment, "wget -q -O - http://api.example.com/1", { vars: noProxy });
      await run(environment, "kill -9 $(pidof agent)");
      await sleep(200);
      expect((await run(environment, "wget -q -O - http://api.example.com/2", { vars: noProxy })).out).toBe(
        "hello from api.example.com/2",
      );
      docker("kill", environment.name);
      await sleep(200);
      expect((await run(environment, "wget -q -O - http://api.example.com/3", { vars: noProxy })).out).toBe(
        "hello from api.example.com/3",
      );
    } finally {
      await environment.release(never);
    }
  });

  it("is served by whoever is attached, with the rule that it was made with", async () => {
    const name = uniqueName();
    const given = spec({ name, net: allow("api.example.com") });
    const first = await using().open(given, new Output(), never);
    const second = await using().attach!(name, never);
    try {
      expect((await run(second!, "wget -q -O - http://api.example.com/a", { vars: noProxy })).out).toBe(
        "hello from api.example.com/a",
      );
      await first.detach();
      await sleep(300);
      expect((await run(second!, "wget -q -O - http://api.example.com/b", { vars: noProxy })).out).toBe(
        "hello from api.example.com/b",
      );
      expect((await run(second!, "wget -q -O - http://evil.example.net/", { vars: noProxy })).outcome).not.toEqual({
        kind: "exited",
        exitCode: 0,
      });
    } finally {
      await second!.release(never);
    }
  });

  it("works for an ordinary user", async () => {
    const { environment } = await opened(allow("api.example.com"), { user: "1000:1000" });
    try {
      expect(
        (await run(environment, "kill -9 $(pidof agent); wget -q -O - http://api.example.com/", { vars: noProxy })).out,
      ).toBe("hello from api.example.com/");
    } finally {
      await environment.release(never);
    }
  });

  it.skipIf(!hasHostImage)("works for the resolvers of glibc, Node and Python", async () => {
    const { environment } = await opened({ kind: "limited" }, { image: HOST_IMAGE });
    try {
      const node =
        "fetch('http://any.example.com/n').then(r => r.text()).then(console.log, e => { console.log(e.cause ?? e); })";
      expect((await run(environment, ["node", "-e", node])).out).toBe("hello from any.example.com/n\n");
      const python =
        "import urllib.request as u; print(u.build_opener(u.ProxyHandler({})).open('http://other.example.com:8080/p').read().decode())";
      expect((await run(environment, ["python3", "-c", python])).out).toBe("hello from other.example.com:8080/p\n");
    } finally {
      await environment.release(never);
    }
  });

  it("is refused when the agent cannot be placed, never opened", async () => {
    const elsewhere = { docker: null, architecture: "riscv64" } as unknown as Engine;
    await expect(agentMount(elsewhere, BUSYBOX, "network")).rejects.toMatchObject({
      code: "run/net-unsupported",
      message: expect.stringContaining("riscv64"),
    });
    const full = {
      docker: { createContainer: () => Promise.reject(new Error("no space left")) },
      architecture: "x86_64",
    } as unknown as Engine;
    await expect(agentMount(full, BUSYBOX, "network")).rejects.toMatchObject({
      code: "run/net-unsupported",
      message: expect.stringContaining("no space left"),
    });
  });
});
