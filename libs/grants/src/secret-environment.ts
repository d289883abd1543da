import { secretsIn } from "@keelson/model";

import type { HostReach } from "./host-reach.ts";

/** A secret in a service's environment. It reaches nothing of the host, and whoever may ask the engine can read it. */
export const secretReaches: readonly HostReach[] = [
  {
    at: "services.*.environment.*",
    code: "K1423",
    asks: ({ value, path }) =>
      typeof value === "string" && secretsIn(value).length > 0
        ? [{ kind: "secretEnvironment", value: path.at(-1) ?? "" }]
        : [],
    message: ({ value }) =>
      `whoever has the engine could read the secret in the environment variable ${value}`,
  },
];
