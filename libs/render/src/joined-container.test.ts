import { required } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { buildDesired } from "./build-desired.ts";
import {
  build,
  corePackage,
  desiredOf,
  models,
  platform,
  problemText,
  render,
  repositoryOf,
  secretsOf,
  serviceOf,
  withService,
} from "./fixture.ts";

const withDb = (more: object) => ({
  storage: {
    ...models.storage,
    services: { db: { ...models.storage.services?.["db"], image: "db:1.0", ...more } },
  },
});
const manifest = `${corePackage}/package.yaml`;
const all = "environments/lab/environment.yaml";
const problemsOf = (changed: typeof models, changes: Record<string, string> = {}) =>
  build(render(changes).rendered, { models: changed, repository: repositoryOf(changes) }).problems;

describe("a container of another instance", () => {
  const joining = {
    ...withService("app", { network_mode: "container:vpn" }),
    ...withDb({ container_name: "vpn" }),
  };

  test("is followed by the service that lives in its namespace, and comes up before it", () => {
    const desired = desiredOf({}, { models: joining });
    expect(serviceOf(desired, "core/app")).toMatchObject({ joins: ["lab-storage/db"], sharesWith: [] });
    expect(desired.instances.find(({ name }) => name === "core")?.after).toEqual(["storage"]);
    expect(desired.instances[0]?.compose.services["app"]?.network_mode).toBe("container:vpn");
  });

  test("may have the name that Compose gives it, and is only waited for where it is a link", () => {
    const linked = withService("app", { external_links: ["lab-storage-db-1:db"] });
    const desired = desiredOf({}, { models: linked });
    expect(serviceOf(desired, "core/app")).not.toHaveProperty("joins");
    expect(desired.instances[0]?.after).toEqual(["storage"]);
  });

  test("of the instance itself is the service, whose neighbour it is", () => {
    const own = withService("app", { pid: "container:front" });
    const services = { ...own.core.services, nginx: { image: "nginx:1.0", container_name: "front" } };
    const desired = desiredOf({}, { models: { ...own, core: { ...own.core, services } } });
    expect(serviceOf(desired, "core/app").sharesWith).toEqual(["nginx"]);
    expect(desired.instances[0]?.compose.services["app"]?.pid).toBe("service:nginx");
  });

  test("is refused where nobody has it, where its owner has several or none, and where it is a neighbour's by Compose's name", () => {
    const codes = (changed: typeof models) => problemsOf(changed).map(({ code, path }) => `${code} ${path}`);
    const wanted = ["K1332 services.app.network_mode"];
    expect(codes({ ...joining, ...withDb({}) })).toEqual(wanted);
    expect(codes({ ...joining, ...withDb({ container_name: "VPN" }) })).toEqual(wanted);
    expect(codes({ ...joining, ...withDb({ container_name: "vpn", scale: 0 }) })).toEqual(wanted);
    const named = withService("app", { network_mode: "container:lab-storage-db-1" });
    expect(codes(named)).toEqual([]);
    expect(codes({ ...named, ...withDb({ scale: 2 }) })).toEqual(wanted);
    expect(codes(withService("app", { network_mode: "container:lab-core-nginx-1" }))).toEqual(wanted);
    expect(codes(withService("app", { external_links: ["somebody"] }))).toEqual([
      "K1332 services.app.external_links[0]",
    ]);
  });

  test("is refused at its line, with the way out", () => {
    expect(problemText(problemsOf(withService("app", { ipc: "container:gone" })))).toContain(
      "app names the container gone, which no instance of this node and environment has",
    );
  });

  test("holds the instance where it may be of one that could not be built", () => {
    const changes = {
      [all]: `${platform[all]}policy: { partial: true }\n`,
      [manifest]: (platform[manifest] ?? "").replace(/requires: .*\n/, ""),
      [`${corePackage}/config/core.yml.liquid`]: "a: b\n",
    };
    const { rendered } = render(changes);
    const services = { app: { image: "x:1", network_mode: "container:vpn" } };
    const empty = { networks: {}, volumes: {}, secrets: {}, configs: {} };
    const problem = { code: "K1401", file: "x", line: 1, column: 1, path: "", message: "", hint: "" };
    const { desired } = buildDesired(required(rendered, "rendered node"), {
      models: new Map([["core", { name: "lab-core", services, ...empty }]]),
      problems: [{ ...problem, instances: ["storage"] }],
      secrets: secretsOf(),
    });
    expect(desired?.held.map(({ name, requires }) => [name, requires])).toEqual([
      ["core", "storage"],
      ["storage", null],
    ]);
  });
});
