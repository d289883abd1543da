import type { NodeGrants, ObservedHost, ObservedVolume } from "@keelson/model";
import { describe, expect, test } from "vitest";

import { node } from "./desired-fixture.ts";
import { ask, host } from "./grant-fixture.ts";
import { applied, changed, container, containerOf } from "./node-fixture.ts";
import { planOf } from "./plan-fixture.ts";
import { emptyObserved } from "./simulate.ts";

/** What is blocked on an empty node, as `code resource message`. */
function blockedOf(
  { asks, others = [] }: { asks: string[]; others?: string[] },
  { allow, seen }: { allow: NodeGrants | "all"; seen: ObservedHost },
): string[] {
  const desired = node({
    media: { services: { app: {} }, grants: asks.map(ask) },
    other: { services: { app: {} }, grants: others.map(ask) },
  });
  const before = applied(node({}));
  const plan = planOf({
    ...before,
    desired,
    observed: { ...emptyObserved, host: seen },
    policy: { allow },
  });
  return plan.blocked.map(({ code, resource, message }) => `${code} ${resource} ${message}`);
}

const media = { paths: { media: { path: "/srv/media", readOnly: false, nested: false } } };
const readOnly = { paths: { media: { path: "/srv/media", readOnly: true, nested: false } } };
const nested = { paths: { media: { path: "/srv/media", readOnly: false, nested: true } } };
const everyPath = { paths: { root: { path: "/", readOnly: false, nested: false } } };

describe("a bind of a path of the host", () => {
  test.each<[string, string, NodeGrants | "all", ObservedHost]>([
    ["the permitted folder itself", "app: paths /srv/media", media, host(["/srv/media"])],
    ["a folder below it", "app: paths /srv/media/films", media, host(["/srv/media", "/srv/media/films"])],
    ["the same by its name", "app: paths media/films", media, host(["/srv/media", "/srv/media/films"])],
    ["what is only read", "app: paths /srv/media:ro", readOnly, host(["/srv/media"])],
    [
      "what the administrator's links lead to",
      "app: paths media/films",
      media,
      host([], { "/srv/media": "/mnt/disk", "/srv/media/films": "/mnt/disk/films" }),
    ],
    ["anything of a trusted repository", "app: paths /opt/x", "all", host(["/opt/x"])],
  ])("is made of %s", (_what, asked, allow, seen) => {
    expect(blockedOf({ asks: [asked] }, { allow, seen })).toEqual([]);
  });

  test.each<[string, string, NodeGrants | "all", ObservedHost, string]>([
    [
      "a path that nobody has permitted",
      "app: paths /srv/other",
      media,
      host(["/srv/media", "/srv/other"]),
      "K3060 service:lab-media/app this node does not permit what lab-media/app asks for: path /srv/other",
    ],
    [
      "one whose name begins alike",
      "app: paths /srv/mediaplus:ro",
      media,
      host(["/srv/media", "/srv/mediaplus"]),
      "K3060 service:lab-media/app this node does not permit what lab-media/app asks for: path /srv/mediaplus (read-only)",
    ],
    [
      "a name that the node does not have",
      "app: paths music",
      media,
      host(["/srv/media"]),
      "K3060 service:lab-media/app this node does not permit what lab-media/app asks for: path music",
    ],
    [
      "a name, of a node that permits all paths and names none",
      "app: paths music",
      "all",
      host([]),
      "K3060 service:lab-media/app this node does not permit what lab-media/app asks for: path music",
    ],
    [
      "a link that leads out",
      "app: paths /srv/media/films",
      media,
      host(["/srv/media"], { "/srv/media/films": "/etc" }),
      "K3061 service:lab-media/app /srv/media/films leads to /etc, outside of what this node permits",
    ],
    [
      "a name that is climbed out of",
      "app: paths media/../../etc",
      media,
      host(["/srv/media", "/etc"]),
      "K3060 service:lab-media/app this node does not permit what lab-media/app asks for: path media/../../etc",
    ],
    [
      "what may be read only",
      "app: paths /srv/media/films",
      readOnly,
      host(["/srv/media", "/srv/media/films"]),
      "K3061 service:lab-media/app /srv/media/films is to be writable, and this node permits it read-only",
    ],
    [
      "what an inner path permits read-only, also by a link",
      "app: paths /srv/media/films/new",
      { paths: { ...media.paths, narrow: { path: "/srv/links/films", readOnly: true, nested: false } } },
      host(["/srv/media", "/srv/media/films/new"], { "/srv/links/films": "/srv/media/films" }),
      "K3061 service:lab-media/app /srv/media/films/new is to be writable, and this node permits it read-only",
    ],
    [
      "what is not there",
      "app: paths media/films",
      media,
      host(["/srv/media"], { "/srv/media/films": null }),
      "K3062 service:lab-media/app there is no /srv/media/films on this node",
    ],
    [
      "what cannot be seen",
      "app: paths media/films",
      media,
      host(["/srv/media"], { "/srv/media/films": new Error("permission denied") }),
      "K3063 service:lab-media/app /srv/media/films could not be seen: permission denied",
    ],
    [
      "what nobody has looked at",
      "app: paths /srv/media",
      "all",
      host([]),
      "K3063 service:lab-media/app /srv/media could not be seen: nobody has looked there",
    ],
  ])("is not made of %s", (_what, asked, allow, seen, message) => {
    expect(blockedOf({ asks: [asked] }, { allow, seen })).toEqual([message]);
  });

  test("counts only under the names by which the environment grants it", () => {
    const seen = host(["/srv/media", "/srv/media/films"]);
    const named = (...names: string[]) => ({ ...ask("app: paths /srv/media/films"), names });
    const plan = (names: string[]) =>
      planOf({
        ...applied(node({})),
        desired: node({ media: { services: { app: {} }, grants: [named(...names)] } }),
        observed: { ...emptyObserved, host: seen },
        policy: { allow: media },
      });
    expect(plan(["media"]).blocked).toEqual([]);
    expect(plan(["music"]).blocked.map(({ code }) => code)).toEqual(["K3060"]);
  });
});

describe("whatever the node permits", () => {
  const everything = host(
    "/ /proc /sys/class /dev /dev/shm /etc /etc/keelson/node.key /var/lib /var/lib/keelson/data".split(" "),
  );

  test.each([
    ["app: paths /var/lib/keelson/data:ro", "is Keelson's own, and no container gets it"],
    ["app: paths /etc/keelson/node.key:ro", "is Keelson's own, and no container gets it"],
    ["app: paths /", "holds /var/lib/keelson, which no container may write"],
    ["app: paths /var/lib", "holds /var/lib/keelson, which no container may write"],
    ["app: paths /etc", "holds /etc/keelson/node.key, which no container may write"],
    ["app: paths /proc", "is the kernel's, and no container may write there"],
    ["app: paths /sys/class", "is the kernel's, and no container may write there"],
    ["app: paths /dev", "is the kernel's, and no container may write there"],
  ])("it is not bound: %s", (asked, message) => {
    const [, path = ""] = /paths ([^:]+)/.exec(asked) ?? [];
    const expected = [`K3065 service:lab-media/app ${path} ${message}`];
    expect(blockedOf({ asks: [asked] }, { allow: "all", seen: everything })).toEqual(expected);
    const allow = { ...everyPath, engineSocket: true, nested: true };
    expect(blockedOf({ asks: [asked] }, { allow, seen: everything })).toEqual(expected);
  });

  test.each(["app: paths /proc:ro", "app: paths /sys/class:ro", "app: paths /dev/shm"])("%s is", (asked) => {
    expect(blockedOf({ asks: [asked] }, { allow: everyPath, seen: everything })).toEqual([]);
  });
});

describe("a bind that holds the engine", () => {
  const seen = host([
    "/",
    "/run",
    "/var/lib/docker",
    "/var/lib/docker/volumes",
    "/var/lib/docker/containers",
    "/srv/media",
  ]);
  const socket = host([], { "/srv/engine.sock": "/run/docker.sock" });

  test.each<[string, ObservedHost, string]>([
    ["app: paths /:ro", seen, "/ holds /run/docker.sock"],
    ["app: paths /run", seen, "/run holds /run/docker.sock"],
    ["app: paths /srv/engine.sock:ro", socket, "/srv/engine.sock holds /run/docker.sock"],
    ["app: paths /var/lib/docker:ro", seen, "/var/lib/docker holds /var/lib/docker"],
    ["app: paths /var/lib/docker/containers", seen, "/var/lib/docker/containers is the engine's own"],
  ])("needs its socket to be permitted: %s", (asked, at, message) => {
    expect(blockedOf({ asks: [asked] }, { allow: everyPath, seen: at })).toEqual([
      `K3066 service:lab-media/app ${message}: with it a container is root on this node`,
    ]);
    const allow = { ...everyPath, engineSocket: true };
    expect(blockedOf({ asks: [asked] }, { allow, seen: at })).toEqual([]);
  });

  test.each(["app: paths /var/lib/docker/containers:ro", "app: paths /var/lib/docker/volumes:ro"])(
    "needs nothing more where the engine's folders are only read: %s",
    (asked) => {
      expect(blockedOf({ asks: [asked] }, { allow: everyPath, seen })).toEqual([]);
    },
  );
});

describe("a bind below what a container can write", () => {
  const seen = host([
    "/srv/media",
    "/srv/media/films",
    "/srv/mediaplus",
    "/srv/data",
    "/srv/data/wiki/pages",
  ]);
  const link = "a link there could lead the bind anywhere on the host";

  test("is refused on both sides, whichever instances they are of", () => {
    expect(
      blockedOf(
        { asks: ["app: paths /srv/media"], others: ["app: paths /srv/media/films:ro"] },
        { allow: media, seen },
      ),
    ).toEqual([
      `K3064 service:lab-media/app /srv/media is to be writable and holds /srv/media/films, which lab-other/app binds: ${link}`,
      `K3064 service:lab-other/app /srv/media/films lies in /srv/media, which lab-media/app can write: ${link}`,
    ]);
  });

  test("is refused in one service, too", () => {
    expect(
      blockedOf({ asks: ["app: paths /srv/media", "app: paths media/films:ro"] }, { allow: media, seen }),
    ).toEqual([
      `K3064 service:lab-media/app /srv/media/films lies in /srv/media, which lab-media/app can write: ${link}`,
    ]);
  });

  test.each<[string, string[], string[]]>([
    ["the same folder twice", ["app: paths /srv/media"], ["app: paths /srv/media"]],
    ["one below another that is only read", ["app: paths /srv/media:ro"], ["app: paths /srv/media/films"]],
    ["one whose name begins alike", ["app: paths /srv/media"], ["app: paths /srv/mediaplus"]],
  ])("is not %s", (_what, asks, others) => {
    expect(blockedOf({ asks, others }, { allow: everyPath, seen })).toEqual([]);
  });

  test.each<[string, NodeGrants | "all"]>([
    ["its path", nested],
    ["all paths", { ...media, nested: true }],
    ["everything", "all"],
  ])("is permitted where agent.yaml says so of %s, and then as good as root", (_what, allow) => {
    const plan = planOf({
      ...applied(node({})),
      desired: node({
        media: { services: { app: {} }, grants: [ask("app: paths /srv/media")] },
        other: { services: { app: {} }, grants: [ask("app: paths /srv/media/films:ro")] },
      }),
      observed: { ...emptyObserved, host: seen },
      policy: { allow },
    });
    expect(plan.blocked).toEqual([]);
    expect(plan.grants.map(({ value, isRoot }) => [value, isRoot])).toEqual([
      ["/srv/media", false],
      ["/srv/media/films", true],
    ]);
  });

  test.each([
    [
      "app: paths /srv/data/wiki/pages:ro",
      "/srv/data/wiki/pages lies in /srv/data, where containers write their data folders",
    ],
    [
      "app: paths /srv/data",
      "/srv/data is to be writable and holds /srv/data, where instances have their data folders",
    ],
    [
      "app: paths /var/lib/docker/volumes/db/_data/conf:ro",
      "/var/lib/docker/volumes/db/_data/conf lies in the engine's folders, which containers can write",
    ],
  ])("also of the node's own data: %s", (asked, message) => {
    const all = host([...Object.keys(seen.paths), "/var/lib/docker/volumes/db/_data/conf"]);
    expect(blockedOf({ asks: [asked] }, { allow: everyPath, seen: all })).toEqual([
      `K3064 service:lab-media/app ${message}: ${link}`,
    ]);
  });
});

describe("a link below what a container can write", () => {
  const plain = host(["/srv/media", "/srv/media/films", "/srv/other"]);
  const led = { real: "/srv/other", links: ["/srv/media/films/l"], fault: "" };
  const seen = { ...plain, paths: { ...plain.paths, "/srv/link": led } };
  const asks = ["app: paths /srv/link:ro"];
  const refusal = (path: string, owner: string) =>
    `K3064 service:lab-media/app /srv/link lies in ${path}, ${owner}: a link there could lead the bind anywhere on the host`;

  test("leads to nothing that is bound, wherever it leads now", () => {
    const both = { asks: ["app: paths /srv/media/films", ...asks] };
    expect(blockedOf(both, { allow: everyPath, seen })).toEqual([
      refusal("/srv/media/films", "which lab-media/app can write"),
    ]);
    const data = { ...seen, dataFolders: ["/srv/media/films"] };
    expect(blockedOf({ asks }, { allow: everyPath, seen: data })).toEqual([
      refusal("/srv/media/films", "where containers write their data folders"),
    ]);
    const engineRoot = { ...seen, engineRoot: "/srv/media" };
    expect(blockedOf({ asks }, { allow: everyPath, seen: engineRoot })).toEqual([
      refusal("the engine's folders", "which containers can write"),
    ]);
  });

  test("is one that may be followed where nobody writes", () => {
    expect(blockedOf({ asks }, { allow: everyPath, seen })).toEqual([]);
  });
});

describe("a volume of somebody else that gives out a path of the host", () => {
  const seen = host(["/srv/media", "/srv/media/films"]);
  const volume = (path: string, readOnly = false): ObservedVolume => ({
    name: "theirs",
    ownership: "foreign",
    flaw: "",
    project: "",
    digest: "",
    format: null,
    generation: 1,
    bound: { path, readOnly },
  });
  const planOfBoth = (bound: ObservedVolume, asked: string, more: Partial<NodeGrants> = {}) =>
    planOf({
      ...applied(node({})),
      desired: node({
        media: {
          services: { app: { externalVolumes: ["theirs"] } },
          grants: [ask("volumes theirs")],
        },
        other: { services: { app: {} }, grants: [ask(asked)] },
      }),
      observed: { ...emptyObserved, host: seen, volumes: [bound] },
      policy: { allow: { ...media, volumes: ["theirs"], ...more } },
    });

  test("opens no way to what another service binds", () => {
    const { blocked } = planOfBoth(volume("/srv/media"), "app: paths /srv/media/films:ro");
    expect(blocked.map(({ code, resource }) => [code, resource])).toEqual([
      ["K3064", "service:lab-media/app"],
      ["K3064", "service:lab-other/app"],
    ]);
  });

  test("is not reached through what another service writes", () => {
    const { blocked } = planOfBoth(volume("/srv/media/films"), "app: paths /srv/media");
    expect(blocked.map(({ code, resource }) => [code, resource])).toEqual([
      ["K3064", "service:lab-media/app"],
      ["K3064", "service:lab-other/app"],
    ]);
  });

  test.each<[string, ObservedVolume, string, Partial<NodeGrants>]>([
    ["is only read", volume("/srv/media", true), "app: paths /srv/media/films:ro", {}],
    ["gives out the same folder", volume("/srv/media"), "app: paths /srv/media", {}],
    ["may hold others", volume("/srv/media"), "app: paths /srv/media/films:ro", { nested: true }],
  ])("is used where it %s", (_what, bound, asked, more) => {
    expect(planOfBoth(bound, asked, more).blocked).toEqual([]);
  });
});

describe("while a container that is there can write the folder that leads to a bind", () => {
  const seen = host(["/srv/media", "/srv/media/films"], { "/mnt/alias": "/srv/media" });
  const desired = node({
    media: { services: { app: { image: "app:2" } }, grants: [ask("app: paths /srv/media/films")] },
  });
  const before = applied(node({ media: { services: { app: {}, old: {} } } }));
  const planWith = (change: (copy: typeof before) => void, allow: NodeGrants | "all" = media) =>
    planOf({
      ...changed(before, (copy) => {
        copy.observed.host = seen;
        change(copy);
      }),
      desired,
      policy: { allow },
    });

  test.each<[string, (copy: typeof before) => void]>([
    [
      "one of an earlier version",
      (copy) => (containerOf(copy, "lab-media/old").writableBinds = ["/srv/media"]),
    ],
    [
      "somebody else's",
      ({ observed }) =>
        (observed.otherWritableBinds = [{ container: "lab-media-old-1", path: "/srv/media" }]),
    ],
    [
      "somebody else's, by another name",
      ({ observed }) =>
        (observed.otherWritableBinds = [{ container: "lab-media-old-1", path: "/mnt/alias" }]),
    ],
    [
      "what leads there by a link",
      ({ observed }) => {
        const led = { real: "/srv/media/films", links: ["/srv/own/films"], fault: "" };
        observed.host = { ...seen, paths: { ...seen.paths, "/srv/media/films": led } };
        observed.otherWritableBinds = [{ container: "lab-media-old-1", path: "/srv/own" }];
      },
    ],
  ])("the service waits: %s", (_what, change) => {
    const { blocked, operations } = planWith(change);
    expect(blocked).toMatchObject([
      {
        code: "K3018",
        message:
          "/srv/media/films cannot be bound while container lab-media-old-1 can write the folder that leads to it",
      },
    ]);
    expect(operations.filter(({ kind }) => kind === "create-containers")).toEqual([]);
  });

  test.each<[string, (copy: typeof before) => void, NodeGrants]>([
    [
      "it is replaced first",
      (copy) => (containerOf(copy, "lab-media/app").writableBinds = ["/srv/media"]),
      media,
    ],
    [
      "it can write everything",
      ({ observed }) => observed.containers.push(container("backup", { writableBinds: ["/"] })),
      media,
    ],
    [
      "the node permits it",
      ({ observed }) => (observed.otherWritableBinds = [{ container: "x", path: "/srv/media" }]),
      nested,
    ],
  ])("the service is made where %s", (_what, change, allow) => {
    expect(planWith(change, allow).blocked).toEqual([]);
  });
});
