import { expect } from "vitest";

import { usePlatform } from "../platform.ts";
import { wantInstances } from "../repository-text.ts";

/** The line of the database that gives it its volume. */
export const mounted = `volumes: ["data:/data"]`;

/** A package whose database keeps its data in a volume, and another one without data. */
export const storeRelease = `
-- packages/store/package.yaml --
-- packages/store/compose.yaml --
services:
  database:
    image: IMAGES/database:1
    init: true
    stop_grace_period: 1s
    network_mode: none
    ${mounted}
volumes: { data: {} }
-- packages/store/seed.txt --
seed
-- packages/other/compose.yaml --
services:
  app: { image: "IMAGES/other:1", init: true, stop_grace_period: 1s, network_mode: none }
`;

/** A platform of that release for all tests of a `describe`, and what is asked of it and done to it again and again. */
export function useStorePlatform() {
  const platform = usePlatform({ release: storeRelease });
  return {
    platform,
    /** What the database of an instance has in its note; empty without one. */
    read: async (instance: string) =>
      (
        await platform().exec(`${instance}/database`, "sh", "-c", "cat /data/note 2> /dev/null || true")
      ).trim(),
    /** Names of the environment's volumes, sorted. */
    volumes: async () => {
      const { Volumes: all } = await platform().docker.listVolumes();
      const names = all.map(({ Name: name }) => name);
      return names.filter((name) => name.startsWith(platform().project(""))).sort();
    },
    codes: async () => (await platform().status()).errors.map(({ code, resource }) => `${code} ${resource}`),
    condition: async (type: string) =>
      (await platform().status()).conditions.find((each) => each.type === type),
    want: async (instances: Parameters<typeof wantInstances>[1]) =>
      platform().push({
        ...wantInstances(platform(), instances, { policy: { allowMassRemoval: true } }),
        // Counters of an instance go with it.
        [platform().paths.node]: `name: ${platform().node}\n`,
      }),
    renew: async (instance: string) => {
      const done = await platform().keelson(["renew", instance, "--commit"]);
      expect(done).toMatchObject({ exitCode: 0 });
      await platform().repository.push();
    },
  };
}
