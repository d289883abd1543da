import { describe, expect, it } from "vitest";

import { isComposeModel, normalModel } from "./normal-model.ts";

describe("normalModel", () => {
  it("must leave out what says nothing and keep what does", () => {
    const model = normalModel({
      name: "lab-core",
      "x-top": 1,
      services: {
        app: {
          image: "app",
          command: null,
          entrypoint: [],
          deploy: { replicas: 0, resources: {}, placement: {} },
          environment: { EMPTY: "", "x-kept": "1" },
          profiles: ["a"],
          develop: {},
          "x-gone": 1,
          networks: { default: null, back: {}, front: { aliases: ["a"], priority: null } },
          volumes: [
            { type: "bind", source: "core/a", target: "/a", bind: { create_host_path: true, selinux: "z" } },
          ],
        },
      },
      networks: { default: { name: "lab-core_default", ipam: {} } },
    });
    expect(model).toEqual({
      name: "lab-core",
      configs: {},
      networks: { default: { name: "lab-core_default" } },
      secrets: {},
      services: {
        app: {
          deploy: { replicas: 0 },
          entrypoint: [],
          environment: { EMPTY: "", "x-kept": "1" },
          image: "app",
          networks: { back: null, default: null, front: { aliases: ["a"] } },
          volumes: [
            { bind: { create_host_path: false, selinux: "z" }, source: "core/a", target: "/a", type: "bind" },
          ],
        },
      },
      volumes: {},
    });
    expect(isComposeModel(model)).toBe(true);
  });

  it("must give the same text for the same content in another order", () => {
    const one = normalModel({ name: "a", services: { b: { image: "x", tty: true }, a: { image: "y" } } });
    const other = normalModel({ services: { a: { image: "y" }, b: { tty: true, image: "x" } }, name: "a" });
    expect(JSON.stringify(other)).toBe(JSON.stringify(one));
  });

  it("must keep every bind from making its source", () => {
    const model = normalModel({
      name: "a",
      services: { a: { volumes: [{ type: "bind", source: "s", target: "/t" }] } },
    });
    expect(JSON.stringify(model)).toContain('"create_host_path":false');
  });
});
