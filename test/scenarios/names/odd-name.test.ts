import { describe, expect, it } from "vitest";

import { uniqueName } from "../../support/index.ts";
import { usePlatform } from "../platform.ts";

const name = uniqueName("o");
const compose = `services:
  __proto__:
    image: IMAGES/app:1
    stop_grace_period: 1s
    restart: always
    depends_on: { constructor: { condition: service_completed_successfully } }
    volumes: ["toString:/data"]
    networks: [hasOwnProperty]
  constructor:
    image: IMAGES/app:1
    entrypoint: [sh, -c, "echo done >> /data/runs"]
    volumes: ["toString:/data"]
    networks: [hasOwnProperty]
volumes: { toString: null }
networks: { hasOwnProperty: null }
`;
const path = "apps/maker/compose.yaml";
const files = {
  [`environments/${name}/environment.yaml`]: `name: ${name}\ndiscover: [{ path: "apps/*" }]\n`,
  [`environments/${name}/nodes/n1.yaml`]: "name: n1\n",
  [path]: compose,
};

describe("an instance whose services, volumes and networks are called like what every object has", () => {
  const platform = usePlatform({ name, files });
  const runs = async () => platform().exec("maker/__proto__", "cat", "/data/runs");

  it("must have its job run once, and no further round do anything", async () => {
    expect(await platform().keelson(["check"])).toMatchObject({ exitCode: 0 });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect(await runs()).toBe("done\n");
    const before = await platform().containers();
    expect((await platform().reconcile()).output).toContain("nothing to do");
    expect(await platform().containers()).toEqual(before);
    expect(await runs()).toBe("done\n");
  });

  it("must be changed and removed like any other", async () => {
    const before = await platform().container("maker/__proto__");
    await platform().push({ [path]: (text) => text.replace("1s", "2s") });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().container("maker/__proto__")).id).not.toBe(before.id);
    expect(await runs()).toBe("done\n");
    await platform().push({
      [path]: null,
      "apps/other/compose.yaml": "services: { app: { image: IMAGES/app:1, stop_grace_period: 1s } }\n",
      [`environments/${name}/environment.yaml`]: (text) => `${text}policy: { allowMassRemoval: true }\n`,
    });
    expect((await platform().reconcile()).exitCode).toBe(0);
    expect((await platform().containers()).map(({ service }) => service)).toEqual(["app"]);
  });
});
