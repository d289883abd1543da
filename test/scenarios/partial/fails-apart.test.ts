import { describe, expect, it } from "vitest";

import { compareContainers } from "../fates.ts";
import { usePlatform } from "../platform.ts";

const release = `
-- packages/proxy/compose.yaml --
services:
  web: { image: "IMAGES/proxy:1" }
-- packages/media/compose.yaml --
services:
  web: { image: "IMAGES/media:1" }
`;
const wanted = {
  "packages/proxy/compose.yaml": (text: string) => text.replace("proxy:1", "absent:1"),
  "packages/media/compose.yaml": (text: string) => text.replace("media:1", "media:2"),
};

describe.each([
  { partial: true, fates: { "media/web": "recreated" }, says: /not done because of that: [^,]*-proxy\/web$/ },
  { partial: false, fates: {}, says: /not done because of that: .*-media\/web, .*-proxy\/web$/ },
])("an image that cannot be had (partial: $partial)", ({ partial, fates, says }) => {
  const platform = usePlatform({ release, environment: { policy: { partial } } });

  it("must hold what is held with it, and be told with that", async () => {
    expect((await platform().reconcile()).exitCode).toBe(0);
    const before = await platform().containers();
    await platform().upgrade(wanted);
    const { status, exitCode } = await platform().reconcile();
    expect(exitCode).toBe(1);
    expect(compareContainers(before, await platform().containers())).toEqual(fates);
    const error = status.errors.find(({ resource }) => resource.startsWith("image:"));
    expect(error?.message).toMatch(says);
    expect(error?.resource).toContain("absent:1");
  });
});
