import { describe, expect, it } from "vitest";
import { usePlatform } from "../platform.ts";
import { parseFiles } from "../repository-text.ts";

const release = `
-- packages/store/compose.yaml --
services:
  database:
    image: IMAGES/database:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    volumes: ["data:/in/data", /scratch]
  reader:
    image: IMAGES/database:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    volumes: ["data:/from:ro"]
volumes: { data: {} }
`;
const folder = "releases/app/1.0.0/packages/store";
const compose = parseFiles(release)["packages/store/compose.yaml"] ?? "";

describe("a service that had data", () => {
  const platform = usePlatform({ release });
  const write = async (text: string) => platform().push({ [`${folder}/compose.yaml`]: text });
  const errors = async () =>
    (await platform().status()).errors.map(({ code, resource }) => `${code} ${resource}`);
  const ready = async () =>
    (await platform().status()).conditions.find(({ type }) => type === "Ready")?.status;
  const read = async (path: string) =>
    (await platform().exec("store/database", "sh", "-c", `cat ${path}/note 2> /dev/null || true`)).trim();
  const renew = async () => {
    expect(await platform().keelson(["renew", "store", "--commit"])).toMatchObject({ exitCode: 0 });
    await platform().repository.push();
  };
  const expectBlocked = async (service: string) => {
    for (let rounds = 0; rounds < 2; rounds++) expect((await platform().reconcile()).exitCode).toBe(1);
    expect(await errors()).toContain(`K3033 service:${platform().project("store")}/${service}`);
    expect(await ready()).toBe("false");
  };

  it.each([
    ["at another path", (text: string) => text.replace("data:/in/data", "data:/srv")],
    ["at the folder above", (text: string) => text.replace("data:/in/data", "data:/in")],
    ["below something empty", (text: string) => text.replace("/scratch]", "/scratch, /in/data/below]")],
    ["below memory", (text: string) => text.replace("/scratch]", '/scratch]\n    tmpfs: ["/in/data/below"]')],
    ["not at all, while another one reads it", (text: string) => text.replace('"data:/in/data", ', "")],
    [
      "in a named volume instead of an anonymous one",
      (text: string) =>
        text.replace("/scratch]", '"scratch:/scratch"]').replace("{ data:", "{ scratch: {}, data:"),
    ],
    ["in no volume instead of an anonymous one", (text: string) => text.replace(", /scratch]", "]")],
  ])("must not begin empty when it is to have it %s", async (_, change) => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    await platform().exec(
      "store/database",
      "sh",
      "-c",
      "echo kept > /in/data/note; echo mine > /scratch/note",
    );
    const before = await platform().containers();
    const text = change(compose);
    expect(text).not.toBe(compose);
    await write(text);
    await expectBlocked("database");
    expect(await platform().containers()).toEqual(before);
    await write(compose);
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await platform().containers()).toEqual(before);
    expect([await read("/in/data"), await read("/scratch")]).toEqual(["kept", "mine"]);
  });

  it("must not be followed by a new one while it and its volume go", async () => {
    const before = await platform().containers();
    await write(
      compose
        .replace("  database:", "  base:")
        .replace('volumes: ["data:/in/data", /scratch]', "tmpfs: [/data]"),
    );
    await expectBlocked("base");
    expect(await platform().containers()).toEqual(before);
    await write(compose);
    expect((await platform().reconcile()).exitCode).toBe(0);
  });

  it("must get what is new beside it, and what only reads it may stop", async () => {
    const before = await platform().container("store/database");
    await write(
      compose
        .replace('"data:/in/data"', '"data:/in/data", "more:/more"')
        .replace('volumes: ["data:/from:ro"]', "")
        .replace("{ data:", "{ more: {}, data:"),
    );
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await ready()).toBe("true");
    expect((await platform().container("store/database")).id).not.toBe(before.id);
    expect([await read("/in/data"), await read("/scratch")]).toEqual(["kept", "mine"]);
    await write(compose);
    await renew();
    expect((await platform().reconcile()).exitCode).toBe(0);
  });

  it("must begin anew where somebody has said so, with what it had told and left, and only once", async () => {
    const { mounts } = await platform().container("store/database");
    await write(compose.replace("data:/in/data", "data:/srv").replace(", /scratch]", "]"));
    await expectBlocked("database");
    await renew();
    const round = await platform().reconcile();
    expect(round.exitCode).toBe(0);
    expect(round.output).toContain(`docker volume rm ${mounts["/scratch"]}`);
    expect(await ready()).toBe("true");
    expect([await read("/in/data"), await read("/srv")]).toEqual(["", "kept"]);
    const scratch = platform().docker.getVolume(mounts["/scratch"] ?? "");
    expect(await scratch.inspect()).toMatchObject({ Name: mounts["/scratch"] });
    await scratch.remove();
    expect((await platform().reconcile()).output).toContain("nothing to do");
    await platform()
      .docker.getContainer((await platform().container("store/database")).id)
      .remove({ force: true });
    await write(compose);
    await expectBlocked("database");
  });
});
