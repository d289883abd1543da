import { readRepository } from "@keelson/manifest";
import type { Ask, DesiredInstance, DesiredNode, SourceFile } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { findUnusedGrants } from "./unused-grants.ts";

const lab = "environments/lab/environment.yaml";
const grants = `
policy:
  allow:
    "*": { capabilities: [NET_ADMIN] }
    sample/web:
      paths: [/srv/a, media]
      gpus: true
    sample/store: all
`;

function repositoryOf(own: string, base = "") {
  const texts = {
    "environments/base/environment.yaml": `name: base\n${base}`,
    [lab]: `name: lab\nextends: base\n${own}`,
  };
  const files = Object.entries(texts).map(([path, text]): [string, SourceFile] => [
    path,
    { path, mode: "100644", bytes: new TextEncoder().encode(text) },
  ]);
  return readRepository(new Map(files)).repository;
}

function ask(kind: Ask["kind"], value: string): Ask {
  return { kind, value, service: "web" };
}

function nodeWith(asks: Record<string, Ask[]>): { environment: string; desired: DesiredNode } {
  const instances = Object.entries(asks).map(([reference, used]) => instanceOf(reference, used));
  const nothing = { networks: [], held: [] };
  const desired = { environment: "lab", node: "one", lockDigest: "", digest: "", instances, ...nothing };
  return { environment: "lab", desired };
}

function instanceOf(reference: string, used: Ask[]): DesiredInstance {
  return {
    name: reference.replace("/", "-"),
    project: "lab-x",
    package: { reference, version: "1.0.0" },
    state: "running",
    after: [],
    services: [],
    networks: [],
    volumes: [],
    mounts: [],
    folders: [],
    grants: used,
    compose: { name: "lab-x", services: {}, networks: {}, volumes: {}, secrets: {}, configs: {} },
  };
}

function found(...[own, nodes, base]: [string, Parameters<typeof findUnusedGrants>[1], string?]) {
  return findUnusedGrants(repositoryOf(own, base), nodes).map(
    ({ code, file, line, message }) => `${code} ${file}:${line} ${message}`,
  );
}

describe("a grant that nothing uses", () => {
  it("is told at its line", () => {
    expect(found(grants, [nodeWith({ "sample/web": [ask("paths", "/srv/b")] })])).toEqual([
      `K1461 ${lab}:6 nothing uses the grant capabilities \`NET_ADMIN\` to all packages`,
      `K1461 ${lab}:8 nothing uses the grant paths \`/srv/a\` to sample/web`,
      `K1461 ${lab}:9 nothing uses the grant gpus to sample/web`,
      `K1461 ${lab}:10 nothing uses the grant of everything to sample/store`,
    ]);
  });

  it("is none where one node uses it", () => {
    const nodes = [
      nodeWith({ "sample/web": [ask("paths", "/srv/a/x"), ask("gpus", "true")] }),
      nodeWith({
        "sample/web": [ask("paths", "media/x")],
        "sample/store": [ask("capabilities", "NET_ADMIN")],
      }),
    ];
    expect(found(grants, nodes)).toEqual([]);
  });

  it("is not known where a node has no desired state, and is not told of what a base grants", () => {
    expect(found(grants, [nodeWith({}), { environment: "lab", desired: null }])).toEqual([]);
    expect(found("", [nodeWith({})], grants)).toEqual([]);
  });
});
