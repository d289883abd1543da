import { expect, it } from "vitest";

import { checkout, outputOf, plainEnvironment } from "../support/index.ts";

it("a set-up that needs less than one before must not forget what that one found", async () => {
  const commands =
    "unset KEELSON_BUSYBOX; script/setup --quiet && source .keelson/env && echo $KEELSON_BUSYBOX";
  const found = await outputOf(["bash", "-ec", `cd ${checkout}; ${commands}`], { env: plainEnvironment() });
  expect(found).toMatch(/busybox\n$/);
});
