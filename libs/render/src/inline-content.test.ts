import { type ComposeModel, required } from "@keelson/model";
import { describe, expect, it } from "vitest";

import { desiredOf, models, serviceOf } from "./fixture.ts";

const uses = {
  image: "x:1",
  configs: [{ source: "c", target: "/etc/c" }, { source: "file" }],
  secrets: [
    { source: "s", mode: "0400", uid: "1000", gid: "5" },
    { source: "s", target: "other" },
  ],
};

describe("content of configs and secrets in the Compose file", () => {
  it("must be placed as files, and bound where Compose would put it", () => {
    const desired = build("a=$$1");
    const { compose, mounts } = required(desired.instances[0], "core");
    const binds = compose.services["tool"]?.volumes?.map(({ source = "", target, read_only }) => [
      source.replace(/[\da-f]{32}/, "…"),
      target,
      read_only,
    ]);
    expect(binds).toEqual([
      ["@keelson:instance@/files/…/content", "/run/secrets/s", true],
      ["@keelson:instance@/files/…/content", "/run/secrets/other", true],
      ["@keelson:instance@/files/…/content", "/etc/c", true],
    ]);
    expect([compose.configs, compose.secrets, compose.services["tool"]?.configs]).toEqual([
      { file: { file: "@keelson:instance@/live/core/conf/core.yml" } },
      {},
      [{ source: "file" }],
    ]);
    const placed = mounts
      .filter(({ source }) => source.startsWith("..content/"))
      .flatMap(({ files }) => files);
    expect(placed.map(({ to, mode, owner, content }) => [to, mode, owner, textOf(content)])).toEqual([
      ["..content/configs/c/444/content", 0o444, null, "a=$1"],
      ["..content/secrets/s/400-1000-5/content", 0o400, { uid: 1000, gid: 5 }, "key"],
      ["..content/secrets/s/444/content", 0o444, null, "key"],
    ]);
  });

  it("must recreate the services that use it when it changes, and no others", () => {
    const [before, after] = [build("a=1"), build("a=2")];
    const digestOf = (desired: typeof before, name: string) => serviceOf(desired, name).digests[0];
    expect(digestOf(after, "core/app")).toEqual(digestOf(before, "core/app"));
    const changed = Object.entries(digestOf(after, "core/tool").parts).filter(
      ([part, digest]) => digestOf(before, "core/tool").parts[part] !== digest,
    );
    expect(changed.map(([part]) => part)).toEqual(["file ..content/configs/c/444/content"]);
  });
});

function build(content: string) {
  const core: Partial<ComposeModel> = {
    ...models.core,
    services: { ...models.core.services, tool: uses },
    configs: { c: { name: "lab-core_c", content }, file: { file: "core/conf/core.yml" } },
    secrets: { s: { content: "key" } },
  };
  return desiredOf({}, { models: { ...models, core } });
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
