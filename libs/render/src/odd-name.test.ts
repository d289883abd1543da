import type { ComposeModel, DesiredService } from "@keelson/model";
import * as fc from "fast-check";
import { expect, test } from "vitest";

import { desiredOf, models } from "./fixture.ts";

const plain = { server: "s0", job: "j0", volume: "v0", network: "n0" };
type Names = typeof plain;

/** A server that waits for a job, and shares its volume and network. */
function coreOf({ server, job, volume, network }: Names): Partial<ComposeModel> {
  const own = {
    image: "x:1",
    networks: { [network]: null },
    volumes: [{ type: "volume" as const, source: volume, target: "/data" }],
  };
  return {
    services: {
      [server]: {
        ...own,
        restart: "always",
        depends_on: { [job]: { condition: "service_completed_successfully" } },
      },
      [job]: own,
      other: { image: "x:1", volumes_from: [server], network_mode: `service:${server}` },
    },
    networks: { [network]: { name: `lab-core_${network}` } },
    volumes: { [volume]: { name: `lab-core_${volume}` } },
  };
}

function builtOf(names: Names): (Omit<DesiredService, "digests"> | undefined)[] {
  const files = { "releases/sample/1.0.0/packages/core/package.yaml": "name: core\nversion: 1.0.0\n" };
  const { instances } = desiredOf(files, { models: { ...models, core: coreOf(names) } });
  const services = instances.find(({ name }) => name === "core")?.services ?? [];
  return [names.server, names.job, "other"].map((name) => {
    const found = services.find((each) => each.name === name);
    if (found === undefined) return undefined;
    const { digests: _, ...rest } = found;
    return rest;
  });
}

test("services, volumes and networks may be called like what every object has", () => {
  const odd = ["constructor", "toString", "hasOwnProperty", "__proto__", "valueOf"];
  fc.assert(
    fc.property(fc.shuffledSubarray(odd, { minLength: 4, maxLength: 4 }), (chosen) => {
      const [server = "", job = "", volume = "", network = ""] = chosen;
      const names = { server, job, volume, network };
      const expected = Object.entries(plain).reduce(
        (text, [key, name]) =>
          text.replaceAll(
            new RegExp(`(?<=["_])${name}(?=")`, "g"),
            Object.entries(names).find(([other]) => other === key)?.[1] ?? "",
          ),
        JSON.stringify(builtOf(plain)),
      );
      expect(JSON.parse(JSON.stringify(builtOf(names)))).toEqual(JSON.parse(expected));
    }),
  );
});
